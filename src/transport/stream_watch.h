#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace patchbay::transport {

/// One thread that looks after all open event streams, so that theirs sleep until there is something to send:
/// hundreds of threads that wake for a look each second are what a short call beside them waits for.
///
/// Threads: any.
class StreamWatch {
 public:
  explicit StreamWatch(std::chrono::milliseconds interval) : interval_(interval) {}
  ~StreamWatch();  ///< after the last Watched
  StreamWatch(const StreamWatch&) = delete;
  StreamWatch& operator=(const StreamWatch&) = delete;

 private:
  struct Stream {
    std::function<bool()> tend;
    std::function<void()> lost;
  };

 public:
  /// Keeps a stream watched while it lives. Its destructor waits for a look at the stream that is under way.
  class Watched {
   public:
    Watched(Watched&& other) noexcept : owner_(other.owner_), stream_(other.stream_) { other.owner_ = nullptr; }
    Watched& operator=(Watched&&) = delete;
    ~Watched();

   private:
    friend class StreamWatch;
    Watched(StreamWatch& owner, std::list<Stream>::iterator stream) : owner_(&owner), stream_(stream) {}
    StreamWatch* owner_;
    std::list<Stream>::iterator stream_;
  };

  /// Calls `tend` once in each interval, and `lost` after it has said false. Both are short, come from the thread of
  /// the watch one at a time, and must not come back here. std::system_error when the thread cannot be started.
  [[nodiscard]] Watched watch(std::function<bool()> tend, std::function<void()> lost);

 private:
  void run();

  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Stream> streams_;
  bool stopping_ = false;
  std::thread thread_;  ///< from the first stream on
};

}  // namespace patchbay::transport
