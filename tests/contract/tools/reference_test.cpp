#include "contract/tools/reference.h"

#include <gtest/gtest.h>

#include <set>

#include "patchbay/os/file.h"

namespace patchbay::reference {
namespace {

TEST(Reference, GeneratedFilesAreUpToDate) {
  for (const auto& [path, content] : generated_files()) {
    const auto kept = os::read_file(os::join(PATCHBAY_SOURCE_DIR, path));
    ASSERT_TRUE(kept.ok()) << path << " is missing: run scripts/write_reference";
    EXPECT_EQ(*kept, content) << path << " is stale: run scripts/write_reference and review the difference";
  }
}

TEST(Reference, NoGoldenFileIsLeftOfAToolThatIsGone) {
  const auto files = generated_files();
  const auto kept = os::list_dir(os::join(PATCHBAY_SOURCE_DIR, kGoldenDir));
  ASSERT_TRUE(kept.ok());
  for (const std::string& name : *kept) {
    EXPECT_TRUE(files.contains(os::join(kGoldenDir, name))) << name << ": run scripts/write_reference";
  }
}

TEST(Reference, EveryErrorIsExplainedAndNamedOnce) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_TRUE(names.insert(error_info(code).name).second) << error_info(code).name;
    EXPECT_FALSE(guide_of(code).when.empty()) << error_info(code).name;
    EXPECT_FALSE(guide_of(code).what_to_do.empty()) << error_info(code).name;
  }
}

}  // namespace
}  // namespace patchbay::reference
