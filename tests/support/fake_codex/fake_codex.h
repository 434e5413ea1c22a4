#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patchbay/json/json.h"
#include "patchbay/os/file.h"

/// For tests that let the fake program play Codex. Link `fake_codex_client`.
///
///     support::FakeCodex fake(temp.path("codex-home"));
///     fake.script("thread\nturn\nmessage working\nsleep 60\n");   // what the next starts do
///     options.executable = fake.program();
///     options.codex_home = fake.home();
///     ...
///     fake.calls()[0]["argv"], ["cwd"], ["env"], ["stdin"]       // what they were given
///
/// A script is read from FAKE_CODEX_SCRIPT when the environment has it, else from
/// `<CODEX_HOME>/fake-codex.script`; without either the program plays one successful turn. A line is one
/// command; `#` begins a comment line:
///
///   thread [id]             thread.started; without id the one to resume, else a new UUID
///   turn                    turn.started
///   message TEXT            a completed agent_message
///   report TEXT             the same, a report object with that summary
///   command TEXT            a command that starts and ends
///   command-start TEXT      only its start; command-end ends it
///   done                    turn.completed with usage
///   fail TEXT               error and turn.failed
///   print TEXT              a line as it is; stderr TEXT the same on standard error
///   echo-stdin              reads standard input to its end; one event {"type":"stdin","bytes":N,"text":...}
///   raw HEX                 bytes as they are, no newline
///   invalid-utf8            an agent_message with a broken byte in it
///   oversized BYTES         one command event longer than that
///   flood BYTES             as many bytes of command events
///   last-message TEXT       writes the file of --output-last-message
///   session TEXT            appends a finished turn with that last message to the session file of the thread
///   write FILE TEXT         writes a file, relative to the working folder
///   touch FILE              creates a file; wait-file FILE waits for one (60 s at most)
///   sleep SECONDS           may have a fraction
///   ignore SIGNAL...        INT, TERM, HUP
///   spawn SECONDS           leaves a child that sleeps; with its streams still open
///   spawn-setsid SECONDS    the same in its own session; spawn-stubborn ignores INT, TERM and HUP as well
///   close-stdout            closes standard output
///   kill SIGNAL             ends itself with a signal
///   exit CODE               ends; the end of the script is exit 0
///
/// `--version`, `login status` and `debug models` answer like the real program
/// (`<CODEX_HOME>/fake-models.json` and `auth.json` decide); `fake-version` there replaces the version, and
/// `fake-hang` makes those three hang.
namespace patchbay::support {

class FakeCodex {
 public:
  explicit FakeCodex(std::string home) : home_(std::move(home)) { (void)os::make_private_dirs(home_); }

  static std::string program() { return PATCHBAY_FAKE_CODEX; }
  const std::string& home() const { return home_; }
  std::string file(const std::string& name) const { return os::join(home_, name); }

  void script(const std::string& text) const { put("fake-codex.script", text); }
  void put(const std::string& name, const std::string& text) const { (void)os::write_file_atomic(file(name), text); }

  /// One object per turn so far, oldest first: argv (without the program), cwd, env, and stdin when it was
  /// read.
  std::vector<Json> calls() const { return starts(true); }
  /// The same for `--version`, `login status` and `debug models`.
  std::vector<Json> questions() const { return starts(false); }

 private:
  std::vector<Json> starts(bool of_turns) const {
    std::vector<Json> out;
    const auto names = os::list_dir(file("fake-calls"));
    if (!names) return out;
    for (const std::string& name : *names) {
      const auto text = os::read_file(os::join(file("fake-calls"), name));
      auto call = json::parse(text ? *text : std::string());
      if (call && ((*call)["argv"][0] == "exec") == of_turns) out.push_back(std::move(*call));
    }
    return out;
  }

  std::string home_;
};

}  // namespace patchbay::support
