#include "patchbay/base/redact.h"
namespace patchbay {
std::vector<SecretSpan> find_secrets(std::string_view) { return {}; }
std::string redact(std::string_view text, int*) { return std::string(text); }
void register_secret_literal(std::string_view) {}
}  // namespace patchbay
