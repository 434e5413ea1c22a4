#pragma once

#include <string>

#include "patchbay/config/launch.h"
#include "patchbay/json/json.h"
#include "patchbay/tools/readiness.h"

/// What an operator does next, for people and as JSON (cli.md 5.2).
namespace patchbay::cli {

/// `setup_guide` of `start --print-only --json`.
Json setup_guide(const config::Launch& launch, const tools::Readiness& readiness);
/// The same for a terminal; begins with the line "ChatGPT setup".
std::string setup_guide_text(const config::Launch& launch, const tools::Readiness& readiness);

/// The readiness report of `doctor --json`.
Json readiness_json(const tools::Readiness& readiness);
/// Title, one line per check, ready or not, addresses, what to do next.
std::string doctor_text(const config::Launch& launch, const tools::Readiness& readiness);

/// Says on standard error that standard output holds a token, when it does.
void warn_of_revealed_token(const tools::Readiness& readiness);

}  // namespace patchbay::cli
