// The front end: bytes between a host's pipes and the owner's socket, nothing else.

#include <thread>

#include "patchbay/os/stream.h"
#include "patchbay/transport/lines.h"

namespace patchbay::transport {
namespace {

constexpr std::size_t kPiece = 64u << 10;
constexpr std::chrono::seconds kWriteDeadline{30};
constexpr std::chrono::seconds kLookForParent{1};
constexpr std::chrono::seconds kFinishWithin{2};

MonoTime from_now(std::chrono::milliseconds span) {
  return system_clock().mono() + span;
}

enum class Copied { kSome, kEnd, kBroken };

Copied copy_some(int from, int to, const CancelToken& stop) {
  const auto bytes = os::read_some(from, kPiece);
  if (!bytes.ok()) return Copied::kBroken;
  if (bytes->empty()) return Copied::kEnd;
  return os::write_all_until(to, *bytes, from_now(kWriteDeadline), stop).ok() ? Copied::kSome
                                                                              : Copied::kBroken;
}

}  // namespace

Result<os::Fd> claim_stdout(int fd) {
  auto own = PB_TRY(os::duplicate(fd));
  PB_TRY(os::redirect(2, fd));
  return own;
}

Status relay(int fd_in, int fd_out, int socket, const Hello& hello, CancelToken stop) {
  const Error lost{
      ErrorCode::kIoError, "The connection to the server broke.", "Start the host's connection again.", {}};
  PB_TRY(os::write_all_until(socket, hello_line(hello), from_now(kWriteDeadline)));
  auto made = os::Wake::create();
  if (!made.ok()) return std::move(made).error();
  const auto wake = std::make_shared<os::Wake>(std::move(made).value());
  const auto on_stop = stop.on_cancel([wake] { wake->wake(); });
  const pid_t parent = os::parent_pid();

  // Answers go out on a thread of their own: a host that is slow to read must not keep us from reading it, or
  // two full pipes would wait for each other.
  CancelToken answers_ended, give_up_writing;
  bool broken = false;
  std::thread answers([&, wake] {
    Copied copied = Copied::kSome;
    while (copied == Copied::kSome) copied = copy_some(socket, fd_out, give_up_writing);
    broken = copied == Copied::kBroken;
    answers_ended.cancel();
    wake->wake();
  });

  bool input_open = true;
  MonoTime give_up = MonoTime::max();
  while (!answers_ended.cancelled() && system_clock().mono() < give_up) {
    const auto ready = os::wait_any_readable({wake->fd(), input_open ? fd_in : -1},
                                             std::min(give_up, from_now(kLookForParent)));
    if (ready.ok() && *ready == 0) wake->clear();
    if (!input_open) continue;
    const bool end_now = !ready.ok() || stop.cancelled() || os::parent_pid() != parent;
    if (end_now || (*ready == 1 && copy_some(fd_in, socket, answers_ended) != Copied::kSome)) {
      input_open = false;
      os::end_writing(socket);
      give_up = from_now(kFinishWithin);
    }
  }
  const bool ended_first = answers_ended.cancelled() && input_open;
  os::end_both(socket);  // frees the other thread, whatever it waits for
  give_up_writing.cancel();
  answers.join();
  if (ended_first || (broken && input_open)) return lost;
  return {};
}

}  // namespace patchbay::transport
