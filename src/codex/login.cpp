#include "codex/login.h"

#include "codex/environment.h"
#include "codex/toml_keys.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::codex {
namespace {

constexpr std::size_t kConfigLimit = 1u << 20;

bool is_set(const os::Environment& environment, const std::string& name) {
  const auto it = environment.find(name);
  return it != environment.end() && !it->second.empty();
}

}  // namespace

ChosenProvider chosen_provider(const std::string& codex_home) {
  ChosenProvider out;
  const auto config = os::read_file(os::join(codex_home, "config.toml"), kConfigLimit);
  if (!config) return out;
  const auto settings = top_level_strings(*config);
  const auto provider = settings.find("model_provider");
  if (provider == settings.end()) return out;
  out.name = provider->second;
  const auto about = table_strings(*config, {"model_providers", out.name});
  // A pattern would let through more than the one variable.
  const auto key = about.find("env_key");
  if (key != about.end() && key->second.find('*') == std::string::npos) out.env_key = key->second;
  // Wherever this stands and whatever it says: a login that is not needed is the smaller mistake.
  out.needs_login = out.name == "openai" || config->find("requires_openai_auth") != std::string::npos;
  return out;
}

LoginStatus judge_login(const os::RunResult& run, const ChosenProvider& provider, const os::Environment& environment) {
  using State = LoginStatus::State;
  if (run.timed_out) return {State::kUnknown, "Codex did not say in time whether it is logged in."};
  if (!provider.env_key.empty()) {
    const std::string variable = display_safe(provider.env_key);
    if (is_set(environment, provider.env_key)) return {State::kLoggedIn, "Codex takes its key from " + variable + "."};
    return {State::kLoggedOut,
            "The key of Codex's provider is missing; set " + variable + " where PatchBay is started."};
  }
  const std::string text = to_lower_ascii(run.out + run.err);
  if (!run.status.signalled && run.status.code == 0) {
    if (text.find("api key") != std::string::npos) return {State::kLoggedIn, "Codex is logged in with an API key."};
    if (text.find("chatgpt") != std::string::npos) {
      return {State::kLoggedIn, "Codex is logged in with a ChatGPT account."};
    }
    return {State::kLoggedIn, "Codex is logged in."};
  }
  if (text.find("not logged in") == std::string::npos) {
    return {State::kUnknown, "Codex could not say whether it is logged in; see `codex login status`."};
  }
  if (is_set(environment, kApiKeyVariable)) {
    return {State::kLoggedIn, std::string("Codex takes its key from ") + kApiKeyVariable + "."};
  }
  if (!provider.needs_login) {
    return {State::kLoggedIn, "Codex's provider " + display_safe(provider.name) + " needs no login."};
  }
  return {State::kLoggedOut, "Codex is not logged in; run `codex login`."};
}

}  // namespace patchbay::codex
