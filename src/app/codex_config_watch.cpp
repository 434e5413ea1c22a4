#include "app/codex_config_watch.h"

#include "patchbay/base/hash.h"
#include "patchbay/os/file.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kLargestConfig = 4u << 20;

}  // namespace

CodexConfigWatch::CodexConfigWatch(std::string codex_home, std::function<void(const Change&)> tell)
    : path_(os::join(codex_home, "config.toml")), tell_(std::move(tell)) {}

std::string CodexConfigWatch::digest() const {
  const auto text = os::read_file(path_, kLargestConfig);
  return text ? sha256_hex(*text) : std::string();
}

void CodexConfigWatch::look(const jobs::JobRecord& job, jobs::Jobs::Change change) {
  const bool over = change == jobs::Jobs::Change::kRemoved || !job.active();
  {
    const auto seen = seen_.lock();
    const bool known = seen->at_start.contains(job.job_id);
    if (known != over) return;
  }
  const std::string now = digest();
  Change found{job.job_id, {}, now};
  {
    const auto seen = seen_.lock();
    if (!over) {
      seen->at_start.try_emplace(job.job_id, now);
      return;
    }
    const auto at_start = seen->at_start.extract(job.job_id);
    if (at_start.empty() || at_start.mapped() == now || seen->told == now) return;
    found.before = at_start.mapped();
    seen->told = now;
  }
  tell_(found);
}

}  // namespace patchbay::app
