#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <set>
#include <sstream>

#include "patchbay/base/text.h"

// The library's own tree accepts aliases, self-references and duplicate keys and ignores tags. So the tree is
// built here from its events, and what is not allowed stops the parse where it appears.

namespace patchbay::config {
namespace {

/// Ends the parse; caught below and nowhere else.
struct Refused {
  int line;
  std::string reason;
};

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlNode& root) : root_(root) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    place(mark, {});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{line_of(mark), "aliases are not allowed"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.text = value;
    node.quoted = tag == "!";
    place(mark, std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kSequence);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { open_.pop_back(); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    throw Refused{line_of(mark), "anchors are not allowed"};
  }

 private:
  struct Open {
    YamlNode* node;
    bool expects_value = false;  // a map whose next event is the value of the last key
    std::set<std::string> keys = {};
  };

  static void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) throw Refused{line_of(mark), "anchors are not allowed"};
    // "?" stands for a plain value and "!" for a quoted one; anything else was written in the file.
    if (!tag.empty() && tag != "?" && tag != "!") throw Refused{line_of(mark), "tags are not allowed"};
  }

  YamlNode* place(const YAML::Mark& mark, YamlNode node) {
    node.line = line_of(mark);
    if (open_.empty()) {
      root_ = std::move(node);
      return &root_;
    }
    Open& top = open_.back();
    if (top.node->kind == YamlNode::Kind::kSequence) {
      top.node->items.push_back(std::move(node));
      return &top.node->items.back();
    }
    if (!top.expects_value) {
      if (node.kind != YamlNode::Kind::kScalar) throw Refused{node.line, "a key must be plain text"};
      if (node.text == "<<") throw Refused{node.line, "merge keys are not allowed"};
      if (!top.keys.insert(node.text).second) throw Refused{node.line, "duplicate key '" + node.text + "'"};
      top.node->members.push_back({std::move(node.text), YamlNode{}});
      top.expects_value = true;
      return nullptr;
    }
    top.expects_value = false;
    top.node->members.back().value = std::move(node);
    return &top.node->members.back().value;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    check(mark, tag, anchor);
    if (open_.size() >= kMaxYamlDepth) throw Refused{line_of(mark), "nested more than 32 levels deep"};
    YamlNode node;
    node.kind = kind;
    // Adding to an outer container ends before an inner one opens, so the pointers on the stack stay good.
    open_.push_back({place(mark, std::move(node))});
  }

  YamlNode& root_;
  std::vector<Open> open_;
};

/// The reader takes 0x04 for the end of the text; none of these has a place in a settings file anyway.
bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 ? c != '\t' && c != '\n' && c != '\r' : c == 0x7f; });
}

Error refused(const std::string& file, int line, const std::string& reason) {
  std::string where = file;
  if (line > 0) where += ":" + std::to_string(line);
  return Error{ErrorCode::kConfigRefused, where + ": " + display_safe(reason), {}, {}};
}

}  // namespace

Result<YamlNode> parse_yaml(std::string_view text, const std::string& file_name) {
  if (text.size() > kMaxYamlBytes) return refused(file_name, 0, "larger than 256 KiB");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!is_valid_utf8(text)) return refused(file_name, 0, "not valid UTF-8");
  if (has_control_characters(text)) return refused(file_name, 0, "holds control characters");
  YamlNode root;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder builder(root);
    const bool any = parser.HandleNextDocument(builder);
    YamlNode second;
    TreeBuilder more(second);
    if (any && parser.HandleNextDocument(more)) return refused(file_name, second.line, "more than one document");
  } catch (const Refused& r) {
    return refused(file_name, r.line, r.reason);
  } catch (const YAML::Exception& e) {
    return refused(file_name, e.mark.is_null() ? 0 : line_of(e.mark), "not valid YAML: " + e.msg);
  }
  if (root.kind == YamlNode::Kind::kNull) root.kind = YamlNode::Kind::kMap;
  if (root.kind != YamlNode::Kind::kMap) return refused(file_name, root.line, "must contain a YAML object");
  return root;
}

}  // namespace patchbay::config
