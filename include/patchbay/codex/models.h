#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/base/guarded.h"
#include "patchbay/base/result.h"

namespace patchbay::codex {

class CodexEngine;

struct EffortOption {
  std::string effort;
  std::string description;  ///< at most 180 characters

  template <class V>
  static void describe(V& v) {
    v.field("effort", &EffortOption::effort);
    v.field("description", &EffortOption::description);
  }
};

struct ServiceTier {
  std::string id, name, description;

  template <class V>
  static void describe(V& v) {
    v.field("id", &ServiceTier::id);
    v.field("name", &ServiceTier::name);
    v.field("description", &ServiceTier::description);
  }
};

/// One model as a client may see it: never instructions, prompts or provider data.
struct Model {
  std::string id;
  std::string display_name;  ///< at most 80 characters
  std::string description;   ///< at most 220 characters
  std::string default_reasoning_effort;
  std::vector<EffortOption> reasoning_efforts;
  std::optional<bool> supported_in_api;
  std::optional<std::int64_t> priority;                   ///< 1 is first
  std::optional<std::vector<ServiceTier>> service_tiers;  ///< at most 6; clear it where details are not asked for

  template <class V>
  static void describe(V& v) {
    v.field("id", &Model::id);
    v.field("display_name", &Model::display_name);
    v.field("description", &Model::description);
    v.field("default_reasoning_effort", &Model::default_reasoning_effort);
    v.field("reasoning_efforts", &Model::reasoning_efforts);
    v.field("supported_in_api", &Model::supported_in_api);
    v.field("priority", &Model::priority);
    v.optional("service_tiers", &Model::service_tiers, "");
  }
};

struct CatalogError {
  std::string message;  ///< public
  std::optional<int> exit_code;
  std::optional<std::string> error_type;

  template <class V>
  static void describe(V& v) {
    v.field("message", &CatalogError::message);
    v.optional("exit_code", &CatalogError::exit_code, "");
    v.optional("error_type", &CatalogError::error_type, "");
  }
};

/// What Codex offers at one moment. Hidden models are left out; sorted by priority, ties in catalogue order.
struct Catalog {
  std::string source = "unavailable";  ///< "codex_debug_models", "codex_models_cache", "unavailable"
  std::string codex_version;           ///< empty when unknown
  std::string default_model;           ///< from config.toml of the Codex home; empty when not set there
  std::string default_reasoning_effort;
  std::vector<Model> models;
  std::optional<CatalogError> error;  ///< why the first source failed

  /// Null for a model that is not listed; such a model is allowed all the same.
  const Model* find(std::string_view id) const;
};

/// A checked choice: both may be empty (the program's default); the effort is in lower case.
struct ModelChoice {
  std::string model, reasoning_effort;
};

bool is_model_name(std::string_view text);

/// kInvalidArgument naming the valid values. The catalogue decides about efforts of a listed model; for any
/// other model every effort known to exist is accepted, because Codex itself checks nothing.
Result<ModelChoice> check_model_choice(const Catalog& catalog, const std::string& model, const std::string& effort);

/// The catalogue of the installed Codex, asked at most once a minute.
///
/// Threads: any. While one caller refreshes (10 s at most) others get the previous catalogue, or wait for the
/// first.
class ModelCatalog {
 public:
  /// Both outlive this object.
  ModelCatalog(const CodexEngine& engine, const Clock& clock);

  std::shared_ptr<const Catalog> get();
  /// Looks at the catalogue only when an effort is given.
  Result<ModelChoice> check(const std::string& model, const std::string& effort);

 private:
  struct Cached {
    std::shared_ptr<const Catalog> catalog;
    MonoTime at{};
  };
  std::shared_ptr<const Catalog> load() const;

  const CodexEngine& engine_;
  const Clock& clock_;
  Guarded<Cached> cached_;
  std::mutex refreshing_;
};

}  // namespace patchbay::codex
