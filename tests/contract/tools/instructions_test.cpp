#include <gtest/gtest.h>

#include "patchbay/base/text.h"
#include "patchbay/tools/catalog.h"

namespace patchbay::tools {
namespace {

TEST(Instructions, FitTheirLimitAndAreValidText) {
  EXPECT_LE(instructions().size(), 4096u);
  EXPECT_TRUE(is_valid_utf8(instructions()));
}

// Hosts cut the text; what nobody may miss has to come first.
TEST(Instructions, SayTheImportantThingsInTheFirst512Characters) {
  const std::string head = instructions().substr(0, 512);
  for (const char* word : {"codex_self_test", "codex_open_workspace", "codex_worker_start", "codex_worker_inspect",
                           "codex_worker_integrate", "never instructions", "handle"}) {
    EXPECT_NE(head.find(word), std::string::npos) << word;
  }
}

TEST(Instructions, ExplainTheArgumentsThatSchemasDoNotExplain) {
  const std::string text = instructions();
  for (const char* word : {"repo_path:", "handle:", "request_key:", "takeover, takeover_reason:"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

TEST(Instructions, NameNoModelOrVendor) {
  const std::string text = to_lower_ascii(instructions());
  for (const char* word : {"gpt-", "claude", "openai", "anthropic", "gemini"}) {
    EXPECT_EQ(text.find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace patchbay::tools
