#include "codex/executable.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::codex {
namespace {

constexpr std::string_view kScriptInPackage = "/@openai/codex/bin/codex.js";
constexpr std::size_t kLargestScript = 64 * 1024;

#if defined(__x86_64__)
constexpr std::string_view kPlatformPackage = "codex-linux-x64";
constexpr std::string_view kTarget = "x86_64-unknown-linux-musl";
#elif defined(__aarch64__)
constexpr std::string_view kPlatformPackage = "codex-linux-arm64";
constexpr std::string_view kTarget = "aarch64-unknown-linux-musl";
#else
constexpr std::string_view kPlatformPackage = "";
constexpr std::string_view kTarget = "";
#endif

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0 && !os::is_directory(path); }

/// The package's script named inside a small shell wrapper (as package managers write them): the text before
/// the name up to a quote or blank is its folder, `$basedir` being the wrapper's own.
std::string script_named_in(const std::string& wrapper) {
  const auto text = os::read_file(wrapper, kLargestScript);
  if (!text || !text->starts_with("#!")) return {};
  const std::size_t at = text->find(kScriptInPackage);
  if (at == std::string::npos) return {};
  const std::size_t before = text->find_last_of("\"' \t\n=", at);
  std::string path = text->substr(before + 1, at - before - 1 + kScriptInPackage.size());
  constexpr std::string_view kBaseDir = "$basedir";
  if (path.starts_with(kBaseDir)) path = os::parent_of(wrapper) + path.substr(kBaseDir.size());
  return path;
}

/// Folder of the npm package behind `found`, or empty when it is something else.
std::string npm_package_of(const std::string& found) {
  auto target = os::real_path(found);
  if (target && !target->ends_with(kScriptInPackage)) target = os::real_path(script_named_in(*target));
  if (!target || !target->ends_with(kScriptInPackage)) return {};
  return os::parent_of(os::parent_of(*target));
}

std::string native_program_of(const std::string& package) {
  if (kPlatformPackage.empty()) return {};
  const std::string scope = os::parent_of(package);
  const std::string nested = os::join(package, "node_modules/@openai");
  for (const std::string& platform : {os::join(scope, kPlatformPackage), os::join(nested, kPlatformPackage), package}) {
    const std::string native = fmt::format("{}/vendor/{}/bin/codex", platform, kTarget);
    if (is_program(native)) return native;
  }
  return {};
}

Error missing(const std::string& name) {
  return Error{ErrorCode::kCodexCliMissing, "the Codex CLI was not found",
               "Install it with `npm install -g @openai/codex`, or start the server with a PATH that holds `codex`; "
               "`patchbay doctor` shows what is looked for.",
               name};
}

}  // namespace

std::string file_stamp(const std::string& path) {
  struct stat st {};
  if (path.empty() || ::stat(path.c_str(), &st) != 0) return {};
  return fmt::format("{}|{}.{:09}|{}|{}", path, st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_size, st.st_ino);
}

Result<Program> ExecutableFinder::find(const std::string& name, const std::string& path_list) {
  std::string found = name.starts_with('/') ? name : std::string();
  if (found.empty() && name.find('/') == std::string::npos) {
    found = os::find_program(name.empty() ? "codex" : name, path_list);
  }
  if (found.empty() || !is_program(found)) return missing(name);

  const std::string stamp = file_stamp(found);
  auto remembered = remembered_.lock();
  if (!remembered->found_stamp.empty() && remembered->found_stamp == stamp &&
      remembered->native_stamp == file_stamp(remembered->program.path)) {
    return remembered->program;
  }
  const std::string package = npm_package_of(found);
  const std::string native = package.empty() ? std::string() : native_program_of(package);
  Program program{native.empty() ? found : native, found};
  *remembered = Remembered{stamp, file_stamp(program.path), program};
  return program;
}

}  // namespace patchbay::codex
