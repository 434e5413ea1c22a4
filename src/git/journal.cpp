#include "git/journal.h"

#include "git/handle.h"
#include "git/wire.h"
#include "patchbay/os/file.h"

namespace patchbay::git {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kMaxJournal = 256u << 20;

Json id_text(const git_oid& id) { return to_id(id); }

bool read_id(const Json& op, const char* name, git_oid& out) {
  const std::string text = json::get_string(op, name);
  if (text.empty()) return out = {}, true;
  auto id = from_id(text);
  if (!id.ok()) return false;
  out = id.value();
  return true;
}

Error corrupt(const std::string& path) {
  return make_error(ErrorCode::kStateCorrupt, "The journal of an integration cannot be read.", "", path);
}

}  // namespace

Status Journal::save(const std::string& path) const {
  std::string unused;
  Json out;
  out["version"] = kVersion;
  out["root"] = wire::write(root, unused);
  out["device"] = device;
  out["inode"] = inode;
  out["staging"] = wire::write(staging, unused);
  out["plan_sha256"] = plan_sha256;
  out["phase"] = static_cast<int>(phase);
  Json list = Json::array();
  for (const FileOp& op : ops) {
    list.push_back({{"path", wire::write(op.path, unused)},
                    {"kind", static_cast<int>(op.kind)},
                    {"old_mode", op.old_mode},
                    {"old_id", id_text(op.old_id)},
                    {"new_mode", op.new_mode},
                    {"new_id", id_text(op.new_id)}});
  }
  out["ops"] = std::move(list);
  return os::write_file_atomic(path, out.dump());
}

Result<Journal> Journal::load(const std::string& path) {
  const std::string text = PB_TRY(os::read_file(path, kMaxJournal));
  const Json in = Json::parse(text, nullptr, false);
  if (!in.is_object() || json::get_int(in, "version") != kVersion) return corrupt(path);
  Journal out;
  const Json* ops = json::find(in, "ops");
  bool ok = ops && ops->is_array() && in.contains("root") && wire::read(in["root"], {}, out.root) &&
            in.contains("staging") && wire::read(in["staging"], {}, out.staging);
  out.device = static_cast<std::uint64_t>(json::get_int(in, "device"));
  out.inode = static_cast<std::uint64_t>(json::get_int(in, "inode"));
  out.plan_sha256 = json::get_string(in, "plan_sha256");
  const std::int64_t phase = json::get_int(in, "phase", -1);
  ok = ok && phase >= 0 && phase <= static_cast<int>(Phase::kUndoing);
  if (!ok) return corrupt(path);
  out.phase = static_cast<Phase>(phase);
  for (const Json& item : *ops) {
    FileOp op;
    const std::int64_t kind = json::get_int(item, "kind", -1);
    ok = item.is_object() && item.contains("path") && wire::read(item["path"], {}, op.path) && kind >= 0 &&
         kind <= static_cast<int>(WriteKind::kDelete) && read_id(item, "old_id", op.old_id) &&
         read_id(item, "new_id", op.new_id);
    if (!ok) return corrupt(path);
    op.kind = static_cast<WriteKind>(kind);
    op.old_mode = static_cast<unsigned>(json::get_int(item, "old_mode"));
    op.new_mode = static_cast<unsigned>(json::get_int(item, "new_mode"));
    out.ops.push_back(std::move(op));
  }
  return out;
}

}  // namespace patchbay::git
