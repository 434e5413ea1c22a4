#pragma once

#include <map>
#include <string>
#include <string_view>

namespace patchbay::config {

/// Texts of the front matter of a Markdown file: the YAML object between a first line `---` and the next one. Members
/// that are lists or objects are left out. Nothing when there is no front matter, or it is not what a settings file may
/// be.
std::map<std::string, std::string> front_matter(std::string_view text);

}  // namespace patchbay::config
