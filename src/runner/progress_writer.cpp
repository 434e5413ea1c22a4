#include "runner/progress_writer.h"

#include "patchbay/os/file.h"

namespace patchbay::runner {

void ProgressWriter::flush(const Progress& progress, MonoTime now, bool force) {
  const bool new_session = progress.session_id != durable_session_;
  if (!dirty_ && !new_session) return;
  if (!force && !new_session && now < next()) return;
  const std::string text = json::dump(progress.to_json());
  const Status written = new_session ? os::write_file_atomic(path_, text) : os::write_file_volatile(path_, text);
  if (written.ok()) durable_session_ = progress.session_id;
  dirty_ = false;
  last_ = now;
}

}  // namespace patchbay::runner
