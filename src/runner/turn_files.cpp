#include "runner/turn_files.h"

#include <unistd.h>

#include "patchbay/base/log.h"
#include "patchbay/os/file.h"

namespace patchbay::runner {

void TurnFiles::write_evidence(const Outcome& outcome) {
  (void)os::write_file_atomic(os::join(dir_, "evidence.json"), json::dump_pretty(outcome.to_json()));
}

void TurnFiles::drop_evidence() { (void)os::remove_file(os::join(dir_, "evidence.json")); }

void TurnFiles::write_result(const Outcome& outcome) {
  write_proof("result.json", outcome.to_json());
  drop_evidence();
}

void TurnFiles::write_exit(const TurnExit& exit) { write_proof("exit.json", exit.to_json()); }

void TurnFiles::write_proof(std::string_view name, const Json& content) {
  const std::string path = os::join(dir_, name), text = json::dump_pretty(content);
  for (int attempt = 0; !os::write_file_atomic(path, text).ok(); ++attempt) {
    if (!os::is_directory(dir_)) return;
    if (attempt == 0) log::error("run-turn: cannot write {}; trying until it works", name);
    ::sleep(attempt < 10 ? 1 : 30);
  }
}

}  // namespace patchbay::runner
