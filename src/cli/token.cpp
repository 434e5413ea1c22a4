#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "cli/actions.h"
#include "cli/launch_flags.h"
#include "cli/owner_client.h"
#include "cli/setup_guide.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/store/state_db.h"
#include "patchbay/tools/readiness.h"

// Named tokens stand in the state database as hashes; a running owner notices a change of theirs within a second.
// The operator's own token is a file, which it reads again on SIGHUP (cli.md 7.3, SEC:A5, A6).

namespace patchbay::cli {
namespace {

constexpr char kToken[] = "token";
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kLongestName = 64;
constexpr char kUsualScope[] = "worker";

struct TokenFlags {
  std::string name, expires, scope;
  std::string public_base_url;
  bool json = false;
};

Result<config::Home> own_home() {
  const config::Home home = PB_TRY(config::Home::locate(os::current_environment(), working_directory()));
  PB_TRY(home.prepare());
  return home;
}

store::StateDb open_state(const config::Home& home) {
  return store::StateDb(home.state_db(), home.corrupt_dir(), system_clock());
}

std::string new_secret() { return base64url_encode(random_bytes(kRandomBytes)); }

Status check_name(const std::string& name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (!name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, good)) return {};
  return Error{ErrorCode::kUsage, "a token's name is 1 to 64 letters, digits, dots, underscores and hyphens", {}, {}};
}

/// "90m", "12h", "30d", "8w" from now.
Result<std::optional<WallTime>> expiry(const std::string& text) {
  if (text.empty()) return std::optional<WallTime>();
  constexpr std::string_view kUnits = "mhdw";
  constexpr int kMinutes[] = {1, 60, 60 * 24, 60 * 24 * 7};
  const std::size_t unit = kUnits.find(text.back());
  int count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size() - 1, count);
  if (unit == std::string_view::npos || fault != std::errc() || end != text.data() + text.size() - 1 || count < 1 ||
      count > 100'000) {
    return Error{ErrorCode::kUsage, "--expires must be a number and m, h, d or w, for example 30d", {}, {}};
  }
  return std::optional(system_clock().wall() + std::chrono::minutes(std::int64_t{count} * kMinutes[unit]));
}

/// An owner that is being started may have read the old token already and cannot be told yet; none is while this is
/// held.
os::FileLock wait_for_starts(const config::Home& home) {
  if (!os::make_private_dirs(home.run_dir())) return {};
  auto gate = app::take_start_gate(home, std::chrono::steady_clock::now() + kStartedWithin);
  return gate ? std::move(*gate) : os::FileLock();
}

/// A token on standard output, once; everything about it on standard error.
Status hand_out(const TokenFlags& flags, const std::string& scope, const std::string& secret) {
  if (flags.json) {
    print(json::dump_pretty(Json{{"name", flags.name}, {"scope", scope}, {"token", secret}}) + "\n");
  } else {
    print(secret + "\n");
  }
  if (std::ferror(stdout) != 0) {
    return Error{ErrorCode::kIoError,
                 "the token could not be written to standard output, and nobody has it now",
                 "Make another with `patchbay token rotate " + flags.name + "`.",
                 {}};
  }
  std::fputs("Keep it now: it is stored as a hash only and cannot be shown again.\n", stderr);
  return {};
}

/// Makes a running owner take up the operator's token, and says what becomes of it.
std::string tell_owner(const config::Home& home) {
  constexpr char kNextStart[] = "The next start uses it, unless its environment names another.\n";
  const auto owner = app::find_owner(home);
  if (!owner || owner->http_url.empty()) return kNextStart;
  if (!os::signal_exact(owner->process, SIGHUP)) return kNextStart;
  return fmt::format("The owner that runs (pid {}) asks for it from now on, unless its environment names another.\n",
                     owner->process.pid);
}

/// The operator's token may do everything and never ends; who asks for less must not get it.
Status check_operator_flags(const TokenFlags& flags) {
  if (flags.scope.empty() && flags.expires.empty()) return {};
  return Error{ErrorCode::kUsage,
               "--scope and --expires are for named tokens; the operator's own has no limit",
               "Give the token a name: patchbay token create NAME --scope read",
               {}};
}

