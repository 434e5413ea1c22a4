#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "patchbay/base/guarded.h"
#include "patchbay/jobs/jobs.h"

namespace patchbay::app {

/// Notices that the operator's `config.toml` of Codex is another one after a turn than it was before (SEC:C13): what we
/// started has changed it, or somebody did at that time. It is told once per change and never undone.
///
/// A turn that was running when this owner started is measured from then on. Threads: any.
class CodexConfigWatch {
 public:
  struct Change {
    std::string job_id;
    std::string before, after;  ///< SHA-256 of the file; empty: there was none
  };

  CodexConfigWatch(std::string codex_home, std::function<void(const Change&)> tell);

  /// An observer of Jobs.
  void look(const jobs::JobRecord& job, jobs::Jobs::Change change);

 private:
  struct Seen {
    std::map<std::string, std::string> at_start;  ///< by job
    std::optional<std::string> told;              ///< what the last change led to
  };
  std::string digest() const;

  const std::string path_;
  const std::function<void(const Change&)> tell_;
  Guarded<Seen> seen_;
};

}  // namespace patchbay::app
