#pragma once

#include <optional>
#include <string>

#include "hit_list.h"
#include "patchbay/base/result.h"
#include "patchbay/workspace/search.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::workspace {

/// The cursor behind `last`. It belongs to the arguments that choose the matches; how many a page lists, what
/// is shown around them and how long to search may differ from page to page. Nothing needs to be remembered
/// between pages.
std::string encode_search_cursor(const WorkspaceFs& fs, const SearchRequest& request, const HitPosition& last);

/// The position that the cursor of the request stands for; none without a cursor. kInvalidArgument for a
/// cursor that does not belong to the request.
Result<std::optional<HitPosition>> decode_search_cursor(const WorkspaceFs& fs, const SearchRequest& request);

}  // namespace patchbay::workspace
