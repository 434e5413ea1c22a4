#pragma once

#include <string>
#include <string_view>

#include "patchbay/http/server.h"
#include "patchbay/json/json.h"

namespace patchbay::demo {

/// Writes one streamed answer of the Responses API, event by event.
class ResponseWriter {
 public:
  /// Opens the stream with `response.created`.
  ResponseWriter(http::Exchange& exchange, int unique);

  void message(std::string_view text);
  void reasoning(std::string_view text);
  /// A call of a function tool; `arguments` is its JSON text.
  void function_call(const std::string& call_id, std::string_view name, const Json& arguments);
  /// A call of a freeform tool.
  void custom_call(const std::string& call_id, std::string_view name, std::string_view input);
  void failed(std::string_view code, std::string_view text);
  void garbage();
  void completed();

  http::Stream& stream() { return stream_; }

 private:
  void event(std::string_view type, Json body);
  void item(Json item);

  const std::string id_;
  http::Stream& stream_;
  int items_ = 0;
};

}  // namespace patchbay::demo
