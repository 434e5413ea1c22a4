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
/// between pages. A name that redaction hides is in it as a digest only.
std::string encode_search_cursor(const WorkspaceFs& fs, const SearchRequest& request, const HitPosition& last);

/// The position that the cursor of the request stands for; none without a cursor. kInvalidArgument for a
/// cursor that does not belong to the request, and when a hidden name of it is gone.
Result<std::optional<HitPosition>> decode_search_cursor(const WorkspaceFs& fs, const SearchRequest& request);

}  // namespace patchbay::workspace
