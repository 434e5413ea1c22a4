# shellcheck shell=bash disable=SC2034
# What has to be on the machine before PatchBay can be built, tested or shown. Sourced by the other scripts.
#
#   install_packages PACKAGE...   Debian packages, only those that are missing; asks for root only then
#   install_tools                 the npm programs of scripts/tools, into tools_dir; a second call does nothing
#   tools_dir                     prints where they are

# Names are Debian 12's; Debian 13 and Ubuntu 24.04 have the same.
patchbay_packages=(
  # to build
  g++ cmake ninja-build pkg-config ccache mold
  libcli11-dev libcpp-httplib-dev libfmt-dev libgit2-dev
  libspdlog-dev libsqlite3-dev libssl-dev libyaml-cpp-dev nlohmann-json3-dev
  # to test
  libbenchmark-dev libgmock-dev libgtest-dev python3
  # to run
  ca-certificates git ripgrep
)

_scripts_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

_is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
  local missing=() package as_root=()
  command -v dpkg-query >/dev/null || fail "this needs a Debian-like system; install by hand: $*"
  for package in "$@"; do
    _is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "as root, please: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq || echo "apt-get update failed; going on with the lists that are there" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "installing packages failed; try: apt-get install ${missing[*]}"
}

tools_dir() {
  echo "${XDG_CACHE_HOME:-$HOME/.cache}/patchbay/tools"
}

# The programs must be there too: npm leaves out an optional package that it cannot fetch, and calls it success.
_tools_are_complete() {
  local dir=$1 codex
  cmp -s "$_scripts_dir/tools/package-lock.json" "$dir/installed-lock.json" || return 1
  [ -x "$dir/node_modules/.bin/conformance" ] || return 1
  for codex in "$dir"/node_modules/@openai/codex-linux-*/vendor/*/bin/codex; do
    [ -x "$codex" ] && return 0
  done
  return 1
}

install_tools() {
  local dir
  dir=$(tools_dir)
  mkdir -p "$dir"
  (
    flock 9
    if _tools_are_complete "$dir"; then
      exit 0
    fi
    command -v npm >/dev/null || install_packages npm
    echo "Installing the Codex CLI and the test tools into $dir"
    cp "$_scripts_dir/tools/package.json" "$_scripts_dir/tools/package-lock.json" "$dir/"
    rm -f "$dir/installed-lock.json"
    # No package of ours needs its install script, so none runs.
    npm --prefix "$dir" ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
      fail "npm could not install the tools; is the registry reachable?"
    cp "$dir/package-lock.json" "$dir/installed-lock.json"
    _tools_are_complete "$dir" || fail "npm finished, but a program is missing below $dir/node_modules"
  ) 9>"$dir/.lock" || exit 1
}
