#pragma once

#include "patchbay/mcp/tool.h"
#include "patchbay/workers/workers.h"

namespace patchbay::app {

/// Who asks, in the words of ownership.
inline workers::Actor actor_of(const mcp::Caller& caller) {
  workers::Actor actor;
  actor.scope_key = caller.scope_key;
  actor.scope_kind = mcp::name_of(caller.kind);
  actor.credential = caller.credential;
  actor.client_ref = caller.client_ref;
  actor.label = caller.label;
  actor.may_write_shared = caller.scope >= mcp::Scope::kIntegrate;
  return actor;
}

}  // namespace patchbay::app
