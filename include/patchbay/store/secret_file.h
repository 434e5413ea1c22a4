#pragma once

#include <string>

#include "patchbay/base/result.h"
#include "patchbay/base/secret.h"

namespace patchbay::store {

/// The secret kept in `path`: 256 random bits as base64url, made on the first call (0600, all or nothing) and
/// the same ever after, also for two processes that ask at once. kConfigRefused when others may have written
/// the file (SEC:F5); kStateCorrupt when it holds less than 16 bytes.
Result<Secret> load_or_create_secret(const std::string& path);

}  // namespace patchbay::store
