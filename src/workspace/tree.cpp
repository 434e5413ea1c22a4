// Level by level: every directory of one depth is listed before any of the next, until the page is full. The
// order is fixed by depth and names alone, so a cursor needs only the last entry it follows, and a file that
// comes or goes meanwhile moves nothing else.

#include "patchbay/workspace/tree.h"

#include <algorithm>

#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kMaxVisited = 200'000;  // names looked at in one call
constexpr std::size_t kMaxCursor = 8192;

/// One name on the way to an entry, as it is ordered: directories first, then without regard to case.
struct Step {
  bool directory = true;
  std::string folded;
  std::string name;
  auto key() const { return std::tie(folded, name); }
};

bool before(const Step& a, const Step& b) {
  if (a.directory != b.directory) return a.directory;
  return a.key() < b.key();
}

/// Place in the level order: the names from the drawn directory down.
using Place = std::vector<Step>;

bool before(const Place& a, const Place& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (before(a[i], b[i])) return true;
    if (before(b[i], a[i])) return false;
  }
  return false;
}

Step step(std::string name, bool directory) {
  std::string folded = fold_case(name);
  return {directory, std::move(folded), std::move(name)};
}

/// The cursor names the last entry: its kind, then its path below the drawn directory.
std::string encode_cursor(const Place& place) {
  std::string text(1, place.back().directory ? 'd' : 'f');
  for (const Step& s : place) text += "/" + s.name;
  return base64url_encode(text);
}

Result<Place> decode_cursor(const std::string& cursor) {
  const Error foreign{ErrorCode::kInvalidArgument,
                      "The cursor does not belong to this tree.",
                      "Use next_cursor of the page before, with the same arguments.",
                      {}};
  std::string text;
  if (cursor.size() > kMaxCursor || !base64url_decode(cursor, &text) || text.size() < 3 ||
      (text[0] != 'd' && text[0] != 'f') || text[1] != '/') {
    return foreign;
  }
  Place place;
  for (const std::string_view name : split(std::string_view(text).substr(2), '/')) {
    if (name.empty()) return foreign;
    place.push_back(step(std::string(name), true));
  }
  place.back().directory = text[0] == 'd';
  return place;
}

struct Node {
  Step order;
  std::string shown;      ///< what the line says
  bool descend = false;   ///< a directory that may be listed
  bool drawn = false;     ///< counts as an entry of this page; else it only leads to one
  std::int64_t more = 0;  ///< children that are not on this page
  std::vector<Node> children;
};

class Drawing {
 public:
  Drawing(const WorkspaceFs& fs, const TreeRequest& request, const CancelToken& cancel)
      : fs_(fs), request_(request), cancel_(cancel) {}

  Result<Tree> run() {
    if (!request_.cursor.empty()) after_ = PB_TRY(decode_cursor(request_.cursor));
    const OpenedPath top = PB_TRY(fs_.open_dir(request_.path));
    Node root;
    std::vector<Pending> level;
    level.push_back({&root, {}, top.path});
    for (int depth = 1; depth <= request_.max_depth && !level.empty(); ++depth) {
      std::vector<Pending> next;
      for (Pending& dir : level) {
        if (cancel_.cancelled()) return Error{ErrorCode::kCancelled, "The request was cancelled.", {}, {}};
        add_children(dir, depth, next);
      }
      level = std::move(next);
    }
    return finish(top, root);
  }

 private:
  struct Pending {
    Node* node;
    Place place;
    std::string path;
  };

  bool exhausted() {
    if (visited_ < kMaxVisited && system_clock().mono() < request_.deadline) return false;
    tree_.truncated = true;
    return true;
  }

  bool full() const { return static_cast<std::size_t>(tree_.entries) >= request_.max_entries; }

