#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/config/config.h"

/// The words by which settings files, flags and replies name the values of each enumeration.
namespace patchbay::config {

template <class E>
struct Word {
  E value;
  std::string_view text;
};

// The first word of a value is the one we write; further ones are understood.
template <class E>
inline constexpr Word<E> kWords[] = {};
template <>
inline constexpr Word<ToolMode> kWords<ToolMode>[] = {{ToolMode::kWorker, "worker"},
                                                      {ToolMode::kStandard, "standard"},
                                                      {ToolMode::kFull, "full"},
                                                      {ToolMode::kMinimal, "minimal"}};
template <>
inline constexpr Word<TunnelMode> kWords<TunnelMode>[] = {{TunnelMode::kNone, "none"},
                                                          {TunnelMode::kLocal, "local"},
                                                          {TunnelMode::kCustom, "custom"},
                                                          {TunnelMode::kCloudflare, "cloudflare"},
                                                          {TunnelMode::kCloudflareNamed, "cloudflare-named"},
                                                          {TunnelMode::kNgrok, "ngrok"},
                                                          {TunnelMode::kOpenai, "openai"},
                                                          {TunnelMode::kNone, ""},
                                                          {TunnelMode::kNone, "false"},
                                                          {TunnelMode::kNone, "0"}};
template <>
inline constexpr Word<BashMode> kWords<BashMode>[] = {
    {BashMode::kOff, "off"}, {BashMode::kSafe, "safe"}, {BashMode::kFull, "full"}};
template <>
inline constexpr Word<Sandbox> kWords<Sandbox>[] = {{Sandbox::kReadOnly, "read-only"},
                                                    {Sandbox::kWorkspaceWrite, "workspace-write"},
                                                    {Sandbox::kDangerFullAccess, "danger-full-access"}};
template <>
inline constexpr Word<OwnershipScope> kWords<OwnershipScope>[] = {
    {OwnershipScope::kConversation, "conversation"},
    {OwnershipScope::kToken, "token"},
    {OwnershipScope::kServer, "server"},
    {OwnershipScope::kTransportSession, "transport_session"}};
template <>
inline constexpr Word<SharedWritePolicy> kWords<SharedWritePolicy>[] = {
    {SharedWritePolicy::kSerialized, "serialized"}, {SharedWritePolicy::kManagerControlled, "manager_controlled"}};
template <>
inline constexpr Word<log::Level> kWords<log::Level>[] = {{log::Level::kDebug, "DEBUG"},  {log::Level::kInfo, "INFO"},
                                                          {log::Level::kWarn, "WARNING"}, {log::Level::kError, "ERROR"},
                                                          {log::Level::kOff, "OFF"},      {log::Level::kWarn, "WARN"}};

template <class E>
std::string_view word_of(E value) {
  for (const auto& w : kWords<E>) {
    if (w.value == value) return w.text;
  }
  return {};
}

template <class E>
std::optional<E> from_word(std::string_view text) {
  text = trim(text);
  for (const auto& w : kWords<E>) {
    if (iequals_ascii(w.text, text)) return w.value;
  }
  return std::nullopt;
}

/// One word per value, for messages and the reference page.
template <class E>
std::vector<std::string_view> word_list() {
  std::vector<std::string_view> out;
  for (const auto& w : kWords<E>) {
    if (word_of(w.value) == w.text) out.push_back(w.text);
  }
  return out;
}

/// True and false words of files and environment variables; nothing for any other text.
inline std::optional<bool> bool_word(std::string_view text) {
  text = trim(text);
  for (const std::string_view word : {"true", "yes", "on", "1"}) {
    if (iequals_ascii(text, word)) return true;
  }
  for (const std::string_view word : {"false", "no", "off", "0", ""}) {
    if (iequals_ascii(text, word)) return false;
  }
  return std::nullopt;
}

}  // namespace patchbay::config
