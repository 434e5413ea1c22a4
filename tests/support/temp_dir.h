#pragma once

#include <cstdlib>
#include <string>

#include "patchbay/os/file.h"

namespace patchbay::testing_support {

/// A private directory that is removed with everything in it.
class TempDir {
 public:
  TempDir() {
    std::string pattern = "/var/tmp/patchbay-test-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { (void)os::remove_tree(root_); }

  const std::string& root() const { return root_; }
  std::string path(std::string_view relative) const { return os::join(root_, relative); }

 private:
  std::string root_;
};

}  // namespace patchbay::testing_support
