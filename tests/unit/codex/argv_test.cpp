#include "codex/argv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/codex/thread_id.h"

namespace patchbay::codex {
namespace {

using testing::ElementsAre;

CommandLine plain() {
  CommandLine line;
  line.program = "/opt/codex";
  line.sandbox = "workspace-write";
  line.prompt_on_stdin = true;
  return line;
}

CommandLine everything() {
  CommandLine line = plain();
  line.ignore_user_config = true;
  line.cd = "/srv/wt";
  line.schema_file = "/run/schema.json";
  line.model = "gpt-5.5";
  line.images = {"/srv/a.png", "/srv/b.png"};
  line.enable = {"apps", "plugins"};
  line.disable = {"shell_snapshot"};
  line.profile = "work";
  line.add_dirs = {"/srv/x", "/srv/y"};
  line.overrides = {"model_verbosity=\"low\"", "model_reasoning_effort=\"high\""};
  line.skip_git_repo_check = true;
  line.last_message_file = "/run/last";
  return line;
}

TEST(Argv, OfTheFirstTurnOfAnIsolatedWorker) {  // builder rows 1-6, 13
  CommandLine line = plain();
  line.cd = "/srv/wt";
  line.schema_file = "/run/schema.json";
  EXPECT_THAT(build_argv(line), ElementsAre("/opt/codex", "exec", "--sandbox", "workspace-write", "--cd", "/srv/wt",
                                            "--output-schema", "/run/schema.json", "--json", "-"));
}

TEST(Argv, OfEverythingAtOnceKeepsTheFixedOrder) {
  EXPECT_THAT(
      build_argv(everything()),
      ElementsAre("/opt/codex", "exec", "--sandbox", "workspace-write", "--ignore-user-config", "--cd", "/srv/wt",
                  "--output-schema", "/run/schema.json", "--json", "--model", "gpt-5.5", "--image", "/srv/a.png",
                  "--image", "/srv/b.png", "--color", "never", "--enable", "apps", "--enable", "plugins", "--disable",
                  "shell_snapshot", "--profile", "work", "--add-dir", "/srv/x", "--add-dir", "/srv/y", "-c",
                  "model_verbosity=\"low\"", "-c", "model_reasoning_effort=\"high\"", "--skip-git-repo-check",
                  "--output-last-message", "/run/last", "-"));
}

TEST(Argv, OfAResumePutsEveryOptionBeforeTheWordAndKeepsProfileAndFolders) {
  CommandLine line = everything();
  line.resume_session = kThread;
  const auto argv = build_argv(line);
  EXPECT_THAT(
      argv, ElementsAre("/opt/codex", "exec", "--sandbox", "workspace-write", "--cd", "/srv/wt", "--ignore-user-config",
                        "--output-schema", "/run/schema.json", "--json", "--model", "gpt-5.5", "--image", "/srv/a.png",
                        "--image", "/srv/b.png", "--color", "never", "--enable", "apps", "--enable", "plugins",
                        "--disable", "shell_snapshot", "--profile", "work", "--add-dir", "/srv/x", "--add-dir",
                        "/srv/y", "-c", "model_verbosity=\"low\"", "-c", "model_reasoning_effort=\"high\"",
                        "--skip-git-repo-check", "--output-last-message", "/run/last", "resume", kThread, "-"));
}

TEST(Argv, BypassReplacesTheSandbox) {
  CommandLine line = plain();
  line.bypass = true;
  EXPECT_THAT(build_argv(line),
              ElementsAre("/opt/codex", "exec", "--dangerously-bypass-approvals-and-sandbox", "--json", "-"));
}

TEST(Argv, WithoutAPromptHasNoDash) {
  CommandLine line = plain();
  line.prompt_on_stdin = false;
  line.resume_session = kThread;
  EXPECT_THAT(build_argv(line),
              ElementsAre("/opt/codex", "exec", "--sandbox", "workspace-write", "--json", "resume", kThread));
}

TEST(Argv, WithoutEventsHasNoJson) {
  CommandLine line = plain();
  line.json = false;
  EXPECT_THAT(build_argv(line), ElementsAre("/opt/codex", "exec", "--sandbox", "workspace-write", "-"));
}

}  // namespace
}  // namespace patchbay::codex
