#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

#include "patchbay/json/json.h"

namespace patchbay::mcp {

/// Every cap of the protocol library; exceeding one has a defined answer.
struct Limits {
  json::ParseLimits json;
  std::size_t id_bytes = 256;
  std::size_t method_bytes = 128;
  std::size_t batch_elements = 32;
  std::size_t result_text_bytes = 64u << 10;  ///< text of one result (6.2)
  std::size_t response_bytes = 4u << 20;
  std::chrono::milliseconds max_call{45'000};
  std::chrono::milliseconds question_timeout{120'000};  ///< server→client requests (G20)
  int running_calls = 128;
  int running_calls_per_credential = 64;
  int waiting_calls = 128;
  int streams = 256;  ///< all event streams of the server
  int streams_per_session = 8;
  int listens_per_credential = 64;
  std::size_t listen_uris = 64;     ///< per listen stream, and per legacy session
  std::size_t stream_events = 256;  ///< ring of one stream
  std::size_t stream_bytes = 1u << 20;
  std::size_t queued_without_reader = 64;
  std::chrono::seconds stream_age{600};
  int sessions = 256;
  std::chrono::seconds session_idle{3600};
  std::chrono::seconds handle_idle{24 * 3600};
  std::chrono::seconds handle_age{7 * 24 * 3600};
  std::chrono::seconds request_key_age{24 * 3600};
  std::chrono::seconds mode_idle{24 * 3600};
  std::chrono::seconds url_mode_age{3600};
  std::chrono::seconds round_state_age{600};
  std::chrono::milliseconds progress_interval{1000};
  std::size_t page_size = 0;  ///< entries per list page; 0: everything on one page (M17)
};

/// A counted resource: take a permit or be told there is none left. Thread-safe.
class Slots {
 public:
  explicit Slots(int limit) : state_(std::make_shared<State>(limit)) {}

  class Permit {
   public:
    Permit() = default;
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&& other) noexcept {
      release();
      state_ = std::move(other.state_);
      return *this;
    }
    ~Permit() { release(); }

   private:
    friend class Slots;
    void release();
    std::shared_ptr<struct SlotState> state_;
  };

  std::optional<Permit> take();
  int used() const;

 private:
  using State = struct SlotState;
  std::shared_ptr<SlotState> state_;
};

struct SlotState {
  explicit SlotState(int n) : limit(n) {}
  std::mutex mutex;
  int limit;
  int used = 0;
};

}  // namespace patchbay::mcp
