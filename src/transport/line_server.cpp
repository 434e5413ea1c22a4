// One line connection: a reader (the caller's thread), a writer thread, and threads for calls that take time.

#include <system_error>

#include "patchbay/base/log.h"
#include "patchbay/os/stream.h"
#include "patchbay/transport/line_reader.h"
#include "patchbay/transport/lines.h"
#include "transport/line_writer.h"
#include "transport/task_threads.h"

namespace patchbay::transport {
namespace {

constexpr std::size_t kReadBytes = 64u << 10;
constexpr std::size_t kMaxHelloBytes = 4096;
constexpr std::size_t kClientDigits = 32;
constexpr std::chrono::hours kLong{1};

MonoTime from_now(std::chrono::milliseconds span) { return system_clock().mono() + span; }

bool is_client_id(std::string_view text) {
  return text.size() == kClientDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::shared_ptr<LineWriter> start_writer(int fd) {
  try {
    return std::make_shared<LineWriter>(fd);
  } catch (const std::system_error& e) {
    log::error("a client is not served: no further thread ({})", e.what());
    return nullptr;
  }
}

/// Feeds the connection until the input ends or `ended` says so (somebody woke us). True when the client
/// still listens.
template <class Ended>
bool read_lines(mcp::Connection& connection, const LineOptions& options, const os::Wake& wake, Ended ended) {
  LineReader lines(options.max_line_bytes);
  while (!ended()) {
    const auto ready = os::wait_any_readable({wake.fd(), options.fd_in}, from_now(kLong));
    if (!ready.ok()) return false;
    if (*ready != 1) continue;
    const auto bytes = os::read_some(options.fd_in, kReadBytes);
    if (!bytes.ok() || bytes->empty()) return false;
    lines.feed(
        *bytes, [&](std::string_view line) { connection.receive(line); }, [&] { connection.refuse_oversized(); });
  }
  return true;
}

}  // namespace

Result<os::Fd> claim_stdout(int fd) {
  auto own = PB_TRY(os::duplicate(fd));
  PB_TRY(os::redirect(2, fd));
  return own;
}

void serve_lines(mcp::Server& server, const LineOptions& options, CancelToken stop) {
  auto made = os::Wake::create();
  if (!made.ok()) return;
  // Shared with callbacks that may still run when this function has returned.
  const auto wake = std::make_shared<os::Wake>(std::move(made).value());
  // Announcers may hold the sink for a moment longer than this function lasts.
  const auto writer = start_writer(options.fd_out);
  if (!writer) return;
  const auto on_stop = stop.on_cancel([wake] { wake->wake(); });
  const auto on_server_stop = server.stopping().on_cancel([wake] { wake->wake(); });
  const auto on_broken = writer->broken().on_cancel([wake] { wake->wake(); });
  TaskThreads tasks(static_cast<std::size_t>(server.limits().running_calls_per_credential) +
                    static_cast<std::size_t>(server.limits().waiting_calls));
  mcp::Server::ConnectOptions connect;
  connect.credential = options.credential;
  connect.label = options.label;
  connect.client_id = options.client_id;
  connect.write = [writer](std::string_view line) { writer->write(line); };
  connect.run = [&tasks](std::function<void()> task) { return tasks.run(std::move(task)); };
  const auto connection = server.connect(std::move(connect));

  const CancelToken broken = writer->broken();
  const CancelToken server_stop = server.stopping();
  const bool listens = read_lines(*connection, options, *wake,
                                  [&] { return stop.cancelled() || server_stop.cancelled() || broken.cancelled(); });
  if (listens && !broken.cancelled()) connection->announce_end();
  const MonoTime until = from_now(options.finish_within);
  while (connection->running() > 0 && system_clock().mono() < until && !broken.cancelled()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  writer->drain(until);
  connection->cancel_all();
  connection->close();
  writer->stop();
}

std::string hello_line(const Hello& hello) {
  Json line{{"label", hello.label}, {"version", hello.version}};
  if (!hello.client.empty()) line["client"] = hello.client;
  return json::dump(line) + "\n";
}

Result<Hello> read_hello(int fd, std::chrono::milliseconds within) {
  const Error malformed{ErrorCode::kInvalidArgument, "The first line is no greeting.", {}, {}};
  const MonoTime deadline = from_now(within);
  std::string line;
  for (;;) {
    if (line.size() >= kMaxHelloBytes) return malformed;
    const auto ready = os::wait_any_readable({fd}, deadline);
    if (!ready.ok() || *ready < 0) return malformed;
    const auto byte = os::read_some(fd, 1);
    if (!byte.ok() || byte->empty()) return malformed;
    if (*byte == "\n") break;
    line += *byte;
  }
  const auto parsed = json::parse(line);
  if (!parsed.ok()) return malformed;
  const auto label = json::find_string(*parsed, "label");
  const auto version = json::find_string(*parsed, "version");
  if (!label || !version) return malformed;
  const std::string client = json::get_string(*parsed, "client");
  return Hello{*label, *version, is_client_id(client) ? client : std::string()};
}

}  // namespace patchbay::transport
