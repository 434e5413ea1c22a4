#include "runner/agent_output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::runner {
namespace {

constexpr std::chrono::milliseconds kDrainAfterExit{300};
constexpr std::size_t kTailLines = 40;
constexpr std::size_t kTailLineBytes = 500;
constexpr std::size_t kStderrTailBytes = 4000;
constexpr json::ParseLimits kEventLimits{.max_depth = 64, .max_members = 10'000, .max_nodes = 200'000};

/// Redacts decoded strings in place, so that the JSON stays valid and numbers stay numbers.
void redact_strings(Json& value) {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    if (!find_secrets(text).empty()) text = redact(text);
  } else if (value.is_structured()) {
    for (auto& child : value) redact_strings(child);
  }
}

}  // namespace

AgentOutput::AgentOutput(const TurnOrder& order, Interpreter& interpreter, ProgressWriter& progress_writer,
                         std::function<void()> after_event)
    : order_(order),
      interpreter_(interpreter),
      progress_writer_(progress_writer),
      after_event_(std::move(after_event)),
      out_lines_(static_cast<std::size_t>(order.limits.line_max_bytes)),
      err_lines_(static_cast<std::size_t>(order.limits.line_max_bytes)) {}

void AgentOutput::open_logs() {
  const std::string& dir = order_.log_dir.empty() ? order_.job_dir : order_.log_dir;
  (void)os::make_private_dirs(dir);
  const std::int64_t most = order_.limits.capture_max_bytes;
  if (auto log = OutputLog::create(os::join(dir, "stdout.log"), most)) out_log_ = std::move(*log);
  if (auto log = OutputLog::create(os::join(dir, "stderr.log"), most)) err_log_ = std::move(*log);
}

void AgentOutput::attach(os::Fd out, os::Fd err) {
  out_ = std::move(out);
  err_ = std::move(err);
}

bool AgentOutput::read_stdout() {
  heard_at_ = system_clock().mono();
  return read_some(out_, interpreter_.progress().stdout_bytes, interpreter_.progress().last_stdout_at,
                   [this](std::string_view data) {
                     out_lines_.feed(data, [this](std::string_view line) { on_stdout_line(line); });
                   });
}
bool AgentOutput::read_stderr() {
  return read_some(err_, interpreter_.progress().stderr_bytes, interpreter_.progress().last_stderr_at,
                   [this](std::string_view data) {
                     err_lines_.feed(data, [this](std::string_view line) { on_stderr_line(line); });
                   });
}

template <class Sink>
bool AgentOutput::read_some(os::Fd& fd, std::int64_t& bytes, double& at, const Sink& sink) {
  if (!fd) return false;
  char buffer[65536];
  const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n <= 0) {
    fd.reset();
    return false;
  }
  bytes += n;
  at = interpreter_.progress().heartbeat_at = epoch_seconds(system_clock().wall());
  progress_writer_.changed();
  sink(std::string_view(buffer, static_cast<std::size_t>(n)));
  return true;
}

void AgentOutput::on_stdout_line(std::string_view raw) {
  if (trim(raw).empty()) return;
  const std::string text = sanitize_utf8(raw);
  auto event = json::parse(text, kEventLimits);
  if (!event || !event->is_object()) {
    ++interpreter_.progress().invalid_lines;
    const std::string line = redact(text);
    remember(line);
    log_line(out_log_, raw, line, false);
    return;
  }
  redact_strings(*event);
  const std::string line = json::dump(*event);
  const auto keep = interpreter_.on_event(*event, epoch_seconds(system_clock().wall()));
  remember(line);
  if (!log_line(out_log_, raw, line, keep == Interpreter::Keep::kAlways)) ++interpreter_.progress().dropped_items;
  after_event_();
}

void AgentOutput::on_stderr_line(std::string_view raw) {
  const std::string line = redact(sanitize_utf8(raw));
  interpreter_.on_stderr(line);
  stderr_tail_ += line + "\n";
  if (stderr_tail_.size() > 2 * kStderrTailBytes) stderr_tail_ = utf8_suffix(stderr_tail_, kStderrTailBytes);
  log_line(err_log_, raw, line, false);
}

bool AgentOutput::log_line(std::optional<OutputLog>& log, std::string_view raw, const std::string& redacted,
                           bool always) {
  return log && log->append(order_.limits.raw_logs ? raw : std::string_view(redacted), always);
}

void AgentOutput::remember(const std::string& line) {
  tail_.emplace_back(utf8_prefix(line, kTailLineBytes));
  if (tail_.size() > kTailLines) tail_.pop_front();
}

void AgentOutput::drain() {
  const MonoTime deadline = system_clock().mono() + kDrainAfterExit;
  while ((out_ || err_) && system_clock().mono() < deadline) {
    pollfd fds[2] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
    if (::poll(fds, 2, 20) < 0) break;
    while (read_stdout()) {
    }
    while (read_stderr()) {
    }
  }
  out_lines_.finish([this](std::string_view line) { on_stdout_line(line); });
  err_lines_.finish([this](std::string_view line) { on_stderr_line(line); });
}

void AgentOutput::fill_tails(TurnEnd& end) const {
  end.stderr_tail = std::string(utf8_suffix(stderr_tail_, kStderrTailBytes));
  end.stdout_tail.clear();
  for (const std::string& line : tail_) end.stdout_tail += line + "\n";
}

void AgentOutput::cut_logs() {
  if (order_.limits.raw_logs) return;
  if (out_log_) out_log_->cut(order_.limits.log_max_bytes);
  if (err_log_) err_log_->cut(order_.limits.log_max_bytes);
}

}  // namespace patchbay::runner
