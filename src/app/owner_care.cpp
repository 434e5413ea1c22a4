#include "app/owner_care.h"

#include "app/state_dump.h"
#include "app/token_credentials.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/log.h"
#include "patchbay/http/client.h"
#include "patchbay/os/crash.h"
#include "patchbay/os/file.h"
#include "patchbay/os/program.h"
#include "patchbay/os/stream.h"

namespace patchbay::app {
namespace {

constexpr auto kLastWords = std::chrono::seconds(10);
constexpr int kStandardError = 2;

void read_tokens_again(App& app) {
  if (const Status read = app.credentials->reload(); !read)
    log::error("The tokens could not be read again: {}", read.error().message);
  else
    log::info("The tokens were read again");
}

/// A log that was moved away is begun anew. Only a background owner has one: that of others belongs to whoever started
/// them.
void open_log_again(const config::Home& home) {
  const auto log = os::open_log(home.owner_log(), kOwnerLogKeep);
  const Status redirected = log ? os::redirect(log->fd.get(), kStandardError) : Status(log.error());
  if (!redirected) log::error("The log could not be opened again: {}", redirected.error().message);
}

/// Leaves the way out for a supervisor that starts the next one; turns go on meanwhile (SEC:S15).
[[noreturn]] void give_up(const App& app, const std::string& about) {
  const std::string path = app.launch.home.state_dump();
  const int code = error_info(ErrorCode::kInternal).exit_code;
  os::exit_after(kLastWords, code);  // what hangs may be what the next steps need
  [[maybe_unused]] const Status written = dump_threads(app, about + " does not answer", path);
  log::error("{} does not answer any more: leaving. The threads are listed in {}", about, path);
  os::exit_now(code);
}

/// Any answer will do, a refusal and a closed connection too.
Status ask_http(int port, std::chrono::milliseconds within) {
  const MonoTime deadline = std::chrono::steady_clock::now() + within;
  http::Client client(
      {.port = port, .connect_timeout = within, .read_timeout = within, .headers = {{"User-Agent", kWatchdogAgent}}});
  const auto answer = client.get("/health");
  if (answer || std::chrono::steady_clock::now() < deadline) return {};
  return Error{ErrorCode::kTimeout, "the HTTP port does not answer", {}, {}};
}

}  // namespace

void begin_anew(App& app, bool own_log) {
  if (own_log) open_log_again(app.launch.home);
  read_tokens_again(app);
}

void write_state(const App& app, int clients) {
  const std::string path = app.launch.home.state_dump();
  const Status written = dump_state(app, clients, path);
  if (written)
    log::warn("The owner's state was written to {}", path);
  else
    log::error("The owner's state could not be written: {}", written.error().message);
}

Watchdog::Options watchdog_options(const App& app) {
  Watchdog::Options options;
  options.questions.push_back({"The owner's socket", [home = app.launch.home](std::chrono::milliseconds within) {
                                 // Somebody may have removed it; that is no stall, and HTTP goes on.
                                 if (!os::exists(home.owner_socket())) return Status();
                                 const auto answer = ask_owner(home, Json{{"control", "status"}}, within);
                                 return answer ? Status() : Status(answer.error());
                               }});
  if (app.http) {
    options.questions.push_back({"The HTTP port", [port = app.http->port()](std::chrono::milliseconds within) {
                                   return ask_http(port, within);
                                 }});
  }
  options.on_stall = [&app](const std::string& about) { give_up(app, about); };
  return options;
}

}  // namespace patchbay::app
