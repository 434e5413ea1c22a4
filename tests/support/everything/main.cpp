// patchbay-everything: the protocol library with the fixtures of the conformance suite, for tests only.
//
//   patchbay-everything --http [--port N] [--port-file FILE]
//   patchbay-everything --stdio

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "patchbay/base/ids.h"
#include "patchbay/os/file.h"
#include "patchbay/transport/http_endpoint.h"
#include "patchbay/transport/lines.h"
#include "support/everything/fixtures.h"

namespace {

using namespace patchbay;

struct Arguments {
  bool stdio = false;
  int port = 0;
  std::string port_file;
};

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--stdio") out.stdio = true;
    if (word == "--port" && i + 1 < argc) out.port = std::atoi(argv[++i]);
    if (word == "--port-file" && i + 1 < argc) out.port_file = argv[++i];
  }
  return out;
}

/// Blocks the signals that end the program, so that one thread can wait for them.
sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

int serve_http(mcp::Server& server, const Arguments& arguments, const sigset_t& signals) {
  transport::HttpOptions options;
  options.realm = "everything";
  auto started = transport::HttpTransport::start(server, {.port = arguments.port}, std::move(options), nullptr);
  if (!started.ok()) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 1;
  }
  const std::string port = std::to_string((*started)->port());
  std::fprintf(stderr, "http://127.0.0.1:%s/mcp\n", port.c_str());
  if (!arguments.port_file.empty() && !os::write_file_atomic(arguments.port_file, port).ok()) return 1;
  int signal = 0;
  sigwait(&signals, &signal);
  (*started)->stop(std::chrono::milliseconds(1000));
  return 0;
}

int serve_stdio(mcp::Server& server) {
  auto out = transport::claim_stdout();
  if (!out.ok()) return 1;
  transport::LineOptions options;
  options.fd_out = out->get();
  options.label = "stdio";
  transport::serve_lines(server, options, CancelToken());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  const sigset_t signals = ending_signals();
  mcp::Server* changed = nullptr;
  std::vector<mcp::RawTool> tools;
  for (auto& group : {everything::content_tools(), everything::question_tools(), everything::round_trip_tools(),
                      everything::change_tools(changed)}) {
    tools.insert(tools.end(), group.begin(), group.end());
  }
  auto catalog = mcp::Catalog::build({}, {}, std::move(tools));
  if (!catalog.ok()) {
    std::fprintf(stderr, "%s\n", catalog.error().message.c_str());
    return 1;
  }
  everything::Resources resources;
  everything::Prompts prompts;
  mcp::MemoryStateStore store;
  mcp::Server server({.info = {.name = "everything", .title = "Everything", .version = PATCHBAY_VERSION},
                      .catalog = catalog->get(),
                      .resources = {&resources},
                      .prompts = {&prompts},
                      .completions = {&prompts},
                      .store = &store,
                      .clock = &system_clock(),
                      .key = random_bytes(32)});
  changed = &server;
  return arguments.stdio ? serve_stdio(server) : serve_http(server, arguments, signals);
}
