#pragma once

#include <map>
#include <string>
#include <string_view>

#include "patchbay/base/error.h"
#include "patchbay/tools/services.h"

/// Everything that is generated from the declarations: reference pages and golden files.
namespace patchbay::reference {

/// The catalogue with every gate open and with cards.
std::unique_ptr<mcp::Catalog> full_catalog(tools::Schemas schemas = tools::Schemas::kListed);

/// Content of each generated file by its path below the project folder.
std::map<std::string, std::string> generated_files();

/// When an error happens, and what a caller does about it.
struct ErrorGuide {
  std::string_view when, what_to_do;
};
/// Never fails: every code has one.
ErrorGuide guide_of(ErrorCode code);

/// Folder of the golden files, relative to the project folder.
inline constexpr char kGoldenDir[] = "tests/golden/tools";

}  // namespace patchbay::reference
