#pragma once

#include <string>
#include <vector>

namespace patchbay::codex {

/// One `codex exec` call, every value checked.
struct CommandLine {
  std::string program;
  bool bypass = false;
  std::string sandbox;
  bool ignore_user_config = false;
  std::string cd;
  std::string schema_file;
  bool json = true;
  std::string model;
  std::vector<std::string> images;
  std::vector<std::string> enable, disable;
  std::string profile;
  std::vector<std::string> add_dirs;
  std::vector<std::string> overrides;  ///< every `-c`, in order: Codex lets the last one win
  bool skip_git_repo_check = false;
  std::string last_message_file;
  std::string resume_session;
  bool prompt_on_stdin = false;
};

/// The arguments in their fixed order. Every option stands before the word
/// `resume`, and `--color never` after the last image, because `--image` takes every value up to the next
/// option.
std::vector<std::string> build_argv(const CommandLine& line);

}  // namespace patchbay::codex
