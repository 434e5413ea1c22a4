#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay::workspace {

/// Where a matching line lies. Its text is read from the file itself.
struct RgHit {
  std::int64_t line = 0;
  std::uint64_t offset = 0;  ///< of the line in the file
  std::uint64_t column = 0;  ///< of the first hit in the line, from 0
};

/// Receives what `rg --json` says.
class RgListener {
 public:
  virtual ~RgListener() = default;
  /// The raw path of a file with matches. False: only count its matches.
  virtual bool on_file(std::string path) = 0;
  /// False ends the stream.
  virtual bool on_match(const RgHit& hit) = 0;
  /// A match of a file that is only counted. False ends the stream.
  virtual bool on_counted_match() = 0;
  virtual void on_file_end(bool binary) = 0;
};

/// Cuts the records out of the output of `rg --json`. It builds no tree of values: the few numbers it needs
/// stand behind marks that cannot occur inside a JSON string, because they begin with an unescaped quote. So
/// a record of any length, with the whole text of a huge line in it, costs a search and a bounded buffer.
class RgStream {
 public:
  explicit RgStream(RgListener& listener) : listener_(listener) {}

  /// False once the listener ended the stream.
  bool feed(std::string_view chunk);

 private:
  bool handle(std::string_view record);
  bool handle_match(std::string_view record);
  void handle_begin(std::string_view record);
  void compact();

  RgListener& listener_;
  std::string pending_;     ///< the start of a record whose end has not come yet
  bool skip_rest_ = false;  ///< of the pending record: all that is needed is in `pending_`
  bool wanted_ = false;     ///< the current file's hits are wanted
};

}  // namespace patchbay::workspace
