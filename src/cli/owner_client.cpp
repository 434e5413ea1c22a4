#include "cli/owner_client.h"

#include "cli/launch_flags.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/config/launch.h"
#include "patchbay/mcp/version.h"
#include "patchbay/os/file.h"
#include "patchbay/os/stream.h"
#include "patchbay/transport/lines.h"

namespace patchbay::cli {
namespace {

constexpr auto kReachWithin = std::chrono::seconds(10);
constexpr std::size_t kPiece = 64u << 10;
constexpr json::ParseLimits kAnswerLimits{.max_nodes = 1'000'000};

Json envelope() {
  return Json{{"io.modelcontextprotocol/protocolVersion", mcp::newest(mcp::Era::kModern).name},
              {"io.modelcontextprotocol/clientCapabilities", Json::object()},
              {"io.modelcontextprotocol/clientInfo", Json{{"name", "patchbay-cli"}, {"version", PATCHBAY_VERSION}}}};
}

ErrorCode code_of_name(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    if (name_of(static_cast<ErrorCode>(i)) == name) return static_cast<ErrorCode>(i);
  }
  return ErrorCode::kInternal;
}

/// The text of an `isError` result: the message, and one line of JSON with what a program needs.
Error tool_error(const Json& result) {
  Error error;
  const Json* content = json::find(result, "content");
  const std::string text = content != nullptr && content->is_array() && !content->empty()
                               ? json::get_string(content->front(), "text")
                               : std::string();
  const std::size_t cut = text.rfind('\n');
  error.message = text.substr(0, cut);
  if (cut == std::string::npos) return error;
  const auto machine = json::parse(std::string_view(text).substr(cut + 1));
  const Json* details = machine ? json::find(*machine, "error") : nullptr;
  if (details == nullptr) return error;
  error.code = code_of_name(json::get_string(*details, "code"));
  error.message = json::get_string(*details, "message");
  error.hint = json::get_string(*details, "hint");
  return error;
}

Result<Json> read_answer(const Json& answer) {
  if (const Json* refused = json::find(answer, "error")) {
    return Error{ErrorCode::kInternal, json::get_string(*refused, "message"), {}, {}};
  }
  const Json* result = json::find(answer, "result");
  if (result == nullptr) return Error{ErrorCode::kInternal, "the owner gave no result", {}, {}};
  if (json::get_bool(*result, "isError")) return tool_error(*result);
  const Json* structured = json::find(*result, "structuredContent");
  return structured == nullptr ? Json::object() : *structured;
}

/// What a background owner is started with: the settings of the owner before it, wherever the operator stands now. The
/// current folder says nothing about the workers of this home.
Result<std::string> settings_of_last_owner(const config::Home& home, const os::Environment& env) {
  const auto last = app::last_owner(home);
  if (last && !last->config.empty() && os::exists(last->config)) return last->config;
  config::LaunchOptions nothing_said;
  nothing_said.cwd = working_directory();
  const std::string configured = config::config_path(nothing_said, env, home);
  if (!configured.empty()) return configured;
  return Error{ErrorCode::kNotFound,
               "no PatchBay owner runs on this home",
               "Start one: patchbay start --root /path/to/repository",
               {}};
}

}  // namespace

Result<OwnerClient> OwnerClient::connect() {
  const os::Environment env = os::current_environment();
  const config::Home home = PB_TRY(config::Home::locate(env, working_directory()));
  PB_TRY(home.prepare());
  const auto config_file = settings_of_last_owner(home, env);
  auto socket = app::reach_owner(home, config_file ? background_owner_argv(*config_file) : std::vector<std::string>{},
                                 std::chrono::steady_clock::now() + kReachWithin);
  if (!socket && !config_file && socket.error().code == ErrorCode::kNotFound) return config_file.error();
  OwnerClient client;
  client.socket_ = PB_TRY(std::move(socket));
  PB_TRY(os::write_all(client.socket_.get(), transport::hello_line({"operator", PATCHBAY_VERSION})));
  return client;
}

Result<Json> OwnerClient::call(const std::string& tool, const Json& arguments, std::chrono::milliseconds timeout) {
  const MonoTime deadline = std::chrono::steady_clock::now() + timeout;
  const int id = ++last_id_;
  const Json request{{"jsonrpc", "2.0"},
                     {"id", id},
                     {"method", "tools/call"},
                     {"params", Json{{"name", tool}, {"arguments", arguments}, {"_meta", envelope()}}}};
  PB_TRY(os::write_all(socket_.get(), json::dump(request) + "\n"));
  for (;;) {
    for (std::size_t end; (end = rest_.find('\n')) != std::string::npos;) {
      const auto message = json::parse(std::string_view(rest_).substr(0, end), kAnswerLimits);
      rest_.erase(0, end + 1);
      if (message && json::find_int(*message, "id") == id) return read_answer(*message);
    }
    if (PB_TRY(os::wait_any_readable({socket_.get()}, deadline)) < 0) {
      return Error{ErrorCode::kTimeout, "the owner did not answer in time", {}, {}};
    }
    const std::string piece = PB_TRY(os::read_some(socket_.get(), kPiece));
    if (piece.empty())
      return Error{ErrorCode::kIoError, "the owner ended before it answered", "Repeat the command.", {}};
    rest_ += piece;
  }
}

}  // namespace patchbay::cli
