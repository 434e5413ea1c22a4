#include "jobs/monitor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "patchbay/base/log.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/runner/turn.h"

namespace patchbay::jobs {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::seconds kLongestPause{30};

}  // namespace

Monitor::Monitor(Jobs& jobs)
    : jobs_(jobs),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

void Monitor::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
  if (thread_.joinable()) thread_.join();
}

Monitor::~Monitor() {
  stop();
  for (auto& [id, watch] : watches_) watch.child.detach();
  for (Watch& watch : incoming_) watch.child.detach();
}

void Monitor::follow(const std::string& job_id, const std::string& dir, os::Child child) {
  Watch watch;
  watch.job_id = job_id;
  watch.dir = dir;
  watch.child = std::move(child);
  add(std::move(watch));
}

void Monitor::follow(const std::string& job_id, const std::string& dir, const os::ProcessIdentity& runner) {
  Watch watch;
  watch.job_id = job_id;
  watch.dir = dir;
  watch.runner = runner;
  watch.pidfd = os::Fd(static_cast<int>(::syscall(SYS_pidfd_open, runner.pid, 0)));
  add(std::move(watch));
}

void Monitor::settle_later(const std::string& job_id, const std::string& dir) {
  Watch watch;
  watch.job_id = job_id;
  watch.dir = dir;
  watch.ended = true;
  add(std::move(watch));
}

void Monitor::add(Watch watch) {
  std::lock_guard lock(mutex_);
  incoming_.push_back(std::move(watch));
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void Monitor::run() {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (stop_) return;
    }
    take_new();
    poll_once();
  }
}

void Monitor::take_new() {
  std::deque<Watch> fresh;
  {
    std::lock_guard lock(mutex_);
    fresh.swap(incoming_);
  }
  bool started_one = false;
  for (Watch& watch : fresh) {
    const std::string id = watch.job_id;
    started_one = started_one || watch.child.running();
    watch.folder = ::inotify_add_watch(inotify_.get(), watch.dir.c_str(), IN_MOVED_TO);
    if (watch.folder >= 0) by_folder_[watch.folder] = id;
    watches_[id] = std::move(watch);
    // Whatever happened before the watch existed is on disk.
    look(watches_[id]);
  }
  // Where one turn was started another one may follow.
  if (started_one) jobs_.launcher_.prepare();
}

void Monitor::look(const Watch& watch) {
  const auto progress = runner::read_progress(watch.dir);
  if (!progress) return;
  jobs_.apply_progress(watch.job_id, *progress);
  // The turn has its result; only its processes are left. What happens to the slot does not depend on them.
  if (progress->cleaning_up && jobs_.finalize(watch.job_id) != Jobs::Settled::kNotRecorded) jobs_.grant_slots();
}

void Monitor::read_folder_events() {
  alignas(inotify_event) char buffer[16384];
  std::set<std::string> touched;
  for (;;) {
    const ssize_t n = ::read(inotify_.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    for (ssize_t at = 0; at < n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      const auto it = by_folder_.find(event->wd);
      if (it != by_folder_.end()) touched.insert(it->second);
    }
  }
  for (const std::string& id : touched) {
    const auto it = watches_.find(id);
    if (it != watches_.end()) look(it->second);
  }
}

void Monitor::poll_once() {
  std::vector<pollfd> fds = {{wake_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}};
  std::vector<std::string> order;
  for (auto& [id, watch] : watches_) {
    const int fd = watch.child.running() ? watch.child.pidfd() : watch.pidfd.get();
    fds.push_back({watch.ended ? -1 : fd, POLLIN, 0});
    order.push_back(id);
  }
  ::poll(fds.data(), fds.size(), patience());
  std::uint64_t drained = 0;
  if (fds[0].revents != 0) (void)!::read(wake_.get(), &drained, sizeof drained);
  if (fds[1].revents != 0) read_folder_events();

  for (std::size_t i = 0; i < order.size(); ++i) {
    Watch& watch = watches_[order[i]];
    if (!watch.ended) {
      if (watch.child.running()) {
        watch.ended = watch.child.try_wait().has_value();
      } else {
        watch.ended = fds[i + 2].revents != 0 || !os::is_alive(watch.runner);
      }
    }
    if (watch.ended) settle(watch);
  }
  std::erase_if(watches_, [](const auto& item) { return item.second.job_id.empty(); });
}

/// How long to sleep when nothing happens, in milliseconds.
int Monitor::patience() const {
  const MonoTime now = system_clock().mono();
  MonoTime next = now + kPatience;
  for (const auto& [id, watch] : watches_) {
    if (watch.ended) next = std::min(next, watch.next_try);
  }
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
  return static_cast<int>(std::max<long long>(wait, 0));
}

void Monitor::settle(Watch& watch) {
  const MonoTime now = system_clock().mono();
  if (now < watch.next_try) return;
  const Jobs::Settled settled = jobs_.finalize(watch.job_id);
  if (settled != Jobs::Settled::kNotRecorded) jobs_.grant_slots();
  if (settled != Jobs::Settled::kDone) {  // the disk is full, or something does not die
    watch.next_try = now + watch.pause;
    watch.pause = std::min<MonoTime::duration>(2 * watch.pause, kLongestPause);
    return;
  }
  if (watch.folder >= 0) {
    ::inotify_rm_watch(inotify_.get(), watch.folder);
    by_folder_.erase(watch.folder);
  }
  watch.job_id.clear();
}

}  // namespace patchbay::jobs
