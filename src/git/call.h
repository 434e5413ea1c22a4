#pragma once

#include "git/ops.h"
#include "git/wire.h"

/// One operation seen from both ends: the client packs arguments, the helper unpacks them and calls.
namespace patchbay::git {

template <class F>
struct Signature;
template <class R, class... A>
struct Signature<Result<R> (*)(A...)> {
  using Value = R;
  using Arguments = std::tuple<std::decay_t<A>...>;
};

/// {"op": name, "until": deadline in ns of the monotonic clock, which both processes share, "args": [...]}
template <class... A>
wire::Frame pack_request(const char* op, MonoTime deadline, const A&... args) {
  wire::Frame frame;
  frame.json["op"] = op;
  frame.json["until"] = std::chrono::nanoseconds(deadline.time_since_epoch()).count();
  Json list = Json::array();
  (list.push_back(wire::write(args, frame.raw)), ...);
  frame.json["args"] = std::move(list);
  return frame;
}

template <class R>
wire::Frame pack_reply(const Result<R>& result) {
  wire::Frame frame;
  if (!result.ok()) {
    frame.json["error"] = wire::write_error(result.error());
  } else if constexpr (std::is_void_v<R>) {
    frame.json["ok"] = true;
  } else {
    frame.json["ok"] = wire::write(result.value(), frame.raw);
  }
  return frame;
}

template <class R>
Result<R> unpack_reply(const wire::Frame& frame) {
  if (const Json* error = json::find(frame.json, "error")) return wire::read_error(*error);
  const Json* ok = json::find(frame.json, "ok");
  const Error damaged{ErrorCode::kInternal, "The git helper gave an answer that makes no sense.", "", ""};
  if (!ok) return damaged;
  if constexpr (std::is_void_v<R>) {
    return {};
  } else {
    R value{};
    if (!wire::read(*ok, frame.raw, value)) return damaged;
    return value;
  }
}

/// Body of one operation in the helper.
template <auto Function>
wire::Frame serve(const wire::Frame& request) {
  using S = Signature<decltype(Function)>;
  typename S::Arguments arguments{};
  const Json* list = json::find(request.json, "args");
  bool ok = list && list->is_array() && list->size() == std::tuple_size_v<typename S::Arguments>;
  std::size_t i = 0;
  std::apply([&](auto&... argument) { ((ok = ok && wire::read((*list)[i++], request.raw, argument)), ...); },
             arguments);
  if (!ok) return pack_reply<void>(Error{ErrorCode::kInternal, "A request to the git helper is malformed.", "", ""});
  return pack_reply(std::apply(Function, arguments));
}

}  // namespace patchbay::git
