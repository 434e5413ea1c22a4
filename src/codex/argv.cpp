#include "codex/argv.h"

namespace patchbay::codex {
namespace {

class Arguments {
 public:
  explicit Arguments(const std::string& program) : list_{program, "exec"} {}

  void flag(const char* name, bool wanted) {
    if (wanted) list_.emplace_back(name);
  }
  void value(const char* name, const std::string& text) {
    if (text.empty()) return;
    list_.emplace_back(name);
    list_.push_back(text);
  }
  void each(const char* name, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) value(name, text);
  }
  std::vector<std::string> take() { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

}  // namespace

std::vector<std::string> build_argv(const CommandLine& line) {
  const bool resumes = !line.resume_session.empty();
  Arguments out(line.program);
  out.flag("--dangerously-bypass-approvals-and-sandbox", line.bypass);
  if (!line.bypass) out.value("--sandbox", line.sandbox);
  if (resumes) out.value("--cd", line.cd);
  out.flag("--ignore-user-config", line.ignore_user_config);
  if (!resumes) out.value("--cd", line.cd);
  out.value("--output-schema", line.schema_file);
  out.flag("--json", line.json);
  out.value("--model", line.model);
  out.each("--image", line.images);
  if (!line.images.empty()) out.value("--color", "never");
  out.each("--enable", line.enable);
  out.each("--disable", line.disable);
  out.value("--profile", line.profile);
  out.each("--add-dir", line.add_dirs);
  out.each("-c", line.overrides);
  out.flag("--skip-git-repo-check", line.skip_git_repo_check);
  out.value("--output-last-message", line.last_message_file);
  out.value("resume", line.resume_session);
  out.flag("-", line.prompt_on_stdin);
  return out.take();
}

}  // namespace patchbay::codex
