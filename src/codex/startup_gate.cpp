#include "codex/startup_gate.h"

#include "patchbay/base/hash.h"
#include "patchbay/json/json.h"
#include "patchbay/os/file.h"

namespace patchbay::codex {
namespace {

constexpr std::size_t kLargestAuthFile = 1u << 20;

}  // namespace

bool login_refreshes_tokens(const std::string& codex_home, const os::Environment& env) {
  const auto key = env.find("CODEX_API_KEY");
  if (key != env.end() && !key->second.empty()) return false;
  const auto text = os::read_file(os::join(codex_home, "auth.json"), kLargestAuthFile);
  if (!text) return false;
  const auto auth = json::parse(*text);
  if (!auth || !json::get_string(*auth, "OPENAI_API_KEY").empty()) return false;
  const Json* tokens = json::find(*auth, "tokens");
  return tokens != nullptr && !json::get_string(*tokens, "refresh_token").empty();
}

std::string startup_gate_file(const std::string& gate_dir, const std::string& codex_home) {
  const auto real = os::real_path(codex_home);
  return os::join(gate_dir, "codex-start-" + sha256_hex(real ? *real : codex_home).substr(0, 16) + ".lock");
}

}  // namespace patchbay::codex
