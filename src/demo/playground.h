#pragma once

#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/process.h"

namespace patchbay::demo {

/// The demo's own folder with everything in it; removed when destroyed.
class Playground {
 public:
  /// Makes the folder under `parent` and a repository of three files and one commit in it. kNotFound without
  /// git.
  static Result<Playground> create(const std::string& parent);
  Playground(Playground&& o) noexcept;
  Playground& operator=(Playground&&) = delete;
  ~Playground();

  const std::string& root() const { return root_; }
  std::string repository() const;
  std::string home() const;        ///< PATCHBAY_HOME
  std::string codex_home() const;  ///< CODEX_HOME of the scripted mode
  std::string ready_file() const;
  std::string log_file() const;

  /// Runs git in the repository and gives back what it printed.
  Result<std::string> git(std::vector<std::string> arguments) const;
  /// Leaves the folder behind.
  void keep() { kept_ = true; }
  Status remove();

 private:
  explicit Playground(std::string root) : root_(std::move(root)) {}
  Status make_repository() const;
  std::string root_;
  bool kept_ = false;
};

/// This process's environment without what would lead git or a second PatchBay astray.
os::Environment clean_environment();

}  // namespace patchbay::demo
