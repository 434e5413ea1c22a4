#pragma once

#include "patchbay/jobs/record.h"

namespace patchbay::jobs {

/// What an outcome of the runner means for the record. A failure always has a code of the catalogue; what of the
/// result stays in the record, and so in memory, is its short members.
TerminalDecision decision_of(const runner::Outcome& outcome);

/// For a turn of which nobody knows what became.
TerminalDecision lost_decision();

}  // namespace patchbay::jobs
