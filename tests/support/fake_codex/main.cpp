#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "patchbay/base/clock.h"
#include "patchbay/os/file.h"
#include "patchbay/os/process.h"
#include "support/fake_codex/script.h"

namespace patchbay::support {
namespace {

constexpr char kOneTurn[] = "thread\nturn\necho-stdin\nreport The fake turn went well.\ndone\n";
constexpr char kModels[] = R"({"models":[
  {"slug":"fake-large","display_name":"Fake Large","description":"For tests.","visibility":"list","priority":1,
   "default_reasoning_level":"medium","supported_in_api":true,
   "supported_reasoning_levels":[{"effort":"low","description":"Quick"},{"effort":"medium","description":"Even"},
                                 {"effort":"ultra","description":"Slow"}],
   "base_instructions":"never shown"},
  {"slug":"fake-hidden","display_name":"Fake Hidden","visibility":"hide","priority":2,
   "supported_reasoning_levels":[]}]})";

std::string content_or(const std::string& path, const std::string& otherwise) {
  const auto text = os::read_file(path);
  return text ? *text : otherwise;
}

std::string value_after(const std::vector<std::string>& argv, const std::string& word) {
  for (std::size_t i = 0; i + 1 < argv.size(); ++i) {
    if (argv[i] == word) return argv[i + 1];
  }
  return {};
}

void record(Call& call) {
  const std::string dir = os::join(call.codex_home, "fake-calls");
  (void)os::make_private_dirs(dir);
  call.record["argv"] = call.argv;
  char cwd[4096] = "";
  call.record["cwd"] = ::getcwd(cwd, sizeof cwd) != nullptr ? cwd : "";
  call.record["env"] = os::current_environment();
  call.record["pid"] = ::getpid();
  const auto now = system_clock().wall().time_since_epoch();
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  call.record_file = os::join(dir, fmt::format("{:020}-{}.json", nanos, ::getpid()));
  call.save();
}

int answer_helper(const Call& call) {
  if (os::exists(os::join(call.codex_home, "fake-hang"))) ::sleep(600);
  if (call.argv[0] == "--version") {
    const std::string version = content_or(os::join(call.codex_home, "fake-version"), "0.169.0");
    std::fprintf(stdout, "codex-cli %s\n", version.c_str());
    return 0;
  }
  if (call.argv[0] == "login") {
    const bool logged_in = os::exists(os::join(call.codex_home, "auth.json"));
    std::fputs(logged_in ? "API key configured - sk-fake-***tail\n" : "Not logged in\n", stderr);
    return logged_in ? 0 : 1;
  }
  std::fputs(content_or(os::join(call.codex_home, "fake-models.json"), kModels).c_str(), stdout);
  return 0;
}

int run(int argc, char** argv) {
  Call call;
  call.argv.assign(argv + 1, argv + argc);
  const char* home = std::getenv("CODEX_HOME");
  call.codex_home = home != nullptr ? home : "";
  if (!os::is_directory(call.codex_home)) {
    std::fputs("Error finding codex home\n", stderr);
    return 1;
  }
  record(call);
  if (!call.argv.empty() && (call.argv[0] == "--version" || call.argv[0] == "login" || call.argv[0] == "debug")) {
    return answer_helper(call);
  }
  call.resume_id = value_after(call.argv, "resume");
  call.last_message_file = value_after(call.argv, "--output-last-message");
  const char* script = std::getenv("FAKE_CODEX_SCRIPT");
  return play(content_or(script != nullptr ? script : os::join(call.codex_home, "fake-codex.script"), kOneTurn), call);
}

}  // namespace

void Call::save() const { (void)os::write_file_atomic(record_file, json::dump(record)); }

}  // namespace patchbay::support

int main(int argc, char** argv) { return patchbay::support::run(argc, argv); }
