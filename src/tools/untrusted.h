#pragma once

#include <string>

#include "patchbay/json/describe.h"

namespace patchbay::tools {

/// A reply with text that somebody else wrote: a file, a search hit, a worker's report. It says so, and
/// whence the text comes, so that a reader can keep it apart from what the server itself says (SEC:X1).
template <class Inner>
struct Untrusted {
  Inner inner;
  std::string provenance;
  bool untrusted_content = true;

  template <class V>
  static void describe(V& v) {
    v.members(&Untrusted::inner);
    v.field("untrusted_content", &Untrusted::untrusted_content);
    v.field("provenance", &Untrusted::provenance);
  }
  std::string text() const { return inner.text(); }
};

}  // namespace patchbay::tools
