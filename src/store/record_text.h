#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "patchbay/json/json.h"
#include "patchbay/store/record_store.h"

/// The text of a record file:
///
///     {
///       "_check": {"schema": 1, "created": 12, "revision": 40, "bytes": 512, "crc32c": "0123abcd"},
///       "job_id": "…",
///       …
///     }
///
/// `bytes` counts what follows the line of `_check`. The sum covers the whole file without its own eight
/// digits. That line keeps this form in every later version, so that an older program knows a newer record
/// from a broken one.
namespace patchbay::store {

inline constexpr int kRecordSchema = 1;
inline constexpr std::size_t kMaxRecordBytes = 8u << 20;
inline constexpr int kMaxRecordDepth = 64;

std::string seal(const RecordOrder& order, const Json& record);

enum class Seal { kIntact, kDamaged, kTooNew };

struct Unsealed {
  Seal seal = Seal::kDamaged;
  std::string reason;  ///< of kDamaged, one clause
  RecordOrder order;
  std::string_view body;  ///< JSON text of the record, inside the buffer
};

/// Checks every byte. `text` is changed in one place, so that `body` is an object of its own.
Unsealed unseal(std::string& text);

/// Parses text that passed unseal(). The fast way first, the strict parser for what that does not know.
Result<Json> parse_body(std::string_view body);

/// A parser for what we write ourselves: no limits but depth, no check for duplicate keys or UTF-8. False for
/// anything that is not plain JSON, and for escapes it leaves to the strict parser.
bool parse_fast(std::string_view text, Json& out);

}  // namespace patchbay::store
