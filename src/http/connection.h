#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "http/chunks.h"
#include "http/head.h"
#include "patchbay/base/clock.h"
#include "patchbay/http/server.h"
#include "patchbay/os/fd.h"

namespace patchbay::http {

/// What a connection is waiting for. Each phase has an absolute deadline.
enum class Phase {
  kIdle,    ///< the first byte of the next request
  kHead,    ///< the rest of a request head
  kBody,    ///< the rest of a request body
  kLinger,  ///< the peer's close; what it still sends is thrown away
};

/// Received bytes that were not consumed yet, in one piece of memory.
class InputBuffer {
 public:
  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t n);
  /// Room for at least 2 KiB behind the last byte; grows and moves as needed.
  char* room();
  std::size_t capacity_left() const { return capacity_ - end_; }
  void add(std::size_t n) { end_ += n; }
  void release();  ///< gives the memory back; only when empty

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

/// One client connection with the state of the request it is sending.
///
/// Ownership: passed by unique_ptr between the parking table and the worker that serves it; one thread at a
/// time.
struct Connection {
  Connection(os::Fd socket, std::atomic<int>& open_count) : fd(std::move(socket)), open(open_count) { ++open; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { --open; }

  /// Forgets the request that was answered; the next one may already be in `input`.
  void next_request();

  os::Fd fd;
  std::atomic<int>& open;  ///< the server's count of connections

  Phase phase = Phase::kHead;
  MonoTime deadline{};  ///< of the phase
  MonoTime body_started{};
  bool watched = false;     ///< known to the parking table's epoll set
  bool peer_asked = false;  ///< `request.peer_user` is what the kernel said
  std::size_t drained = 0;  ///< bytes thrown away while lingering

  InputBuffer input;
  HeadScanner scanner;
  Request request;
  Framing framing;
  ChunkDecoder chunks;
  std::string output;  ///< response head, kept for its memory
};

}  // namespace patchbay::http
