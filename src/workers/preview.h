#pragma once

#include "workers/changes.h"
#include "workers/core.h"

namespace patchbay::workers {

/// Which dirty files of the base may stay as they are.
struct DirtyOptions {
  bool allow_dirty_base = false;
  Strings accepted_dirty_base;
};

/// What integrating a worker would do now.
struct Preview {
  PreviewFields fields;
  Refusal refusal;            ///< why it cannot be applied; empty when it can
  git::IntegrationSpec spec;  ///< for apply
  std::string plan_sha256;
  std::vector<git::MergedFile> merged;          ///< what the checkout holds of merges once this is applied
  std::map<std::string, std::string> bindings;  ///< what a preview token is bound to
};

/// Refusals in the order of workers.md 6.7. Errors are failures of git and of the machine. Takes a snapshot of the
/// worker's tree when it has one.
Result<Preview> make_preview(Core& self, const Actor& actor, const Worker& worker, const DirtyOptions& dirty);

/// A token that names exactly what a preview showed; valid for the configured time.
std::string preview_token(const Core& self, const Preview& preview);

/// The bindings of `token` that no longer fit `preview`; a malformed, foreign or expired token gives {"token"}.
std::vector<std::string> stale_bindings(const Core& self, const std::string& token, const Preview& preview);

}  // namespace patchbay::workers
