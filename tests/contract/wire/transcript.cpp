#include "contract/wire/transcript.h"

#include <fstream>

#include "patchbay/base/text.h"

namespace patchbay::testing_support {

Transcript read_transcript(const std::string& path) {
  Transcript out;
  std::ifstream file(path);
  std::string line;
  bool answering = true;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.starts_with("# lines")) out.lines = true;
    if (line.empty() || line.starts_with('#')) continue;
    const std::string text = line.size() > 2 ? line.substr(2) : std::string();
    if (line[0] == '>') {
      if (answering) out.exchanges.push_back({{}, {}, number});
      answering = false;
      out.exchanges.back().sent.push_back(text);
    } else {
      answering = true;
      out.exchanges.back().expected.push_back(text);
    }
  }
  return out;
}

std::string difference(const Json& expected, const Json& actual, const std::string& path) {
  const std::string here = path.empty() ? "the message" : path;
  if (expected == "*") return {};
  if (expected.is_object() && actual.is_object()) {
    const bool open = expected.contains("...");
    for (const auto& [name, value] : expected.items()) {
      if (name == "...") continue;
      if (!actual.contains(name)) return here + " lacks " + name;
      if (auto inner = difference(value, actual[name], path + "/" + name); !inner.empty()) return inner;
    }
    for (const auto& [name, value] : actual.items()) {
      if (!open && !expected.contains(name)) return here + " has the unexpected member " + name;
    }
    return {};
  }
  if (expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (auto inner = difference(expected[i], actual[i], path + "/" + std::to_string(i)); !inner.empty()) return inner;
    }
    return {};
  }
  return expected == actual ? std::string() : here + " is " + actual.dump() + ", expected " + expected.dump();
}

std::string fill(std::string text, const Variables& variables) {
  for (const auto& [name, value] : variables) text = replace_all(std::move(text), "{" + name + "}", value);
  return text;
}

}  // namespace patchbay::testing_support