Result<int> create_operator_token(const TokenFlags& flags, const config::Home& home) {
  const os::FileLock gate = wait_for_starts(home);
  const bool existed = os::exists(home.token_file());
  PB_TRY(config::generate_token(home));
  if (flags.json) {
    if (!existed) tell_owner(home);
    print(json::dump_pretty(Json{{"token_file", home.token_file()}, {"created", !existed}}) + "\n");
    return 0;
  }
  print((existed ? "The token is already in " : "A token was written to ") + home.token_file() + ".\n" +
        (existed ? "`patchbay token rotate` replaces it.\n" : tell_owner(home)) +
        "`patchbay token show` prints the Server URL with it.\n");
  return 0;
}

Result<int> create(const TokenFlags& flags) {
  const config::Home home = PB_TRY(own_home());
  if (flags.name.empty()) {
    PB_TRY(check_operator_flags(flags));
    return create_operator_token(flags, home);
  }
  PB_TRY(check_name(flags.name));
  store::NamedToken token;
  token.name = flags.name;
  token.scope = flags.scope.empty() ? kUsualScope : flags.scope;
  token.created = system_clock().wall();
  token.expires = PB_TRY(expiry(flags.expires));
  const std::string secret = new_secret();
  token.sha256_hex = sha256_hex(secret);
  store::StateDb state = open_state(home);
  PB_TRY(state.create_token(token));
  PB_TRY(hand_out(flags, token.scope, secret));
  wait_for_starts(home).release();
  const auto owner = app::find_owner(home);
  if (owner && !owner->http_url.empty())
    std::fputs("An owner that was started without any token goes on without one until it is started again.\n", stderr);
  return 0;
}

Result<int> rotate_operator_token(const TokenFlags& flags, const config::Home& home) {
  const os::FileLock gate = wait_for_starts(home);
  if (!os::exists(home.token_file())) {
    return Error{ErrorCode::kNotFound,
                 "there is no operator's token to replace",
                 "Make one with `patchbay token create`; `patchbay token rotate NAME` replaces a named one.",
                 {}};
  }
  PB_TRY(os::write_file_atomic(home.token_file(), new_secret() + "\n"));
  const std::string told = tell_owner(home);
  if (flags.json) {
    print(json::dump_pretty(Json{{"token_file", home.token_file()}, {"created", true}}) + "\n");
    return 0;
  }
  print("The token in " + home.token_file() + " was replaced; the old one is void.\n" + told +
        "`patchbay token show` prints the Server URL with it.\n");
  return 0;
}

Result<int> rotate(const TokenFlags& flags) {
  const config::Home home = PB_TRY(own_home());
  if (flags.name.empty()) return rotate_operator_token(flags, home);
  const std::string secret = new_secret();
  store::StateDb state = open_state(home);
  PB_TRY(state.rotate_token(flags.name, sha256_hex(secret)));
  const auto tokens = PB_TRY(store::look_at_tokens(home.state_db()));
  const auto rotated = std::ranges::find(tokens, flags.name, &store::NamedToken::name);
  PB_TRY(hand_out(flags, rotated == tokens.end() ? "" : rotated->scope, secret));
  return 0;
}

Result<int> revoke(const TokenFlags& flags) {
  const config::Home home = PB_TRY(own_home());
  store::StateDb state = open_state(home);
  PB_TRY(state.revoke_token(flags.name));
  print(flags.json ? json::dump_pretty(Json{{"name", flags.name}, {"revoked", true}}) + "\n"
                   : "The token " + flags.name + " is void.\n");
  return 0;
}

std::string_view state_of(const store::NamedToken& token) {
  if (token.revoked) return "revoked";
  return token.valid_at(system_clock().wall()) ? "valid" : "expired";
}

Json token_json(const store::NamedToken& token) {
  const auto time = [](const std::optional<WallTime>& t) { return t ? Json(iso8601(*t)) : Json(nullptr); };
  return Json{{"name", token.name},
              {"scope", token.scope},
              {"state", state_of(token)},
              {"created", time(token.created)},
              {"expires", time(token.expires)},
              {"revoked", time(token.revoked)}};
}

