#pragma once

namespace patchbay::codex {

/// A thread of Codex as it names them.
inline constexpr char kThread[] = "01a1fe57-c01c-7581-a192-78f467b3672b";

}  // namespace patchbay::codex