  /// Lists one directory, takes what belongs on this page, queues its directories.
  void add_children(Pending& dir, int depth, std::vector<Pending>& next) {
    if (exhausted()) return;
    const auto opened = fs_.open_listed_dir(dir.path);
    auto listing = opened ? fs_.list(*opened, kMaxVisited - visited_) : Result<Listing>(opened.error());
    if (!listing) {
      dir.node->shown += " (unreadable)";
      return;
    }
    tree_.omitted.blocked += static_cast<std::int64_t>(listing->left_out);
    visited_ += listing->entries.size();
    tree_.truncated = tree_.truncated || listing->truncated;
    std::vector<Node> nodes;
    for (DirEntry& entry : listing->entries) {
      if (!left_out(*opened, entry)) nodes.push_back(make_node(*opened, entry));
    }
    std::sort(nodes.begin(), nodes.end(), [](const Node& a, const Node& b) { return before(a.order, b.order); });
    std::vector<Node> kept;
    for (Node& node : nodes) {
      Place place = dir.place;
      place.push_back(node.order);
      const bool earlier = after_ && !before(*after_, place);
      if (!earlier && full()) {
        ++dir.node->more;
        continue;
      }
      if (!earlier) {
        node.drawn = true;
        ++tree_.entries;
        last_ = place;
      }
      if (!earlier || (node.descend && depth < request_.max_depth)) kept.push_back(std::move(node));
    }
    tree_.truncated = tree_.truncated || dir.node->more > 0;
    dir.node->children = std::move(kept);
    if (depth >= request_.max_depth) return;
    for (Node& node : dir.node->children) {
      if (!node.descend) continue;
      Place place = dir.place;
      place.push_back(node.order);
      next.push_back({&node, std::move(place), join_relative(dir.path, node.order.name)});
    }
  }

  bool left_out(const OpenedPath& dir, const DirEntry& entry) {
    if (fs_.blocked_globs().matches_entry(join_relative(dir.path, entry.name))) return ++tree_.omitted.blocked, true;
    if (entry.type == FileType::kDirectory && is_noise_directory(entry.name)) return ++tree_.omitted.noise, true;
    if (!request_.include_hidden && entry.name.starts_with('.')) return ++tree_.omitted.hidden, true;
    return false;
  }

  Node make_node(const OpenedPath& dir, DirEntry& entry) {
    Node node;
    bool directory = entry.type == FileType::kDirectory;
    node.descend = directory;
    node.shown = display_safe(entry.name);
    if (entry.type == FileType::kSymlink) {
      const LinkTarget target = fs_.read_link(dir, entry.name);
      directory = target.directory;
      node.shown += (directory ? "/ -> " : " -> ") + (target.inside    ? display_safe(target.text)
                                                      : target.blocked ? "(blocked)"
                                                                       : "(outside)");
    } else if (directory) {
      node.shown += '/';
    }
    node.order = step(std::move(entry.name), directory);
    return node;
  }

  /// Drops directories that lead to nothing on this page; true when the node stays.
  static bool prune(Node& node) {
    std::erase_if(node.children, [](Node& child) { return !prune(child); });
    return node.drawn || !node.children.empty() || node.more > 0;
  }

  Tree finish(const OpenedPath& top, Node& root) {
    if (after_) prune(root);
    tree_.path = display_safe(top.path);
    tree_.text = top.path == "." ? "." : tree_.path + "/";
    tree_.text += root.shown;  // " (unreadable)" or nothing
    draw(root, "");
    if (tree_.truncated && last_) tree_.next_cursor = encode_cursor(*last_);
    if (tree_.truncated) tree_.text += "\n(truncated after " + std::to_string(tree_.entries) + " entries)";
    return std::move(tree_);
  }

  void draw(const Node& node, const std::string& indent) {
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const bool last = i + 1 == node.children.size() && node.more == 0;
      tree_.text += "\n" + indent + (last ? "└── " : "├── ") + node.children[i].shown;
      draw(node.children[i], indent + (last ? "    " : "│   "));
    }
    if (node.more > 0) tree_.text += "\n" + indent + "└── +" + std::to_string(node.more) + " more";
  }

  const WorkspaceFs& fs_;
  const TreeRequest& request_;
  const CancelToken& cancel_;
  Tree tree_;
  std::optional<Place> after_, last_;
  std::size_t visited_ = 0;
};

}  // namespace

Result<Tree> draw_tree(const WorkspaceFs& fs, const TreeRequest& request, const CancelToken& cancel) {
  return Drawing(fs, request, cancel).run();
}

}  // namespace patchbay::workspace
