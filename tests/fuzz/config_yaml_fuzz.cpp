// Feeds bytes to the reader of settings files. It must refuse with a place or read; what it reads must say the same
// after it was written down and read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_tree.h"
#include "patchbay/config/config.h"

namespace {

using patchbay::ErrorCode;
using namespace patchbay::config;

void require(bool condition) {
  if (!condition) std::abort();
}

std::size_t depth_of(const YamlNode& node) {
  std::size_t deepest = 0;
  for (const YamlNode& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const auto& [name, member] : node.members) deepest = std::max(deepest, depth_of(member));
  return deepest + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tree = parse_yaml(text, "file");
  if (tree) {
    require(size <= kMaxYamlBytes && depth_of(*tree) <= kMaxYamlDepth + 1);
  } else {
    require(tree.error().code == ErrorCode::kConfigRefused && tree.error().message.starts_with("file:"));
  }
  Config config;
  Provenance provenance;
  std::vector<std::string> warnings;
  const patchbay::Status read = read_yaml(text, "file", Source::kFile, config, provenance, warnings);
  require(tree || !read);
  if (!read) {
    require(read.error().code == ErrorCode::kConfigRefused && !read.error().message.empty());
    return 0;
  }
  const std::string written = dump_yaml(config, provenance);
  Config again;
  Provenance from_there;
  require(read_yaml(written, "written", Source::kFile, again, from_there, warnings).ok());
  require(dump_yaml(again, from_there) == dump_yaml(again, from_there));
  require(dump_yaml(again, {}) == dump_yaml(config, {}));
  return 0;
}
