#include "patchbay/store/secret_file.h"

#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

namespace patchbay::store {
namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kShortest = 16;
constexpr std::size_t kFileLimit = 4096;

}  // namespace

Result<Secret> load_or_create_secret(const std::string& path) {
  auto text = os::read_trusted_file(path, kFileLimit, os::Owner::kUs);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) {
    std::string fresh = base64url_encode(random_bytes(kRandomBytes)) + "\n";
    const Status made = os::create_file_once(path, fresh);
    Secret::wipe(fresh);
    if (!made.ok() && made.error().code != ErrorCode::kAlreadyExists) return made.error();
    // Read back in any case: another process may have been the one that made it.
    text = os::read_trusted_file(path, kFileLimit, os::Owner::kUs);
  }
  if (!text.ok()) {
    Error e = std::move(text).error();
    if (e.code != ErrorCode::kPreconditionFailed) return e;
    return Error{ErrorCode::kConfigRefused,
                 "the key file " + path + " " + e.message,
                 "Make it a regular file of your own with mode 0600.",
                 {}};
  }
  Secret secret{std::string(trim(*text))};
  Secret::wipe(*text);
  if (secret.size() < kShortest) {
    return Error{ErrorCode::kStateCorrupt,
                 "the key file " + path + " is too short",
                 "Remove it; a new one is made. References made with the old key are then unknown.",
                 {}};
  }
  return secret;
}

}  // namespace patchbay::store
