// The scripted model server as a program of its own, for scripts: runs until SIGINT or SIGTERM.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "patchbay/demo/model_server.h"
#include "patchbay/os/file.h"

namespace {

int usage() {
  std::fputs("usage: model-server [--port N] [--port-file F] [--log-file F] [--pace MS] [--codex-home DIR]\n", stderr);
  return 64;
}

}  // namespace

int main(int argc, char** argv) {
  patchbay::demo::ModelServer::Options options;
  std::string port_file, codex_home;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    if (i + 1 == argc) return usage();
    const std::string value = argv[i + 1];
    if (flag == "--port") {
      options.port = std::atoi(value.c_str());
    } else if (flag == "--port-file") {
      port_file = std::filesystem::absolute(value);
    } else if (flag == "--log-file") {
      options.log_file = value;
    } else if (flag == "--pace") {
      options.pace = std::chrono::milliseconds(std::atoi(value.c_str()));
    } else if (flag == "--codex-home") {
      codex_home = std::filesystem::absolute(value);
    } else {
      return usage();
    }
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);  // before the first thread, which inherits it

  auto server = patchbay::demo::ModelServer::start(options);
  if (!server) {
    std::fprintf(stderr, "model-server: %s\n", server.error().message.c_str());
    return 1;
  }
  const int port = (*server)->port();
  if (!codex_home.empty() && !patchbay::demo::write_codex_home(codex_home, port)) return 1;
  if (!port_file.empty() && !patchbay::os::write_file_atomic(port_file, std::to_string(port) + "\n")) return 1;
  std::printf("%d\n", port);
  std::fflush(stdout);
  int signo = 0;
  ::sigwait(&ends, &signo);
  return 0;
}
