// `patchbay run-turn`: one single-threaded poll loop around one agent.
//
//   order read, lock held, receipt sent
//     -> queued (optional) -> start-up gate (optional) -> agent runs -> agent gone or stopped -> pipes drained
//     -> descendants swept -> result.json -> swept for as long as any is left -> exit.json -> logs cut
//
// Every limit is a deadline on the monotonic clock and the loop sleeps until the nearest one.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "patchbay/base/log.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/os/fd_passing.h"
#include "patchbay/os/file.h"
#include "patchbay/runner/turn.h"
#include "runner/agent_output.h"
#include "runner/agent_process.h"
#include "runner/durations.h"
#include "runner/order_json.h"
#include "runner/progress_writer.h"
#include "runner/turn_files.h"

namespace patchbay::runner {
namespace {

constexpr std::size_t kMaxOrderBytes = 64u << 20;
constexpr int kOwnerSocket = 3;
constexpr std::chrono::milliseconds kLongestSweepPause{1000};
double wall_now() { return epoch_seconds(system_clock().wall()); }

class TurnLoop {
 public:
  TurnLoop(TurnOrder order, const InterpreterFactory& factory, os::Fd signals, TurnCgroup& cgroup)
      : order_(std::move(order)),
        interpreter_(factory(order_.interpreter)),
        agent_(order_.limits, cgroup),
        signals_(std::move(signals)),
        progress_writer_(path("progress.json")),
        output_(order_, *interpreter_, progress_writer_, [this] { note_end(); }),
        files_(order_.job_dir) {}

  int run() {
    output_.open_logs();
    progress().heartbeat_at = wall_now();
    flush_progress(true);
    wait_for_slot();
    if (!stopped_) pass_startup_gate();
    if (!stopped_) start_agent();
    while (agent_.running()) step();
    output_.drain();
    in_.reset();
    gate_.release();
    const bool empty = agent_.sweep();
    conclude();
    if (!empty) outlast_survivors();
    if (!order_.command.temp_dir.empty()) (void)os::remove_tree(order_.command.temp_dir);
    files_.write_exit(exit_record());
    output_.cut_logs();
    return 0;
  }

 private:
  std::string path(std::string_view name) const { return os::join(order_.job_dir, name); }
  Progress& progress() { return interpreter_->progress(); }

  void set_phase(const char* phase) {
    progress().phase = phase;
    progress().heartbeat_at = wall_now();
    flush_progress(true);
  }

  void flush_progress(bool force = false) {
    progress_writer_.changed();
    progress_writer_.flush(progress(), system_clock().mono(), force);
  }

  // ---- before the agent ----

  void wait_for_slot() {
    if (!order_.wait_for_slot) return;
    set_phase("queued");
    while (!stopped_ && !os::exists(path("go"))) poll_signals_only(std::chrono::milliseconds(50));
  }

  void pass_startup_gate() {
    if (order_.command.startup_gate.empty()) return;
    const MonoTime deadline = system_clock().mono() + seconds(order_.limits.startup_gate_seconds);
    for (;;) {
      auto gate = os::FileLock::try_acquire(order_.command.startup_gate);
      if (!gate) return;  // a gate that cannot be opened must not keep work from starting
      if (gate->held()) {
        gate_ = std::move(*gate);
        gate_until_ = system_clock().mono() + seconds(order_.limits.startup_gate_seconds);
        return;
      }
      if (progress().phase != "waiting_for_codex_startup_gate") set_phase("waiting_for_codex_startup_gate");
      if (stopped_ || system_clock().mono() >= deadline) return;
      poll_signals_only(std::chrono::milliseconds(25));
    }
  }

  void poll_signals_only(std::chrono::milliseconds wait) {
    pollfd p{signals_.get(), POLLIN, 0};
    if (::poll(&p, 1, static_cast<int>(wait.count())) > 0) read_signals();
  }

  void start_agent() {
    set_phase("launching");
    started_at_ = wall_now();
    started_ = system_clock().mono();
    output_.start_listening(started_);
    make_temp_dir();
    interpreter_->on_start(started_at_);
    os::Fd out, err;
    const Status started = agent_.start(order_, &in_, &out, &err);
    if (!started.ok()) {
      end_.reason = TurnEnd::Reason::kSpawnFailed;
      end_.spawn_error = started.error().message;
      started_at_ = 0;
      return;
    }
    for (const os::Fd* fd : {&in_, &out, &err}) {
      if (*fd) os::set_nonblocking(fd->get(), true);
    }
    output_.attach(std::move(out), std::move(err));
    prompt_left_ = order_.prompt;
    if (prompt_left_.empty()) in_.reset();
    set_phase("waiting_for_session");
  }

