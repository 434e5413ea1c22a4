#include "patchbay/codex/models.h"

#include <algorithm>
#include <array>

#include "codex/grammar.h"
#include "codex/toml_keys.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/codex/codex_engine.h"
#include "patchbay/codex/turn_result.h"
#include "patchbay/json/json.h"
#include "patchbay/os/file.h"

namespace patchbay::codex {
namespace {

using namespace std::chrono_literals;

constexpr auto kCatalogAge = 60s;
constexpr std::size_t kLargestCatalog = 8u << 20;
constexpr std::size_t kLargestConfig = 1u << 20;
constexpr std::size_t kMostModels = 500;
constexpr std::size_t kMostEfforts = 16;
constexpr std::size_t kMostTiers = 6;
constexpr json::ParseLimits kCatalogLimits{.max_depth = 64, .max_members = 10'000, .max_nodes = 1'000'000};

/// Every effort known so far; used where the catalogue says nothing about a model.
constexpr std::array<std::string_view, 7> kKnownEfforts = {"minimal", "low", "medium", "high", "xhigh", "max", "ultra"};

std::string short_text(const Json& object, std::string_view key, std::size_t max_bytes) {
  const std::string text = display_safe(collapse_whitespace(redact(json::get_string(object, key))));
  return text.size() <= max_bytes ? text : std::string(utf8_prefix(text, max_bytes - 3)) + "...";
}

std::vector<EffortOption> efforts_of(const Json& entry) {
  std::vector<EffortOption> out;
  const Json* levels = json::find(entry, "supported_reasoning_levels");
  if (levels == nullptr || !levels->is_array()) return out;
  for (const Json& level : *levels) {
    const std::string effort =
        to_lower_ascii(level.is_string() ? level.get_ref<const std::string&>() : json::get_string(level, "effort"));
    if (is_effort_name(effort) && out.size() < kMostEfforts)
      out.push_back({effort, short_text(level, "description", 180)});
  }
  return out;
}

std::vector<ServiceTier> tiers_of(const Json& entry) {
  std::vector<ServiceTier> out;
  const Json* tiers = json::find(entry, "service_tiers");
  if (tiers == nullptr || !tiers->is_array()) return out;
  for (const Json& tier : *tiers) {
    if (!tier.is_object() || out.size() >= kMostTiers) continue;
    out.push_back({short_text(tier, "id", 80), short_text(tier, "name", 80), short_text(tier, "description", 180)});
  }
  return out;
}

bool is_offered(const Json& entry) {
  const std::string visibility = json::get_string(entry, "visibility");
  return visibility.empty() || visibility == "list" || visibility == "default";
}

std::optional<Model> model_of(const Json& entry) {
  Model model;
  model.id = json::get_string(entry, "slug");
  if (!is_model_name(model.id) || !is_offered(entry)) return std::nullopt;
  model.display_name = short_text(entry, "display_name", 80);
  if (model.display_name.empty()) model.display_name = model.id;
  model.description = short_text(entry, "description", 220);
  const std::string effort = to_lower_ascii(json::get_string(entry, "default_reasoning_level"));
  if (is_effort_name(effort)) model.default_reasoning_effort = effort;
  model.reasoning_efforts = efforts_of(entry);
  if (const Json* api = json::find(entry, "supported_in_api"); api != nullptr && api->is_boolean()) {
    model.supported_in_api = api->get<bool>();
  }
  model.priority = json::find_int(entry, "priority");
  model.service_tiers = tiers_of(entry);
  return model;
}

/// The offered models of `{"models": [...]}` or of a bare list; nothing when it is neither.
std::optional<std::vector<Model>> models_of(const std::string& text) {
  const auto parsed = json::parse(text, kCatalogLimits);
  if (!parsed) return std::nullopt;
  const Json* list = parsed->is_array() ? &*parsed : json::find(*parsed, "models");
  if (list == nullptr || !list->is_array()) return std::nullopt;
  std::vector<Model> models;
  for (const Json& entry : *list) {
    auto model = model_of(entry);
    if (model && models.size() < kMostModels) models.push_back(std::move(*model));
  }
  // Lower is earlier in the program's own menu; entries without a priority come last.
  std::stable_sort(models.begin(), models.end(), [](const Model& a, const Model& b) {
    return a.priority.value_or(INT64_MAX) < b.priority.value_or(INT64_MAX);
  });
  return models;
}

CatalogError error_of(const Result<os::RunResult>& run) {
  if (!run) return {run.error().message, std::nullopt, std::string(name_of(run.error().code))};
  if (run->timed_out) return {"codex debug models did not answer in time", std::nullopt, "timeout"};
  if (run->out_truncated) return {"codex debug models printed too much", std::nullopt, "output_too_large"};
  if (run->status.signalled) return {"codex debug models was ended by a signal", std::nullopt, "signal"};
  if (run->status.code != 0) return {"codex debug models failed", run->status.code, std::nullopt};
  return {"codex debug models printed no catalogue", 0, "unreadable"};
}

bool has_answer(const Result<os::RunResult>& run) {
  return run.ok() && !run->timed_out && !run->out_truncated && !run->status.signalled && run->status.code == 0;
}

void read_models(const CodexEngine& engine, Catalog& catalog) {
  const auto run = engine.run_helper({"debug", "models"}, engine.options().answer_limit, kLargestCatalog);
  if (has_answer(run)) {
    if (auto models = models_of(run->out)) {
      catalog.source = "codex_debug_models";
      catalog.models = std::move(*models);
      return;
    }
  }
  catalog.error = error_of(run);
  const auto cache = os::read_file(os::join(engine.options().codex_home, "models_cache.json"), kLargestCatalog);
  if (!cache) return;
  if (auto models = models_of(*cache)) {
    catalog.source = "codex_models_cache";
    catalog.models = std::move(*models);
  }
}

void read_defaults(const std::string& codex_home, Catalog& catalog) {
  const auto text = os::read_file(os::join(codex_home, "config.toml"), kLargestConfig);
  if (!text) return;
  const auto values = top_level_strings(*text);
  if (const auto it = values.find("model"); it != values.end() && is_model_name(it->second)) {
    catalog.default_model = it->second;
  }
  if (const auto it = values.find("model_reasoning_effort"); it != values.end() && is_effort_name(it->second)) {
    catalog.default_reasoning_effort = to_lower_ascii(it->second);
  }
}

/// Efforts that may be chosen with `model`; empty means the model itself takes none.
std::vector<std::string> valid_efforts(const Catalog& catalog, const std::string& model) {
  std::vector<std::string> out;
  const Model* listed = catalog.find(model.empty() ? catalog.default_model : model);
  if (listed != nullptr && !listed->reasoning_efforts.empty()) {
    for (const EffortOption& option : listed->reasoning_efforts) out.push_back(option.effort);
    return out;
  }
  out.assign(kKnownEfforts.begin(), kKnownEfforts.end());
  for (const Model& other : catalog.models) {
    for (const EffortOption& option : other.reasoning_efforts) {
      if (std::find(out.begin(), out.end(), option.effort) == out.end()) out.push_back(option.effort);
    }
  }
  return out;
}

}  // namespace

const Model* Catalog::find(std::string_view id) const {
  const auto it = std::find_if(models.begin(), models.end(), [&](const Model& m) { return m.id == id; });
  return it == models.end() ? nullptr : &*it;
}

Result<ModelChoice> check_model_choice(const Catalog& catalog, const std::string& model, const std::string& effort) {
  ModelChoice choice{std::string(trim(model)), to_lower_ascii(trim(effort))};
  if (!choice.model.empty() && !is_model_name(choice.model)) {
    return Error{ErrorCode::kInvalidArgument,
                 "model is not a model name",
                 "codex_worker_options lists the models; any other model name works too.",
                 {}};
  }
  if (choice.reasoning_effort.empty()) return choice;
  const std::vector<std::string> valid = valid_efforts(catalog, choice.model);
  if (std::find(valid.begin(), valid.end(), choice.reasoning_effort) != valid.end()) return choice;
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("reasoning_effort must be one of: {}", fmt::join(valid, ", ")),
               "Choose one of these, or leave it out.",
               {}};
}

ModelCatalog::ModelCatalog(const CodexEngine& engine, const Clock& clock) : engine_(engine), clock_(clock) {}

std::shared_ptr<const Catalog> ModelCatalog::load() const {
  auto catalog = std::make_shared<Catalog>();
  read_models(engine_, *catalog);
  read_defaults(engine_.options().codex_home, *catalog);
  if (const auto probe = engine_.probe()) catalog->codex_version = probe->version;
  return catalog;
}

std::shared_ptr<const Catalog> ModelCatalog::get() {
  const auto fresh = [this](bool any_age) -> std::shared_ptr<const Catalog> {
    auto cached = cached_.lock();
    const bool young = cached->catalog && clock_.mono() - cached->at < kCatalogAge;
    return young || any_age ? cached->catalog : nullptr;
  };
  if (auto catalog = fresh(false)) return catalog;
  std::unique_lock refreshing(refreshing_, std::try_to_lock);
  if (!refreshing.owns_lock()) {
    if (auto previous = fresh(true)) return previous;
    refreshing.lock();
  }
  if (auto catalog = fresh(false)) return catalog;
  auto catalog = load();
  *cached_.lock() = Cached{catalog, clock_.mono()};
  return catalog;
}

Result<ModelChoice> ModelCatalog::check(const std::string& model, const std::string& effort) {
  if (trim(effort).empty()) return check_model_choice(Catalog{}, model, {});
  return check_model_choice(*get(), model, effort);
}

}  // namespace patchbay::codex
