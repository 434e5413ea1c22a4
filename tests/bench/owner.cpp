#include "bench/owner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::bench {
namespace {

constexpr auto kStartTime = std::chrono::seconds(30);
constexpr auto kEndTime = std::chrono::seconds(8);
constexpr auto kRetry = std::chrono::microseconds(300);
constexpr char kInitialize[] =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},)"
    R"("clientInfo":{"name":"patchbay-bench","version":"1"}}})";

/// A port that nobody uses at the moment.
Result<int> free_port() {
  os::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, length) != 0 || ::getsockname(fd.get(), generic, &length) != 0) {
    return Error{ErrorCode::kIoError, "no free port", {}, {}};
  }
  return ntohs(address.sin_port);
}

const std::vector<http::Header>& accept_headers() {
  static const std::vector<http::Header> kHeaders = {{"Accept", "application/json, text/event-stream"}};
  return kHeaders;
}

/// The reply itself, or the last event of a stream that ends with it.
std::string_view message_of(const http::ClientResponse& response) {
  std::string_view body = response.body;
  if (!response.header("Content-Type").value_or("").starts_with("text/event-stream")) return body;
  constexpr std::string_view kData = "data: ";
  const std::size_t at = body.rfind(kData);
  if (at == std::string_view::npos) return {};
  body.remove_prefix(at + kData.size());
  return body.substr(0, body.find('\n'));
}

Error no_success(const std::string& tool, const Json& reply) {
  return Error{ErrorCode::kInvalidState, tool + ": " + json::dump(reply).substr(0, 400), {}, {}};
}

std::string last_lines(const std::string& file) {
  const auto text = os::read_file(file);
  return text ? text->substr(text->size() > 300 ? text->size() - 300 : 0) : std::string();
}

}  // namespace

Result<std::unique_ptr<Owner>> Owner::start(const Workplace& place, const Setup& setup) {
  std::unique_ptr<Owner> owner(new Owner);
  owner->home_ = setup.home;
  owner->port_ = PB_TRY(free_port());
  PB_TRY(os::make_private_dirs(setup.home));
  const std::string log = setup.home + ".log";
  const os::Fd log_fd(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  os::SpawnOptions spawn{.argv = {place.options().binary, "start", "--root", setup.root, "--port",
                                  std::to_string(owner->port_), "--codex", place.codex_program(), "--tool-mode",
                                  setup.tool_mode}};
  if (!setup.more_root.empty()) spawn.argv.insert(spawn.argv.end(), {"--allow-root", setup.more_root});
  spawn.argv.insert(spawn.argv.end(), setup.flags.begin(), setup.flags.end());
  spawn.env = place.env();
  (*spawn.env)["PATCHBAY_HOME"] = setup.home;
  spawn.stderr_fd = log_fd.get();

  http::Client http({.port = owner->port_});
  const MonoTime began = now();
  owner->child_ = PB_TRY(os::Child::spawn(spawn));
  while (now() - began < kStartTime) {
    auto id = initialize(http);
    if (id.ok()) {
      owner->start_ms_ = ms_since(began);
      return owner;
    }
    if (id.error().code != ErrorCode::kNotFound) return std::move(id).error();
    if (owner->child_.try_wait()) break;
    std::this_thread::sleep_for(kRetry);
  }
  return Error{ErrorCode::kTimeout, "patchbay start did not serve: " + last_lines(log), {}, {}};
}

Owner::~Owner() {
  if (!child_.running()) return;
  (void)child_.signal(SIGTERM);
  if (!child_.wait_until(now() + kEndTime)) {
    (void)child_.signal(SIGKILL);
    child_.wait();
  }
}

Result<std::string> initialize(http::Client& http) {
  const auto reply = PB_TRY(http.post("/mcp", kInitialize, accept_headers()));
  const auto id = reply.header("Mcp-Session-Id");
  if (reply.status != 200 || !id) {
    return Error{ErrorCode::kInvalidState, fmt::format("initialize: HTTP {} {}", reply.status, reply.body), {}, {}};
  }
  return std::string(*id);
}

Result<Session> Session::open(int port) {
  Session session(port);
  session.id_ = PB_TRY(initialize(session.http_));
  return session;
}

Result<http::ClientResponse> Session::post(const std::string& tool, const Json& arguments, double* took) {
  const Json message = {{"jsonrpc", "2.0"},
                        {"id", ++number_},
                        {"method", "tools/call"},
                        {"params", {{"name", tool}, {"arguments", arguments}}}};
  const std::string body = json::dump(message);
  std::vector<http::Header> headers = accept_headers();
  headers.emplace_back("Mcp-Session-Id", id_);
  const MonoTime start = now();
  auto reply = http_.post("/mcp", body, headers);
  *took = ms_since(start);
  return reply;
}

Result<Json> Session::call(const std::string& tool, const Json& arguments, double* took) {
  double unwanted = 0;
  const auto response = PB_TRY(post(tool, arguments, took != nullptr ? took : &unwanted));
  const Json reply =
      PB_TRY(json::parse(message_of(response), {.max_depth = 128, .max_members = 100'000, .max_nodes = 1'000'000}));
  const Json* result = json::find(reply, "result");
  if (result == nullptr || json::get_bool(*result, "isError")) return no_success(tool, reply);
  const Json* structured = json::find(*result, "structuredContent");
  if (structured == nullptr || json::find(*structured, "error_code") != nullptr) return no_success(tool, reply);
  return *structured;
}

Result<double> Session::time_call(const std::string& tool, const Json& arguments) {
  double took = 0;
  PB_TRY(call(tool, arguments, &took));
  return took;
}

std::string post_request(int port, const std::string& session, const std::string& method, const Json& params) {
  const std::string body = json::dump({{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}});
  return fmt::format(
      "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: application/json, text/event-stream\r\n"
      "Content-Type: application/json\r\nMcp-Session-Id: {}\r\nContent-Length: {}\r\n\r\n{}",
      port, session, body.size(), body);
}

std::string stream_request(int port, const std::string& session) {
  return fmt::format(
      "GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: text/event-stream\r\nMcp-Session-Id: {}\r\n\r\n", port,
      session);
}

Result<double> resident_mib(pid_t pid) {
  const auto text = PB_TRY(os::read_file(fmt::format("/proc/{}/status", pid)));
  const std::size_t at = text.find("VmRSS:");
  if (at == std::string::npos) return Error{ErrorCode::kNotFound, "the process has no memory any more", {}, {}};
  return std::strtod(text.c_str() + at + 6, nullptr) / 1024;
}

}  // namespace patchbay::bench
