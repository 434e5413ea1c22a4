#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "patchbay/base/clock.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/process.h"

namespace patchbay::jobs {

class Jobs;

/// The one thread that follows runners: it watches their folders for progress, reaps those that are our children and
/// hands every end to Jobs.
class Monitor {
 public:
  explicit Monitor(Jobs& jobs);
  ~Monitor();  ///< runners are detached, never killed
  /// Ends the thread. Runners that are followed from here on are only detached.
  void stop();

  /// Follows a runner that was just started.
  void follow(const std::string& job_id, const std::string& dir, os::Child child);
  /// Follows a runner that another owner started.
  void follow(const std::string& job_id, const std::string& dir, const os::ProcessIdentity& runner);
  /// Goes on with a job whose runner has ended, but which is not settled yet.
  void settle_later(const std::string& job_id, const std::string& dir);

 private:
  struct Watch {
    std::string job_id, dir;
    os::Child child;  ///< running when the runner is ours to reap
    os::ProcessIdentity runner;
    os::Fd pidfd;     ///< of an adopted runner
    int folder = -1;  ///< inotify watch descriptor
    bool ended = false;
    MonoTime next_try{};                                       ///< to settle, once ended
    MonoTime::duration pause{std::chrono::milliseconds(200)};  ///< after the next try that does not
  };

  void run();
  void add(Watch watch);
  void look(const Watch& watch);
  int patience() const;
  void take_new();
  void read_folder_events();
  void poll_once();
  void settle(Watch& watch);

  Jobs& jobs_;
  os::Fd inotify_, wake_;
  std::map<std::string, Watch> watches_;  ///< monitor thread only
  std::map<int, std::string> by_folder_;  ///< monitor thread only

  std::mutex mutex_;
  std::deque<Watch> incoming_;  ///< guarded by mutex_
  bool stop_ = false;           ///< guarded by mutex_

  std::thread thread_;
};

}  // namespace patchbay::jobs
