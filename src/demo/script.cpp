#include "demo/script.h"

#include <charconv>

#include "patchbay/base/text.h"

namespace patchbay::demo {
namespace {

using Kind = Step::Kind;

int number_in(std::string_view text) {
  int n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

std::string unescape(std::string_view text) { return replace_all(std::string(text), "\\n", "\n"); }

/// `path=P rest`: the path ends at white space.
std::string path_of(std::string_view arguments) {
  static constexpr std::string_view kPath = "path=";
  const std::size_t at = arguments.find(kPath);
  if (at == std::string_view::npos) return {};
  arguments.remove_prefix(at + kPath.size());
  return std::string(arguments.substr(0, arguments.find_first_of(" \n")));
}

std::string patch_frame(std::string_view body) {
  return "*** Begin Patch\n" + std::string(body) + (body.ends_with('\n') ? "" : "\n") + "*** End Patch\n";
}

Step write_step(const std::string& path, std::string_view content) {
  std::string body = "*** Add File: " + path + "\n";
  if (content.ends_with('\n')) content.remove_suffix(1);
  for (const std::string_view line : split(content, '\n')) body.append("+").append(line).append("\n");
  return {Kind::kPatch, patch_frame(body), path};
}

Step write_step_from(std::string_view arguments) {
  static constexpr std::string_view kContent = "content=";
  const std::size_t at = arguments.find(kContent);
  const std::string content =
      at == std::string_view::npos ? std::string() : unescape(arguments.substr(at + kContent.size()));
  return write_step(path_of(arguments), content);
}

Step patch_step(std::string_view body) {
  const std::string text = unescape(body);
  return {Kind::kPatch, text.starts_with("*** Begin Patch") ? text : patch_frame(text)};
}

/// Adds what one marker asks for; words that are no marker add nothing.
void add_marker(std::string_view word, std::string_view rest, std::vector<Step>& steps) {
  if (word == "say") {
    steps.push_back({Kind::kSay, unescape(rest)});
  } else if (word == "raw") {
    steps.push_back({Kind::kRaw, unescape(rest)});
  } else if (word == "think") {
    steps.push_back({Kind::kThink, unescape(rest)});
  } else if (word == "shell") {
    steps.push_back({Kind::kShell, std::string(rest)});
  } else if (word == "write") {
    steps.push_back(write_step_from(rest));
  } else if (word == "delete") {
    const std::string path = path_of(rest);
    steps.push_back({Kind::kPatch, patch_frame("*** Delete File: " + path), path});
  } else if (word == "patch") {
    steps.push_back(patch_step(rest));
  } else if (word == "sleep") {
    steps.push_back({Kind::kSleep, {}, {}, std::chrono::milliseconds(number_in(rest))});
  } else if (word == "stall") {
    steps.push_back({Kind::kStall, {}});
  } else if (word == "fail") {
    steps.push_back({Kind::kFail, std::string(rest)});
  } else if (word == "cut") {
    steps.push_back({Kind::kCut, {}});
  } else if (word == "garbage") {
    steps.push_back({Kind::kGarbage, {}});
  } else if (word == "big") {
    steps.push_back({Kind::kSay, std::string(static_cast<std::size_t>(std::max(0, number_in(rest))), 'x')});
  }
}

std::vector<Step> parse_markers(std::string_view prompt) {
  std::vector<Step> steps;
  for (std::size_t at; (at = prompt.find("[[")) != std::string_view::npos;) {
    prompt.remove_prefix(at + 2);
    const std::size_t end = prompt.find("]]");
    if (end == std::string_view::npos) break;
    const std::string_view marker = prompt.substr(0, end);
    const std::size_t word_end = std::min(marker.find_first_of(" \n"), marker.size());
    add_marker(marker.substr(0, word_end), trim(marker.substr(word_end)), steps);
    prompt.remove_prefix(end + 2);
  }
  return steps;
}

std::string first_line(std::string_view text) {
  return std::string(utf8_prefix(trim(text.substr(0, text.find('\n'))), 160));
}

/// "notes.md", but not "e.g." or "1.2": a stem of two characters at least and an extension of two to four
/// letters.
bool is_file_name(std::string_view word) {
  const std::size_t dot = word.rfind('.');
  if (dot == std::string_view::npos || dot < 2 || word.front() == '/') return false;
  if (word.find("..") != std::string_view::npos) return false;
  const std::string_view extension = word.substr(dot + 1);
  return extension.size() >= 2 && extension.size() <= 4 &&
         extension.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
}

/// The file to be made: the first one, other than the README, that the brief's first paragraph names.
std::string file_named_in(std::string_view brief) {
  static constexpr std::string_view kNameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
  brief = trim(brief);
  brief = brief.substr(0, brief.find("\n\n"));
  for (std::size_t start; (start = brief.find_first_of(kNameChars)) != std::string_view::npos;) {
    brief.remove_prefix(start);
    std::string_view word = brief.substr(0, brief.find_first_not_of(kNameChars));
    brief.remove_prefix(word.size());
    while (word.ends_with('.')) word.remove_suffix(1);
    if (is_file_name(word) && !to_lower_ascii(word).starts_with("readme")) return std::string(word);
  }
  return "NOTES.md";
}

std::string content_for(const std::string& file, const std::string& brief) {
  if (file.find("greet") != std::string::npos) {
    return "Hello, and welcome!\nHallo und willkommen!\nBonjour et bienvenue !\n";
  }
  return "# " + file + "\n\nWritten for this request:\n\n> " + first_line(brief) + "\n";
}

Script looking_around(const std::string& brief) {
  Script script;
  const std::string look = "ls && head -n 20 README.md";
  script.steps = {{Kind::kSay, "I look at the repository; the sandbox is read-only, so nothing will change."},
                  {Kind::kShell, look}};
  script.report.summary = "I read the repository and changed nothing.";
  script.report.detailed_report = "Asked for: " + first_line(brief) + "\nThe sandbox permits reading only.";
  script.report.commands_run = {look};
  script.report.next_steps = {"Start a worker that may write, if the change is wanted."};
  return script;
}

/// The demo's own script: a small, believable piece of work.
Script built_in(const Conversation& conversation) {
  const std::string& brief = conversation.prompt;
  if (conversation.read_only()) return looking_around(brief);
  const std::string file = file_named_in(brief);
  const std::string look = "ls && head -n 20 README.md";
  const std::string mention = "printf '\\nSee [%s](%s).\\n' '" + file + "' '" + file + "' >> README.md";
  const std::string check = "git status --short && tail -n 2 README.md";
  Script script;
  script.steps = {{Kind::kThink, "**Reading the brief**"},
                  {Kind::kSay, "I look at the repository first."},
                  {Kind::kShell, look},
                  {Kind::kSay, "Now I add " + file + "."},
                  write_step(file, content_for(file, brief)),
                  {Kind::kSay, "The README should mention it."},
                  {Kind::kShell, mention},
                  {Kind::kShell, check}};
  Report& r = script.report;
  r.summary = "Added " + file + " and mentioned it in README.md.";
  r.detailed_report = "Asked for: " + first_line(brief) + "\nI read the README, wrote " + file +
                      " with a patch, appended a line that links to it, and looked at the result.";
  r.files_changed = {file, "README.md"};
  r.commands_run = {look, mention, check};
  r.evidence = {"git status shows " + file + " as new and README.md as modified.",
                "The last line of README.md links to " + file + "."};
  r.next_steps = {"Review the diff and integrate it."};
  return script;
}

Report report_of(const std::vector<Step>& steps) {
  Report report;
  report.summary = "Done.";
  for (const Step& step : steps) {
    if (step.kind == Kind::kSay) report.summary = step.text;
    if (step.kind == Kind::kShell) report.commands_run.push_back(step.text);
    if (step.kind == Kind::kPatch && !step.path.empty()) report.files_changed.push_back(step.path);
  }
  return report;
}

}  // namespace

std::vector<Step> Script::response(int index) const {
  std::vector<Step> current;
  int number = 0;
  for (const Step& step : steps) {
    if (number == index) current.push_back(step);
    if (step.ends_response() && ++number > index) return current;
  }
  return current;
}

bool Script::is_last(int index) const {
  const std::vector<Step> current = response(index);
  return current.empty() || !current.back().ends_response();
}

Script script_for(const Conversation& conversation) {
  Script script;
  script.steps = parse_markers(conversation.prompt);
  if (script.steps.empty()) return built_in(conversation);
  script.report = report_of(script.steps);
  return script;
}

}  // namespace patchbay::demo
