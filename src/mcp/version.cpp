#include "patchbay/mcp/version.h"

#include <algorithm>

namespace patchbay::mcp {
namespace {

constexpr Version kVersions[] = {
    {.name = "2026-07-28",
     .era = Era::kModern,
     .batches = false,
     .audio = true,
     .resource_links = true,
     .structured = true,
     .progress_message = true,
     .icons = true,
     .priming_event = false,
     .without_header = false},
    {.name = "2025-11-25",
     .era = Era::kLegacy,
     .batches = false,
     .audio = true,
     .resource_links = true,
     .structured = true,
     .progress_message = true,
     .icons = true,
     .priming_event = true,
     .without_header = false},
    {.name = "2025-06-18",
     .era = Era::kLegacy,
     .batches = false,
     .audio = true,
     .resource_links = true,
     .structured = true,
     .progress_message = true,
     .icons = false,
     .priming_event = false,
     .without_header = false},
    {.name = "2025-03-26",
     .era = Era::kLegacy,
     .batches = true,
     .audio = true,
     .resource_links = false,
     .structured = false,
     .progress_message = true,
     .icons = false,
     .priming_event = false,
     .without_header = true},
    {.name = "2024-11-05",
     .era = Era::kLegacy,
     .batches = true,
     .audio = false,
     .resource_links = false,
     .structured = false,
     .progress_message = false,
     .icons = false,
     .priming_event = false,
     .without_header = false},
};

}  // namespace

std::span<const Version> versions() { return kVersions; }

const Version* find_version(std::string_view name) {
  const auto* row = std::ranges::find(kVersions, name, &Version::name);
  return row == std::end(kVersions) ? nullptr : row;
}

const Version* find_version(std::string_view name, Era era) {
  const Version* row = find_version(name);
  return row != nullptr && row->era == era ? row : nullptr;
}

const Version& newest(Era era) { return *std::ranges::find(kVersions, era, &Version::era); }

const Version& version_without_header() { return *std::ranges::find(kVersions, true, &Version::without_header); }

}  // namespace patchbay::mcp
