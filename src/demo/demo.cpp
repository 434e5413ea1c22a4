#include "patchbay/demo/demo.h"

#include <optional>

#include "demo/codex_program.h"
#include "demo/owner_process.h"
#include "demo/playground.h"
#include "demo/screen.h"
#include "demo/tour.h"
#include "patchbay/base/text.h"
#include "patchbay/demo/model_server.h"
#include "patchbay/os/file.h"

namespace patchbay::demo {
namespace {

constexpr std::chrono::seconds kScriptedTurn{180};
constexpr std::chrono::seconds kLiveTurn{900};
constexpr std::chrono::milliseconds kPace{400};

/// Everything the demo starts and makes; what is left of it goes when the object does, in the right order.
class Demo {
 public:
  Demo(const DemoOptions& options, Screen& screen) : options_(options), screen_(screen), env_(clean_environment()) {}

  /// Tells the story. What was started is still there afterwards.
  Status tell();
  /// Ends the processes, then removes the folders: nothing may write into them meanwhile.
  Status clean_up();
  /// The end of PatchBay's log, while the folders are there.
  std::string log() const { return playground_ ? log_tail(playground_->log_file()) : std::string(); }

 private:
  Status introduce();
  Status start_patchbay();

  const DemoOptions& options_;
  Screen& screen_;
  const os::Environment env_;
  std::string codex_;
  std::optional<Playground> playground_;
  std::unique_ptr<ModelServer> model_;
  std::optional<OwnerProcess> owner_;
};

Status Demo::tell() {
  codex_ = PB_TRY(find_codex(options_.codex, env_, options_.live));
  PB_TRY(introduce());
  screen_.heading("Make a repository to play with");
  playground_.emplace(PB_TRY(Playground::create(options_.folder)));
  screen_.fact("repository", playground_->repository());
  screen_.block(PB_TRY(playground_->git({"log", "--oneline", "--stat"})));
  PB_TRY(start_patchbay());
  McpClient client(owner_->port());
  const auto limit = options_.turn_limit.count() > 0 ? options_.turn_limit : options_.live ? kLiveTurn : kScriptedTurn;
  const Status toured = Tour(client, *playground_, screen_, options_.interrupted, limit).run();
  client.disconnect();
  return toured;
}

Status Demo::introduce() {
  const std::string version = PB_TRY(ask_codex(codex_, {"--version"}, env_));
  screen_.title("PatchBay demo: a named Codex worker, from brief to integrated change");
  screen_.fact("codex", version + ", the real program");
  if (!options_.live) {
    screen_.fact("mode", "scripted model: no network and no login; the model's words are prepared,");
    screen_.fact("", "everything else is real. `--live` uses your own Codex login.");
    return {};
  }
  const auto login = ask_codex(codex_, {"login", "status"}, env_);
  if (!login) {
    return Error{ErrorCode::kInvalidState,
                 "the live demo needs a Codex login, and there is none",
                 "Run `codex login`, or the demo without --live.",
                 {}};
  }
  screen_.fact("mode", "live: your own Codex login does the work; this uses your plan or credit");
  screen_.fact("login", *login);
  return {};
}

Status Demo::start_patchbay() {
  screen_.heading("Start PatchBay on it");
  os::Environment env = env_;
  env["PATCHBAY_HOME"] = playground_->home();
  const auto path = env.find("PATH");
  env["PATH"] = os::parent_of(codex_) + ":" + (path == env.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second);
  if (!options_.live) {
    model_ = PB_TRY(ModelServer::start({.pace = options_.terminal ? kPace : std::chrono::milliseconds(0)}));
    PB_TRY(write_codex_home(playground_->codex_home(), model_->port()));
    env["CODEX_HOME"] = playground_->codex_home();
    env["HOME"] = playground_->codex_home();  // keeps the login shell's start files out of it
  }
  const std::string program = options_.program.empty() ? os::self_executable() : options_.program;
  screen_.line("$ patchbay start --root " + playground_->repository() + " --port 0");
  const MonoTime start = system_clock().mono();
  owner_.emplace(
      PB_TRY(OwnerProcess::start(program, codex_, *playground_, env, options_.start_limit, options_.interrupted)));
  screen_.good("ready after " + spell(since(start)) + ": http://127.0.0.1:" + std::to_string(owner_->port()) + "/mcp");
  return {};
}

Status Demo::clean_up() {
  const bool ended = !owner_ || owner_->stop();
  owner_.reset();
  model_.reset();
  if (playground_ && options_.keep) {
    playground_->keep();
    screen_.line("kept: " + playground_->root());
  } else if (playground_) {
    PB_TRY(playground_->remove());
  }
  if (ended) return {};
  return Error{ErrorCode::kInternal, "PatchBay did not end when it was asked to, and had to be killed", {}, {}};
}

int tell_failure(Screen& screen, const Error& error, const std::string& log) {
  screen.failure(error);
  if (!log.empty() && error.hint.find(log) == std::string::npos) {
    screen.line("PatchBay's log ends with:");
    screen.block(log);
  }
  const int status = error_info(error.code).exit_code;
  return status == 0 ? 1 : status;
}

}  // namespace

int run_demo(const DemoOptions& options, std::ostream& out) {
  const MonoTime start = system_clock().mono();
  Screen screen(out, options.terminal);
  Demo demo(options, screen);
  const Status told = demo.tell();
  const std::string log = told ? std::string() : demo.log();
  const Status cleaned = demo.clean_up();
  if (!told) return tell_failure(screen, told.error(), log);
  if (!cleaned) return tell_failure(screen, cleaned.error(), {});
  screen.line("PatchBay has ended" + std::string(options.keep ? "" : ", and the demo's folders are removed"));
  screen.end("All of it took " + spell(since(start)) +
             ". Your own repository is next: patchbay start --root DIRECTORY");
  return 0;
}

}  // namespace patchbay::demo