Result<int> list(const TokenFlags& flags) {
  const config::Home home = PB_TRY(own_home());
  const auto tokens = PB_TRY(store::look_at_tokens(home.state_db()));
  Json all = Json::array();
  std::string text = fmt::format("{:<24} {:<10} {:<8} {:<25} {}\n", "NAME", "SCOPE", "STATE", "CREATED", "EXPIRES");
  for (const store::NamedToken& token : tokens) {
    all.push_back(token_json(token));
    text += fmt::format("{:<24} {:<10} {:<8} {:<25} {}\n", token.name, token.scope, state_of(token),
                        iso8601(token.created), token.expires ? iso8601(*token.expires) : "never");
  }
  const bool file = os::exists(home.token_file());
  if (flags.json)
    print(json::dump_pretty(Json{{"tokens", all}, {"operator_token_file", file}}) + "\n");
  else
    print((tokens.empty() ? "No named tokens.\n" : text) +
          (file ? "The operator's token: " + home.token_file() + "\n" : std::string()));
  return 0;
}

/// The Server URL with the operator's token, as a chat app needs it.
Result<int> show(const TokenFlags& flags) {
  const os::Environment env = os::current_environment();
  const config::Home home = PB_TRY(own_home());
  LaunchFlags launch_flags;
  launch_flags.options.diagnose = true;
  if (!flags.public_base_url.empty())
    launch_flags.options.public_base_url = PB_TRY(tools::check_public_base_url(flags.public_base_url));
  wait_for_starts(home).release();
  const auto owner = app::last_owner(home);
  if (owner && os::exists(owner->config)) launch_flags.options.config = owner->config;
  const config::Launch launch = PB_TRY(compose_launch(launch_flags, env));
  if (launch.auth.token.value.empty()) {
    return Error{ErrorCode::kNotFound,
                 "there is no token that could be shown",
                 "Make one with `patchbay token create`; a named one is shown only when it is made.",
                 {}};
  }
  tools::ReadinessOptions look{.public_base_url = launch.public_base_url, .reveal_token = true};
  if (const auto running = app::find_owner(home); running && running->http_url.rfind(':') != std::string::npos)
    look.port = std::atoi(running->http_url.c_str() + running->http_url.rfind(':') + 1);
  const tools::Readiness readiness = tools::check_readiness(launch, *app::make_engine(launch, env), env, look);
  warn_of_revealed_token(readiness);
  if (flags.json)
    print(json::dump_pretty(Json{{"server_url", readiness.connection.server_url}}) + "\n");
  else
    print(readiness.connection.server_url + "\n");
  return 0;
}

using Flags = std::shared_ptr<TokenFlags>;

void declare_create(CLI::App& app, const Flags& flags) {
  app.add_option("name", flags->name, "Name of the token; without one <home>/token is made for the operator");
  app.add_option("--scope", flags->scope, "What it may do: read, worker (default), integrate or power")
      ->option_text("SCOPE")
      ->check(CLI::IsMember({"read", "worker", "integrate", "power"}));
  app.add_option("--expires", flags->expires, "Ends after this time, for example 12h or 30d")->option_text("TIME");
}
void declare_rotate(CLI::App& app, const Flags& flags) {
  app.add_option("name", flags->name, "Name of the token; without one the operator's is replaced");
}
void declare_revoke(CLI::App& app, const Flags& flags) {
  app.add_option("name", flags->name, "Name of the token")->required();
}
void declare_show(CLI::App& app, const Flags& flags) {
  app.add_option("--public-base-url", flags->public_base_url, "Public address in front of this server")
      ->option_text("URL");
}
void declare_nothing(CLI::App&, const Flags&) {}

void add_common(CLI::App& app, const Flags& flags) { app.add_flag("--json", flags->json, "Print JSON"); }

constexpr Action<TokenFlags> kActions[] = {
    {"create", "make a token", &declare_create, &create},
    {"list", "the tokens of this home", &declare_nothing, &list},
    {"rotate", "replace the secret of a token", &declare_rotate, &rotate},
    {"revoke", "make a token void", &declare_revoke, &revoke},
    {"show", "print the Server URL with the operator's token", &declare_show, &show},
};

}  // namespace

Command token_command() {
  return {kToken, "who may use the HTTP port", [](CLI::App& app) -> std::function<int()> {
            return declare_actions<TokenFlags>(app, kToken, kActions, &add_common);
          }};
}

}  // namespace patchbay::cli
