#include "support/fake_codex/script.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <thread>

#include "patchbay/base/clock.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/file.h"

namespace patchbay::support {
namespace {

constexpr std::size_t kLargestInput = 64u << 20;

int signal_number(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  if (name == "INT") return SIGINT;
  if (name == "TERM") return SIGTERM;
  if (name == "HUP") return SIGHUP;
  if (name == "SEGV") return SIGSEGV;
  return SIGKILL;
}

double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

void sleep_seconds(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

class Player {
 public:
  explicit Player(Call& call) : call_(call) {}

  /// The exit code, or nothing when the script goes on.
  std::optional<int> perform(const std::string& command, const std::string& rest) {
    static const std::map<std::string, void (Player::*)(const std::string&)> kCommands = {
        {"thread", &Player::thread},
        {"turn", &Player::turn},
        {"message", &Player::message},
        {"report", &Player::report},
        {"command", &Player::command},
        {"command-start", &Player::command_start},
        {"command-end", &Player::command_end},
        {"done", &Player::done},
        {"fail", &Player::fail},
        {"print", &Player::print},
        {"stderr", &Player::print_error},
        {"echo-stdin", &Player::echo_stdin},
        {"raw", &Player::raw},
        {"invalid-utf8", &Player::invalid_utf8},
        {"oversized", &Player::oversized},
        {"flood", &Player::flood},
        {"last-message", &Player::last_message},
        {"session", &Player::session},
        {"write", &Player::write_file},
        {"touch", &Player::touch},
        {"wait-file", &Player::wait_file},
        {"sleep", &Player::sleep},
        {"ignore", &Player::ignore},
        {"spawn", &Player::spawn},
        {"spawn-setsid", &Player::spawn_setsid},
        {"spawn-stubborn", &Player::spawn_stubborn},
        {"close-stdout", &Player::close_stdout},
        {"kill", &Player::kill_self},
    };
    if (command == "exit") return static_cast<int>(number(rest));
    const auto it = kCommands.find(command);
    if (it == kCommands.end()) {
      print_error("fake_codex: unknown command " + command);
      return 70;
    }
    (this->*it->second)(rest);
    return std::nullopt;
  }

 private:
  static void emit(const Json& event) { bytes(json::dump(event) + "\n"); }
  static void bytes(std::string_view text) {
    if (!os::write_all(STDOUT_FILENO, text)) ::_exit(141);
  }
  static Json item_event(const char* type, Json item) {
    Json event = Json::object();
    event["type"] = type;
    event["item"] = std::move(item);
    return event;
  }
  std::string next_item() { return "item_" + std::to_string(items_++); }
  static Json command_item(const std::string& id, const std::string& text, bool ended) {
    return {{"id", id},
            {"type", "command_execution"},
            {"command", text},
            {"aggregated_output", ended ? "ok\n" : ""},
            {"exit_code", ended ? Json(0) : Json(nullptr)},
            {"status", ended ? "completed" : "in_progress"}};
  }

  void thread(const std::string& id) {
    thread_id_ = !id.empty() ? id : !call_.resume_id.empty() ? call_.resume_id : new_uuid();
    emit({{"type", "thread.started"}, {"thread_id", thread_id_}});
  }
  void turn(const std::string&) { emit({{"type", "turn.started"}}); }
  void message(const std::string& text) {
    emit(item_event("item.completed", {{"id", next_item()}, {"type", "agent_message"}, {"text", text}}));
  }
  void report(const std::string& summary) {
    const Json none = Json::array();
    message(json::dump({{"summary", summary},
                        {"detailed_report", ""},
                        {"files_changed", none},
                        {"commands_run", none},
                        {"tests_run", none},
                        {"evidence", none},
                        {"notes", ""},
                        {"risks", none},
                        {"open_questions", none},
                        {"next_steps", none}}));
  }
  void command(const std::string& text) {
    command_start(text);
    command_end(text);
  }
  void command_start(const std::string& text) {
    command_id_ = next_item();
    command_text_ = text;
    emit(item_event("item.started", command_item(command_id_, text, false)));
  }
  void command_end(const std::string&) {
    emit(item_event("item.completed", command_item(command_id_, command_text_, true)));
  }
  void done(const std::string&) {
    emit({{"type", "turn.completed"},
          {"usage",
           {{"input_tokens", 10},
            {"cached_input_tokens", 2},
            {"cache_write_input_tokens", 0},
            {"output_tokens", 5},
            {"reasoning_output_tokens", 1}}}});
  }
  void fail(const std::string& text) {
    emit({{"type", "error"}, {"message", text}});
    emit({{"type", "turn.failed"}, {"error", {{"message", text}}}});
  }
  void print(const std::string& text) { bytes(text + "\n"); }
  void print_error(const std::string& text) { (void)os::write_all(STDERR_FILENO, text + "\n"); }

  void echo_stdin(const std::string&) {
    const auto text = os::read_to_end(STDIN_FILENO, kLargestInput);
    call_.record["stdin"] = text ? *text : std::string();
    call_.save();
    emit({{"type", "stdin"}, {"bytes", text ? text->size() : 0}, {"text", text ? *text : std::string()}});
  }
  void raw(const std::string& hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      out += static_cast<char>(std::strtol(hex.substr(i, 2).c_str(), nullptr, 16));
    }
    bytes(out);
  }
  void invalid_utf8(const std::string&) {
    bytes(
        "{\"type\":\"item.completed\",\"item\":{\"id\":\"item_x\",\"type\":\"agent_message\",\"text\":"
        "\"broken \xff byte\"}}\n");
  }
  void oversized(const std::string& size) {
    Json item = command_item(next_item(), "cat big", true);
    item["aggregated_output"] = std::string(static_cast<std::size_t>(number(size)), 'x');
    emit(item_event("item.completed", std::move(item)));
  }
  void flood(const std::string& size) {
    const double wanted = number(size);
    Json item = command_item(next_item(), "yes", true);
    item["aggregated_output"] = std::string(60'000, 'y');
    const std::string line = json::dump(item_event("item.completed", std::move(item))) + "\n";
    for (double sent = 0; sent < wanted; sent += static_cast<double>(line.size())) bytes(line);
  }
  void last_message(const std::string& text) {
    if (!call_.last_message_file.empty()) (void)os::write_file_atomic(call_.last_message_file, text);
  }

  void session(const std::string& text) {
    const WallTime now = system_clock().wall();
    const std::string stamp = iso8601(now);
    const std::string dir = os::join(
        call_.codex_home, "sessions/" + stamp.substr(0, 4) + "/" + stamp.substr(5, 2) + "/" + stamp.substr(8, 2));
    (void)os::make_private_dirs(dir);
    const std::string path = os::join(dir, "rollout-2026-01-01T00-00-00-" + thread_id_ + ".jsonl");
    const bool is_new = !os::exists(path);
    const auto line = [&](const char* type, Json payload) {
      return json::dump({{"timestamp", stamp}, {"type", type}, {"payload", std::move(payload)}}) + "\n";
    };
    std::string out;
    if (is_new) out += line("session_meta", {{"id", thread_id_}, {"cwd", "/"}, {"source", "exec"}});
    out += line("event_msg", {{"type", "task_started"}, {"turn_id", "t1"}});
    out += line("event_msg", {{"type", "task_complete"}, {"turn_id", "t1"}, {"last_agent_message", text}});
    const os::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    (void)os::write_all(fd.get(), out);
  }
  void write_file(const std::string& rest) {
    const std::size_t space = rest.find(' ');
    (void)os::write_file_atomic(rest.substr(0, space), space == std::string::npos ? "" : rest.substr(space + 1) + "\n");
  }
  void touch(const std::string& path) { (void)os::write_file_atomic(path, ""); }
  void wait_file(const std::string& path) {
    for (int i = 0; i < 6000 && !os::exists(path); ++i) sleep_seconds(0.01);
  }
  void sleep(const std::string& seconds) { sleep_seconds(number(seconds)); }
  void ignore(const std::string& names) {
    for (const std::string_view name : split(names, ' ')) ::signal(signal_number(name), SIG_IGN);
  }

  static void leave_child(double seconds, bool own_session, bool stubborn) {
    const pid_t pid = ::fork();
    if (pid != 0) return;
    if (own_session) ::setsid();
    for (const int signo : {SIGINT, SIGTERM, SIGHUP}) ::signal(signo, stubborn ? SIG_IGN : SIG_DFL);
    sleep_seconds(seconds);
    ::_exit(0);
  }
  void spawn(const std::string& seconds) { leave_child(number(seconds), false, false); }
  void spawn_setsid(const std::string& seconds) { leave_child(number(seconds), true, false); }
  void spawn_stubborn(const std::string& seconds) { leave_child(number(seconds), true, true); }
  void close_stdout(const std::string&) { ::close(STDOUT_FILENO); }
  void kill_self(const std::string& name) {
    const int signo = signal_number(name);
    ::signal(signo, SIG_DFL);
    ::raise(signo);
  }

  Call& call_;
  std::string thread_id_, command_id_, command_text_;
  int items_ = 0;
};

}  // namespace

int play(const std::string& script, Call& call) {
  Player player(call);
  for (const std::string_view raw : split(script, '\n')) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t space = line.find(' ');
    const std::string rest(space == std::string_view::npos ? std::string_view() : trim(line.substr(space + 1)));
    if (const auto code = player.perform(std::string(line.substr(0, space)), rest)) return *code;
  }
  return 0;
}

}  // namespace patchbay::support
