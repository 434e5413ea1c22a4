#include "bench/bare_server.h"

#include <httplib.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "patchbay/os/file.h"

namespace patchbay::bench {
namespace {

constexpr std::size_t kThreads = 64;
constexpr auto kStartTime = std::chrono::seconds(10);
constexpr auto kEndTime = std::chrono::seconds(3);

}  // namespace

int serve_bare(const std::string& body_file) {
  const auto body = os::read_file(body_file);
  if (!body.ok()) return 1;
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(std::numeric_limits<int>::max());
  server.Post("/mcp", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(*body, "application/json");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::printf("%d\n", port);
  std::fflush(stdout);
  std::thread watch([&server] {
    char unused;
    while (::read(STDIN_FILENO, &unused, 1) > 0) {
    }
    server.stop();
  });
  server.listen_after_bind();
  watch.join();
  return 0;
}

Result<std::unique_ptr<BareServer>> BareServer::start(const Workplace& place, const std::string& body) {
  std::unique_ptr<BareServer> server(new BareServer);
  const std::string file = place.path("bare-body");
  PB_TRY(os::write_file_volatile(file, body));
  os::Pipe input = PB_TRY(os::make_pipe());
  os::Pipe output = PB_TRY(os::make_pipe());
  os::SpawnOptions spawn{.argv = {os::self_executable(), kBareServerMode, file}};
  spawn.stdin_fd = input.read.get();
  spawn.stdout_fd = output.write.get();
  spawn.stderr_fd = STDERR_FILENO;
  server->child_ = PB_TRY(os::Child::spawn(spawn));
  server->input_ = std::move(input.write);
  output.write.reset();
  char line[32] = "";
  if (!PB_TRY(os::wait_readable(output.read.get(), now() + kStartTime)) ||
      ::read(output.read.get(), line, sizeof line - 1) <= 0) {
    return Error{ErrorCode::kSpawnFailed, "the bare server did not start", {}, {}};
  }
  server->port_ = std::atoi(line);
  return server;
}

BareServer::~BareServer() {
  input_.reset();
  if (child_.running() && !child_.wait_until(now() + kEndTime)) {
    (void)child_.signal(SIGKILL);
    child_.wait();
  }
}

}  // namespace patchbay::bench