  void make_temp_dir() {
    const std::string& dir = order_.command.temp_dir;
    if (dir.empty() || os::make_private_dirs(dir).ok()) return;
    log::error("run-turn: no folder for temporary files; the shared one is used");
    order_.command.env.erase("TMPDIR");
  }

  // ---- while the agent runs ----

  void step() {
    const MonoTime now = system_clock().mono();
    pollfd fds[4] = {{signals_.get(), POLLIN, 0},
                     {output_.out_fd(), POLLIN, 0},
                     {output_.err_fd(), POLLIN, 0},
                     {in_.get(), POLLOUT, 0}};
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_deadline(now) - now).count();
    if (::poll(fds, 4, static_cast<int>(std::clamp<long long>(wait, 0, 10'000))) < 0) return;
    if (fds[0].revents != 0) read_signals();
    if (fds[3].revents != 0) feed_prompt();
    if (fds[1].revents != 0) output_.read_stdout();
    if (fds[2].revents != 0) output_.read_stderr();
    agent_.reap();
    check_deadlines(system_clock().mono());
    progress_writer_.flush(progress(), system_clock().mono());
  }

  MonoTime next_deadline(MonoTime now) const {
    MonoTime next = now + std::chrono::seconds(10);
    const auto consider = [&](MonoTime t) { next = std::min(next, t); };
    if (progress_writer_.dirty()) consider(progress_writer_.next());
    consider(agent_.next_step());
    if (!agent_.stopping()) {
      if (order_.limits.timeout_seconds > 0) consider(started_ + seconds(order_.limits.timeout_seconds));
      if (wants_session_start()) consider(started_ + seconds(order_.limits.session_start_timeout_seconds));
      if (turn_over_at_) consider(*turn_over_at_ + seconds(order_.limits.completion_grace_seconds));
      if (wants_look()) consider(next_look());
    }
    if (gate_.held()) consider(gate_until_);
    return next;
  }

  bool wants_session_start() const {
    return order_.interpreter.json_events && order_.limits.session_start_timeout_seconds > 0 &&
           !interpreter_->session_started();
  }

  bool wants_look() const { return order_.limits.quiet_look_seconds > 0 && !turn_over_at_; }
  MonoTime next_look() const {
    return std::max(output_.heard_at(), looked_at_) + seconds(order_.limits.quiet_look_seconds);
  }

  void check_deadlines(MonoTime now) {
    if (gate_.held() && (interpreter_->session_started() || now >= gate_until_)) gate_.release();
    agent_.advance(now);
    if (agent_.stopping()) return;
    if (wants_look() && now >= next_look()) {
      looked_at_ = now;
      interpreter_->look_for_end();
      note_end();
    }
    const auto passed = [&](double limit) { return limit > 0 && now >= started_ + seconds(limit); };
    if (stopped_) {
      stop(TurnEnd::Reason::kCancelled, false);
    } else if (interpreter_->wrong_session()) {
      stop(TurnEnd::Reason::kExited, false);
    } else if (turn_over_at_ && now >= *turn_over_at_ + seconds(order_.limits.completion_grace_seconds)) {
      stop(TurnEnd::Reason::kCompletedAndLingered, true);
    } else if (wants_session_start() && passed(order_.limits.session_start_timeout_seconds)) {
      stop(TurnEnd::Reason::kSessionStartTimeout, false);
    } else if (passed(order_.limits.timeout_seconds)) {
      stop(TurnEnd::Reason::kTimeout, false);
    }
  }

  void stop(TurnEnd::Reason reason, bool quick) {
    end_.reason = reason;
    agent_.begin_stop(system_clock().mono(), quick);
  }

  void read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) stopped_ = true;
    }
  }

  void feed_prompt() {
    const ssize_t n = ::write(in_.get(), prompt_left_.data(), prompt_left_.size());
    if (n > 0) prompt_left_.remove_prefix(static_cast<std::size_t>(n));
    // An agent that closes its input early is its own affair (EPIPE).
    if (prompt_left_.empty() || (n < 0 && errno != EAGAIN && errno != EINTR)) in_.reset();
  }

  /// The end of the turn is put in writing before anybody can see it: whatever happens to us now, its report stays.
  void note_end() {
    if (interpreter_->turn_over() == turn_over_at_.has_value()) return;
    if (turn_over_at_) {  // the program took up another turn
      turn_over_at_.reset();
      progress().turn_over = false;
      files_.drop_evidence();
    } else {
      turn_over_at_ = system_clock().mono();
      const Progress before = progress();
      files_.write_evidence(judge());
      progress() = before;
      progress().turn_over = true;
    }
    flush_progress(true);
  }

