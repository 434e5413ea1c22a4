#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// What a found secret is replaced by. Public contract: clients and evals look for it.
inline constexpr std::string_view kRedacted = "[REDACTED_POSSIBLE_SECRET]";

enum class SecretConfidence {
  kHigh,    ///< a provider's key format, a private key block, credentials in a URL: redacted, blocks writes
  kMedium,  ///< an assignment whose name says secret: redacted in output, never blocks a write
};

struct SecretSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  SecretConfidence confidence = SecretConfidence::kHigh;
  std::string_view kind;  ///< static text, for example "github_token"
};

/// Finds secrets in payload text. Linear time; line-local except private key blocks.
///
/// Spans are sorted and do not overlap. Numbers, environment references, placeholders, booleans and the
/// marker itself are never secrets, so redacting twice changes nothing.
std::vector<SecretSpan> find_secrets(std::string_view text);

/// Whether a line, in a comment or in quotes as well, could be one of a private key block that begins elsewhere: who
/// shows such a line has to look at what stands around it.
bool may_be_inside_private_key(std::string_view line);

/// `text` with every found secret replaced by kRedacted. `count`, when given, is increased by the number.
std::string redact(std::string_view text, int* count = nullptr);

/// Makes an exact value (the server's own token) a secret wherever it appears. At least 8 bytes; shorter
/// ones are ignored. From any thread; a token that was replaced stays one.
void register_secret_literal(std::string_view value);

/// Makes the value of `name` in a URL's query a secret, as it is for "patchbay_token" and "token"
/// (`auth.query_token_names`). Call before serving; not thread-safe against `redact`.
void register_query_token_name(std::string_view name);

}  // namespace patchbay
