#pragma once

#include <string>
#include <string_view>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

/// HTTP as lean as it can be, so that the client's own work does not hide the server's.
namespace patchbay::bench {

/// Follows one response with a Content-Length at a time.
class ResponseReader {
 public:
  enum class State { kMore, kComplete, kUnexpected };
  /// Takes what arrived; never more than one response is under way. kUnexpected: not a 200 with a length.
  State feed(std::string_view data);
  /// Ready for the next response.
  void reset();
  void keep_body(bool keep) { keep_ = keep; }
  const std::string& body() const { return body_; }
  const std::string& head() const { return head_; }

 private:
  bool read_head();

  std::string head_, body_;
  bool in_body_ = false, keep_ = false;
  std::size_t left_ = 0;
};

/// A connection to 127.0.0.1, TCP_NODELAY on.
Result<os::Fd> connect_loopback(int port);

/// One request on a blocking connection; gives the body.
Result<std::string> exchange(int fd, const std::string& request);

}  // namespace patchbay::bench
