#pragma once

#include "git/plan.h"

namespace patchbay::git {

/// Carries out a clean plan in a checkout, all or nothing (SEC:W4). After success the journal is gone; what could not
/// be tidied up behind it is told in `warnings`. After an error the checkout is as before and the journal is gone,
/// except for kIntegrationOutcomeUnknown, when undoing failed too.
Status apply_ops(const Repo& repo, const PreparedPlan& plan, const std::string& journal_path,
                 std::vector<std::string>& warnings);

/// The warning for an integration after which the checkout's status could not be read.
inline constexpr char kNoStatus[] = "What else is changed in the checkout could not be read.";

/// Test seam: called before every step that changes a disk, with the step's name. Null in production.
using ApplyHook = void (*)(const char* step);
void set_apply_hook(ApplyHook hook);

}  // namespace patchbay::git
