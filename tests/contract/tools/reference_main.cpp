#include <cstdio>

#include "contract/tools/reference.h"
#include "patchbay/os/file.h"

// Writes every generated file below the folder given as argument, and removes golden files of tools that are
// gone.
int main(int argc, char** argv) {
  using namespace patchbay;
  if (argc != 2) {
    std::fprintf(stderr, "usage: patchbay-reference <project folder>\n");
    return 2;
  }
  const std::string root = argv[1];
  const auto files = reference::generated_files();
  const auto failed = [](const std::string& path, const Error& error) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), error.message.c_str());
    return 1;
  };
  for (const auto& [path, content] : files) {
    const std::string full = os::join(root, path);
    if (const Status made = os::make_private_dirs(os::parent_of(full)); !made.ok()) return failed(path, made.error());
    if (const Status written = os::write_file_volatile(full, content, 0644); !written.ok()) {
      return failed(path, written.error());
    }
  }
  const std::string golden = os::join(root, reference::kGoldenDir);
  const auto names = os::list_dir(golden);
  if (!names.ok()) return failed(golden, names.error());
  for (const std::string& name : *names) {
    if (!files.contains(os::join(reference::kGoldenDir, name))) (void)os::remove_file(os::join(golden, name));
  }
  return 0;
}
