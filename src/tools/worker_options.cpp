#include "tools/registry.h"

namespace patchbay::tools::worker_options {
namespace {

struct Args {
  std::string model;
  int max_models = 12;
  bool include_model_details = false;
  std::optional<std::string> repo_path;  // the menu is the same everywhere; clients send it all the same

  template <class V>
  static void describe(V& v) {
    v.optional("model", &Args::model, "", json::MaxLength{160});
    v.optional("max_models", &Args::max_models, "", json::Range{1, 30});
    v.optional("include_model_details", &Args::include_model_details, "");
    v.optional("repo_path", &Args::repo_path, "", json::MaxLength{4096});
  }
};

/// One model, or a name that the catalogue does not have.
struct Selected {
  codex::Model model;
  bool catalog_match = false;

  template <class V>
  static void describe(V& v) {
    v.members(&Selected::model);
    v.field("catalog_match", &Selected::catalog_match);
  }
};

struct Reply {
  std::string source, codex_version;
  std::optional<std::string> default_model, default_reasoning_effort;
  std::optional<Selected> selected_model;
  std::optional<std::string> selected_reasoning_effort;
  std::vector<codex::EffortOption> reasoning_efforts;
  std::vector<codex::Model> models;
  int model_count = 0;
  bool models_truncated = false;
  bool allows_custom_model_string = true;
  std::vector<std::string> worker_start_fields = {"model", "reasoning_effort"};
  std::string next_step = "Pass model and reasoning_effort to codex_worker_start, or leave them out for the defaults.";
  std::string note;
  std::optional<codex::CatalogError> catalog_error;

  template <class V>
  static void describe(V& v) {
    v.field("source", &Reply::source);
    v.field("codex_version", &Reply::codex_version);
    v.field("default_model", &Reply::default_model);
    v.field("default_reasoning_effort", &Reply::default_reasoning_effort);
    v.field("selected_model", &Reply::selected_model);
    v.field("selected_reasoning_effort", &Reply::selected_reasoning_effort);
    v.field("reasoning_efforts", &Reply::reasoning_efforts);
    v.field("models", &Reply::models);
    v.field("model_count", &Reply::model_count);
    v.field("models_truncated", &Reply::models_truncated);
    v.field("allows_custom_model_string", &Reply::allows_custom_model_string);
    v.field("worker_start_fields", &Reply::worker_start_fields);
    v.field("next_step", &Reply::next_step);
    v.field("note", &Reply::note);
    v.optional("catalog_error", &Reply::catalog_error, "");
  }

  std::string text() const {
    std::string out = fmt::format("{} models ({})", model_count, source);
    if (default_model) out += fmt::format(", default {}", *default_model);
    for (const codex::Model& m : models) {
      std::vector<std::string> efforts;
      for (const codex::EffortOption& e : m.reasoning_efforts) efforts.push_back(e.effort);
      out += fmt::format("\n{}: {}", m.id, fmt::join(efforts, ", "));
      if (!m.default_reasoning_effort.empty()) out += fmt::format(" (default {})", m.default_reasoning_effort);
    }
    return out + "\n" + note + " " + next_step;
  }
};

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Selected select(const codex::Catalog& catalog, const std::string& id) {
  if (const codex::Model* model = catalog.find(id)) return {*model, true};
  Selected custom;
  custom.model.id = id;
  custom.model.display_name = id;
  return custom;
}

Result<Reply> worker_options(Services& services, mcp::Call&, const Args& args) {
  if (!args.model.empty() && !codex::is_model_name(args.model)) {
    return Error{ErrorCode::kInvalidArgument,
                 "model is not a valid model name.",
                 "Call again without model to see the names.",
                 {}};
  }
  const auto catalog = services.models.get();
  Reply reply;
  reply.source = catalog->source;
  reply.codex_version = catalog->codex_version;
  reply.default_model = unless_empty(catalog->default_model);
  reply.default_reasoning_effort = unless_empty(catalog->default_reasoning_effort);
  reply.catalog_error = catalog->error;

  const std::string selected = args.model.empty() ? catalog->default_model : args.model;
  if (!selected.empty()) {
    reply.selected_model = select(*catalog, selected);
    reply.reasoning_efforts = reply.selected_model->model.reasoning_efforts;
    const bool is_default = selected == catalog->default_model && reply.default_reasoning_effort.has_value();
    reply.selected_reasoning_effort = is_default ? reply.default_reasoning_effort
                                                 : unless_empty(reply.selected_model->model.default_reasoning_effort);
    if (!args.include_model_details) reply.selected_model->model.service_tiers.reset();
  }

  reply.model_count = static_cast<int>(catalog->models.size());
  const auto shown = std::min(catalog->models.size(), static_cast<std::size_t>(args.max_models));
  reply.models.assign(catalog->models.begin(), catalog->models.begin() + static_cast<std::ptrdiff_t>(shown));
  reply.models_truncated = shown < catalog->models.size();
  if (!args.include_model_details) {
    for (codex::Model& model : reply.models) model.service_tiers.reset();
  }
  reply.note = reply.models.empty()
                   ? "The model catalogue of Codex is not available; a model name you know is still accepted."
                   : "A model name that is not listed is accepted too.";
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_options",
      .title = "Codex Worker Options",
      .description = "Show the models and reasoning efforts a worker can use, when the user cares which.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Loading choices",
      .invoked = "Choices loaded",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &worker_options, {"source", "default_model", "models", "reasoning_efforts"}};

}  // namespace
}  // namespace patchbay::tools::worker_options
