#include "codex/executable.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace patchbay::codex {
namespace {

#if defined(__x86_64__)
constexpr char kNative[] = "codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex";
#else
constexpr char kNative[] = "codex-linux-arm64/vendor/aarch64-unknown-linux-musl/bin/codex";
#endif

class Executable : public testing::Test {
 protected:
  std::string put(const std::string& relative, const std::string& text, unsigned mode = 0755) {
    const std::string path = temp.path(relative);
    EXPECT_TRUE(os::make_private_dirs(os::parent_of(path)).ok());
    EXPECT_TRUE(os::write_file_atomic(path, text, mode).ok());
    return path;
  }
  /// An npm installation with its link on PATH.
  void install_npm_package() {
    script = put("lib/node_modules/@openai/codex/bin/codex.js", "#!/usr/bin/env node\n");
    ASSERT_TRUE(os::make_private_dirs(temp.path("bin")).ok());
    ASSERT_EQ(::symlink(script.c_str(), temp.path("bin/codex").c_str()), 0);
  }

  testing_support::TempDir temp;
  std::string script;
  ExecutableFinder finder;
};

TEST_F(Executable, IsLookedUpOnThePath) {
  const std::string path = put("bin/codex", "#!/bin/sh\n");
  EXPECT_EQ(finder.find("", "/nowhere:" + temp.path("bin"))->path, path);
  EXPECT_EQ(finder.find(path, "")->path, path);
}

TEST_F(Executable, ThatIsMissingIsReportedWithAHint) {  // SEC:F13
  const auto missing = finder.find("", temp.path("bin"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kCodexCliMissing);
  EXPECT_NE(missing.error().hint.find("npm install"), std::string::npos);
  EXPECT_FALSE(finder.find("./codex", temp.path("bin")).ok());
  put("bin/codex", "not a program", 0600);
  EXPECT_FALSE(finder.find("", temp.path("bin")).ok());
}

TEST_F(Executable, BehindTheNpmLinkIsTheNativeProgramBesideThePackage) {
  install_npm_package();
  const std::string native = put(std::string("lib/node_modules/@openai/") + kNative,
                                 "\x7f"
                                 "ELF");
  const auto program = finder.find("", temp.path("bin"));
  ASSERT_TRUE(program.ok());
  EXPECT_EQ(program->path, native);
  EXPECT_EQ(program->found, temp.path("bin/codex"));
}

TEST_F(Executable, BehindTheNpmLinkIsTheNativeProgramNestedInThePackage) {
  install_npm_package();
  const std::string native = put(std::string("lib/node_modules/@openai/codex/node_modules/@openai/") + kNative,
                                 "\x7f"
                                 "ELF");
  EXPECT_EQ(finder.find("", temp.path("bin"))->path, native);
}

TEST_F(Executable, BehindAShellWrapperIsTheNativeProgramToo) {
  script = put("lib/node_modules/@openai/codex/bin/codex.js", "#!/usr/bin/env node\n");
  const std::string native = put(std::string("lib/node_modules/@openai/") + kNative,
                                 "\x7f"
                                 "ELF");
  put("bin/codex", "#!/bin/sh\nexec node \"$basedir/../lib/node_modules/@openai/codex/bin/codex.js\" \"$@\"\n");
  EXPECT_EQ(finder.find("", temp.path("bin"))->path, native);
}

TEST_F(Executable, StaysTheWrapperWhenThereIsNoNativeProgram) {
  install_npm_package();
  EXPECT_EQ(finder.find("", temp.path("bin"))->path, temp.path("bin/codex"));
}

TEST_F(Executable, IsFoundAgainAfterAnUpgrade) {
  install_npm_package();
  const std::string first = put(std::string("lib/node_modules/@openai/") + kNative,
                                "\x7f"
                                "ELF");
  ASSERT_EQ(finder.find("", temp.path("bin"))->path, first);
  ASSERT_TRUE(os::remove_file(first).ok());
  const std::string second = put(std::string("lib/node_modules/@openai/codex/node_modules/@openai/") + kNative,
                                 "\x7f"
                                 "ELF 2");
  EXPECT_EQ(finder.find("", temp.path("bin"))->path, second);
}

TEST_F(Executable, AnUnrelatedScriptIsLeftAlone) {
  const std::string path = put("bin/codex", "#!/bin/sh\nexec /opt/other \"$@\"\n");
  EXPECT_EQ(finder.find("", temp.path("bin"))->path, path);
}

}  // namespace
}  // namespace patchbay::codex
