#include "workers/merged_files.h"

#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kMaxMergedFiles = 2'000;
constexpr std::size_t kMaxMergedNames = 256u << 10;

bool merged_path(const Json& entry, std::string& out) {
  if (const std::string bytes = json::get_string(entry, "path_base64"); !bytes.empty())
    return base64_decode(bytes, &out);
  out = json::get_string(entry, "path");
  return !out.empty();
}

}  // namespace

std::vector<git::MergedFile> merged_files(const Worker& worker) {
  std::vector<git::MergedFile> out;
  const jobs::JobRecord* job = worker.newest_with(key::kIntegratedTree);
  const Json* list = job == nullptr ? nullptr : json::find(job->options, key::kIntegratedMerged);
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& entry : *list) {
    git::MergedFile file;
    if (!entry.is_object() || !merged_path(entry, file.path)) continue;
    file.mode = static_cast<unsigned>(json::get_int(entry, "mode"));
    file.id = json::get_string(entry, "id");
    out.push_back(std::move(file));
  }
  return out;
}

std::vector<git::MergedFile> merged_after(const std::vector<git::MergedFile>& before,
                                          const std::vector<git::PlannedWrite>& writes) {
  std::map<std::string, git::MergedFile> now;
  for (const git::MergedFile& file : before) now[file.path] = file;
  for (const git::PlannedWrite& write : writes) {
    now.erase(write.path);
    if (!write.id.empty()) now[write.path] = {write.path, write.mode, write.id};
  }
  std::vector<git::MergedFile> out;
  std::size_t names = 0;
  for (auto& [path, file] : now) {
    if (out.size() == kMaxMergedFiles || (names += path.size()) > kMaxMergedNames) break;
    out.push_back(std::move(file));
  }
  return out;
}

Json merged_json(const std::vector<git::MergedFile>& files) {
  Json list = Json::array();
  for (const git::MergedFile& file : files) {
    Json entry = {{"mode", file.mode}, {"id", file.id}};
    if (is_valid_utf8(file.path)) {
      entry["path"] = file.path;
    } else {
      entry["path_base64"] = base64_encode(file.path);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace patchbay::workers
