#pragma once

#include <string_view>

namespace patchbay::git {

/// Git's pattern language for paths: `*` and `?` stop at '/', `**/`, `/**` and `/**/` cross directories,
/// brackets with ranges, negation and classes, backslash quotes. Steps are bounded: a pattern that would
/// backtrack beyond all measure does not match.
bool wildmatch(std::string_view pattern, std::string_view text, bool ignore_case);

}  // namespace patchbay::git
