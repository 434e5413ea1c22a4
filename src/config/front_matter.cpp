#include "patchbay/config/front_matter.h"

#include "config/yaml_tree.h"
#include "patchbay/base/text.h"

namespace patchbay::config {

std::map<std::string, std::string> front_matter(std::string_view text) {
  constexpr std::string_view kFence = "---";
  std::map<std::string, std::string> found;
  std::string yaml;
  bool begun = false, ended = false;
  for (const std::string_view line : split(text, '\n')) {
    const bool fence = trim(line) == kFence;
    if (!begun && !fence) return found;
    ended = begun && fence;
    if (ended) break;
    if (begun) yaml.append(line).append("\n");
    begun = true;
  }
  if (!ended) return found;
  const auto root = parse_yaml(yaml, "front matter");
  if (!root) return found;
  for (const YamlMember& member : root->members) {
    if (member.value.kind == YamlNode::Kind::kScalar) found.emplace(member.key, member.value.text);
  }
  return found;
}

}  // namespace patchbay::config
