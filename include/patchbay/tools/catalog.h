#pragma once

#include <string>

#include "patchbay/config/config.h"
#include "patchbay/mcp/catalog.h"

/// How PatchBay's tools are presented: everything the catalogue and the protocol server are told about them.
namespace patchbay::tools {

/// Text of `instructions` in the answer to initialize and server/discover; at most 4 KiB, the important part
/// in the first 512 characters (tools.md 4.3).
std::string instructions();

mcp::Mode mode_of(config::ToolMode mode);

/// Order, modes, gates and wording for Catalog::build. `card_uri` is empty when cards are off.
mcp::CatalogOptions catalog_options(const config::Config& config, std::string card_uri);

}  // namespace patchbay::tools
