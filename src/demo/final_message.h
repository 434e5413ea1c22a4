#pragma once

#include <string>

#include "demo/script.h"
#include "patchbay/json/json.h"

namespace patchbay::demo {

/// The report as an object with every required member of `schema`, known ones filled and others empty, or as
/// plain text when the schema is null.
std::string final_message(const Report& report, const Json& schema);

}  // namespace patchbay::demo
