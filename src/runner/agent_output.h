#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "patchbay/os/fd.h"
#include "patchbay/runner/turn.h"
#include "runner/line_splitter.h"
#include "runner/output_log.h"
#include "runner/progress_writer.h"

namespace patchbay::runner {

/// What the agent says: reads its two streams, cuts them into lines, redacts each, and gives it to the interpreter, to
/// the log and to the tails that explain a failure. Raw bytes go no further than this.
class AgentOutput {
 public:
  /// Borrows all of them. `after_event` is called after every event that the interpreter has taken in.
  AgentOutput(const TurnOrder& order, Interpreter& interpreter, ProgressWriter& progress_writer,
              std::function<void()> after_event);

  void open_logs();
  /// The reading ends of the agent's streams, not blocking.
  void attach(os::Fd out, os::Fd err);
  int out_fd() const { return out_.get(); }
  int err_fd() const { return err_.get(); }

  /// Reads once; true when something came.
  bool read_stdout();
  bool read_stderr();
  /// After the agent: takes what is still in the pipes. A survivor that holds a pipe open is not waited for.
  void drain();

  /// When standard output was last looked at because something was there.
  MonoTime heard_at() const { return heard_at_; }
  void start_listening(MonoTime now) { heard_at_ = now; }
  std::int64_t oversized_lines() const { return out_lines_.oversized() + err_lines_.oversized(); }
  void fill_tails(TurnEnd& end) const;
  /// At the very end.
  void cut_logs();

 private:
  template <class Sink>
  bool read_some(os::Fd& fd, std::int64_t& bytes, double& at, const Sink& sink);
  void on_stdout_line(std::string_view raw);
  void on_stderr_line(std::string_view raw);
  bool log_line(std::optional<OutputLog>& log, std::string_view raw, const std::string& redacted, bool always);
  void remember(const std::string& line);

  const TurnOrder& order_;
  Interpreter& interpreter_;
  ProgressWriter& progress_writer_;
  std::function<void()> after_event_;
  os::Fd out_, err_;
  LineSplitter out_lines_, err_lines_;
  std::optional<OutputLog> out_log_, err_log_;
  std::deque<std::string> tail_;
  std::string stderr_tail_;
  MonoTime heard_at_{};
};

}  // namespace patchbay::runner