  // ---- after the agent ----

  Outcome judge() {
    output_.fill_tails(end_);
    return interpreter_->finish(end_);
  }

  void conclude() {
    if (stopped_ && !interpreter_->turn_over() && end_.reason == TurnEnd::Reason::kExited) {
      end_.reason = TurnEnd::Reason::kCancelled;
    }
    progress().oversized_lines = output_.oversized_lines();
    end_.status = agent_.exit_status().value_or(os::ExitStatus{});
    if (!order_.command.last_message_file.empty()) {
      if (auto text = os::read_file(order_.command.last_message_file)) end_.last_message = redact(sanitize_utf8(*text));
      (void)os::remove_file(order_.command.last_message_file);
    }
    const Outcome outcome = judge();
    ended_at_ = wall_now();
    flush_progress(true);
    files_.write_result(outcome);
  }

  /// What cannot be killed (it sleeps in the kernel, it belongs to another user) may still write. So we stay, and the
  /// locks with us, until it is gone: a time limit here would only be a guess that it is harmless.
  void outlast_survivors() {
    progress().cleaning_up = true;
    flush_progress(true);
    std::chrono::milliseconds pause{10};
    while (!agent_.sweep_once()) {
      ::usleep(static_cast<useconds_t>(std::chrono::microseconds(pause).count()));
      pause = std::min(2 * pause, kLongestSweepPause);
    }
    progress().cleaning_up = false;
    flush_progress(true);
  }

  TurnExit exit_record() const {
    static constexpr const char* kReasons[] = {"exited",    "lingered",    "timeout", "session_start_timeout",
                                               "cancelled", "spawn_failed"};
    TurnExit e;
    e.reason = kReasons[static_cast<int>(end_.reason)];
    if (const auto status = agent_.exit_status()) (status->signalled ? e.signal : e.exit_code) = status->code;
    e.started_at = started_at_;
    e.ended_at = ended_at_;
    e.tree_empty = true;
    return e;
  }

  TurnOrder order_;
  std::unique_ptr<Interpreter> interpreter_;
  AgentProcess agent_;
  os::Fd signals_, in_;
  ProgressWriter progress_writer_;
  AgentOutput output_;
  TurnFiles files_;
  os::FileLock gate_;
  MonoTime gate_until_{};
  std::string_view prompt_left_;
  double started_at_ = 0, ended_at_ = 0;
  MonoTime started_{}, looked_at_{};
  std::optional<MonoTime> turn_over_at_;
  bool stopped_ = false;
  TurnEnd end_;
};

Result<TurnOrder> read_order(int fd) {
  std::string text = PB_TRY(os::read_to_end(fd, kMaxOrderBytes));
  const std::size_t newline = text.find('\n');
  if (newline == std::string::npos) return Error{ErrorCode::kInternal, "incomplete order", {}, {}};
  const Json j = PB_TRY(json::parse(std::string_view(text).substr(0, newline)));
  TurnOrder order = order_from_json(j);
  order.prompt = text.substr(newline + 1);
  return order;
}

}  // namespace

int run_turn_main(const InterpreterFactory& factory) {
  ::umask(077);
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (::fcntl(kOwnerSocket, F_SETFD, FD_CLOEXEC) < 0) {
    log::error("run-turn is started by the owner, not by hand");
    return 2;
  }
  os::Fd owner(kOwnerSocket);
  // Before the order comes: then it is nobody who waits for the kernel. The agent will be born where we are.
  TurnCgroup cgroup;
  cgroup.open(own_cgroup());
  cgroup.enter();
  // The order first; repository locks, where there are any, are held for as long as this program lives.
  auto passed = os::receive_fds(owner.get());
  if (!passed) return 70;
  if (passed->empty()) return 0;
  auto order = read_order(passed->front().get());
  passed->front().reset();
  if (!order) return 70;
  auto lock = os::FileLock::try_acquire(os::join(order->job_dir, "run.lock"));
  if (!lock || !lock->held()) return 75;
  if (const auto self = os::identify(::getpid())) {
    if (!lock->set_info(fmt::format("{} {} {}\n", self->pid, self->start_ticks, self->boot_id)).ok()) return 74;
  }

  sigset_t mask;
  sigemptyset(&mask);
  for (const int signo : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&mask, signo);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  os::Fd signals(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return 70;

  if (!os::write_all(owner.get(), "k").ok()) return 70;
  owner.reset();
  return TurnLoop(std::move(*order), factory, std::move(signals), cgroup).run();
}

}  // namespace patchbay::runner
