#include "app/resources.h"

#include "app/actors.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

namespace patchbay::app {
namespace {

constexpr std::string_view kWorker = "patchbay://worker/";
constexpr std::string_view kJob = "patchbay://job/";
constexpr std::string_view kWorkerTemplate = "patchbay://worker/{worker_id}";
constexpr std::string_view kJobTemplate = "patchbay://job/{job_id}";
constexpr std::string_view kReviewPrompt = "review_changes";
constexpr std::size_t kErrorBytes = 2000;

std::optional<std::string> id_behind(std::string_view prefix, std::string_view uri) {
  if (uri.substr(0, prefix.size()) != prefix) return std::nullopt;
  return std::string(uri.substr(prefix.size()));
}

Json resource_template(std::string_view uri, std::string_view name, std::string_view title,
                       std::string_view description) {
  return Json{{"uriTemplate", uri},
              {"name", name},
              {"title", title},
              {"description", description},
              {"mimeType", "application/json"}};
}

mcp::ResourceReply json_content(const std::string& uri, const Json& value) {
  mcp::ResourceReply reply;
  reply.contents.push_back(Json{{"uri", uri}, {"mimeType", "application/json"}, {"text", json::dump_pretty(value)}});
  return reply;
}

Json time_or_null(double t) { return t > 0 ? Json(t) : Json(nullptr); }

}  // namespace

std::string worker_uri(const std::string& worker_id) { return std::string(kWorker) + worker_id; }
std::string job_uri(const std::string& job_id) { return std::string(kJob) + job_id; }

Json WorkResources::list(const mcp::Caller&) { return Json::array(); }

Json WorkResources::templates(const mcp::Caller&) {
  Json templates = Json::array();
  templates.push_back(resource_template(kWorkerTemplate, "worker", "Worker",
                                        "State, liveness and newest report line of one named worker."));
  templates.push_back(resource_template(kJobTemplate, "job", "Job", "State of one job."));
  return templates;
}

std::optional<Result<mcp::ResourceReply>> WorkResources::read(mcp::RichCall& call, const std::string& uri) {
  if (const Status in = recovered_.pass(call.deadline(), call.cancel()); !in) return in.error();
  if (const auto worker_id = id_behind(kWorker, uri)) {
    const auto summary = workers_.summary(actor_of(call.caller()), *worker_id);
    if (!summary) return summary.error();
    return json_content(uri, *summary);
  }
  if (const auto job_id = id_behind(kJob, uri)) {
    const auto summary = job_summary(*job_id);
    if (!summary) return summary.error();
    return json_content(uri, *summary);
  }
  return std::nullopt;
}

Result<Json> WorkResources::job_summary(const std::string& job_id) const {
  const jobs::JobPtr job = jobs_.find(job_id);
  // A worker's turns are seen through the worker: their job ids are private.
  if (!job || !job->worker_id().empty()) return Error{ErrorCode::kJobNotFound, "There is no job with this id.", {}, {}};
  Json j;
  j["job_id"] = job->job_id;
  j["state"] = jobs::name_of(job->state);
  j["mode"] = jobs::name_of(job->mode);
  j["created_at"] = time_or_null(job->created_at);
  j["started_at"] = time_or_null(job->started_at);
  j["completed_at"] = time_or_null(job->completed_at);
  j["error"] = job->error.empty() ? Json(nullptr) : Json(redact(utf8_prefix(job->error, kErrorBytes)));
  j["error_code"] = job->error_code.empty() ? Json(nullptr) : Json(job->error_code);
  return j;
}

bool JobNews::is_news(const jobs::JobRecord& job, jobs::Jobs::Change change) {
  auto told = told_.lock();
  if (change == jobs::Jobs::Change::kRemoved) return told->erase(job.job_id) > 0;
  const auto [it, fresh] = told->try_emplace(job.job_id, job.state);
  if (!fresh && it->second == job.state) return false;
  it->second = job.state;
  return true;
}

std::vector<std::string> WorkCompletion::complete(const mcp::Caller&, const mcp::CompletionQuery& query) {
  // Nothing to offer yet is an answer, too.
  if (!recovered_.is_open()) return {};
  const bool worker = query.is_prompt ? query.name == kReviewPrompt && query.argument == "worker"
                                      : query.name == kWorkerTemplate && query.argument == "worker_id";
  if (worker) return workers_.complete(query.value);
  std::vector<std::string> ids;
  if (query.is_prompt || query.name != kJobTemplate || query.argument != "job_id") return ids;
  const std::vector<jobs::JobPtr> all = jobs_.all();
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    const jobs::JobRecord& job = **it;
    if (job.worker_id().empty() && job.job_id.starts_with(query.value)) ids.push_back(job.job_id);
  }
  return ids;
}

}  // namespace patchbay::app
