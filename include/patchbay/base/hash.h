#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace patchbay {

std::string to_hex(std::string_view bytes);

/// SHA-256 of `data` as 32 bytes, or as 64 lower-case hex digits.
std::string sha256(std::string_view data);
std::string sha256_hex(std::string_view data);

/// HMAC-SHA-256, 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);

/// Compares in time that depends on the lengths only.
bool equal_constant_time(std::string_view a, std::string_view b);

/// Base64url without padding (RFC 4648 section 5).
std::string base64url_encode(std::string_view data);
/// Strict: no padding, no foreign character; false and `out` untouched otherwise.
bool base64url_decode(std::string_view text, std::string* out);
/// Standard base64 with padding.
std::string base64_encode(std::string_view data);
/// Strict standard base64 with padding; false otherwise.
bool base64_decode(std::string_view text, std::string* out);

/// SHA-1 over data that arrives in pieces, for git's file formats only. Not thread-safe.
class Sha1 {
 public:
  Sha1();
  ~Sha1();
  Sha1(Sha1&&) noexcept;
  Sha1& operator=(Sha1&&) noexcept;
  void update(std::string_view data);
  /// 20 bytes. The object may not be used afterwards.
  std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// SHA-256 over data that arrives in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view data);
  /// 32 bytes. The object may not be used afterwards.
  std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay
