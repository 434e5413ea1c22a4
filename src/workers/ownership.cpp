#include "workers/ownership.h"

#include "patchbay/base/text.h"

namespace patchbay::workers {
namespace {

constexpr char kOwner[] = "_mcp_owner_session_hash";
constexpr char kOwnerKind[] = "_mcp_owner_scope";
constexpr char kOwnerCredential[] = "_mcp_owner_credential";
constexpr char kOwnerRef[] = "_mcp_owner_client_ref";
constexpr char kOwnerLabel[] = "_mcp_owner_label";
constexpr char kOwnerCreated[] = "_mcp_owner_created_at";
constexpr char kOwnerSeen[] = "_mcp_owner_last_seen_at";

constexpr std::size_t kLabelCharacters = 80;
constexpr char kCredentialKind[] = "credential";

}  // namespace

Ownership::Ownership(std::string scope, double idle_seconds, std::function<bool(const std::string&)> live,
                     const Clock& clock)
    : scope_(std::move(scope)),
      idle_seconds_(idle_seconds),
      live_(std::move(live)),
      clock_(clock),
      started_at_(epoch_seconds(clock.wall())) {}

void Ownership::stamp(const Actor& actor, Json& options) const {
  const double now = epoch_seconds(clock_.wall());
  const bool same = json::get_string(options, kOwner) == actor.scope_key;
  options[kOwner] = actor.scope_key;
  options[kOwnerKind] = actor.scope_kind;
  options[kOwnerCredential] = actor.credential;
  options[kOwnerRef] = actor.client_ref;
  options[kOwnerLabel] = std::string(utf8_prefix(actor.label, kLabelCharacters));
  if (!same || !options.contains(kOwnerCreated)) options[kOwnerCreated] = now;
  options[kOwnerSeen] = now;
}

std::string Ownership::owner_of(const Worker& worker) { return worker.latest().option(kOwner); }

bool Ownership::live(const jobs::JobRecord& job) const {
  const std::string scope_key = job.option(kOwner);
  if (live_ && live_(scope_key)) return true;
  // What an earlier owner process saw counts until its time is over; a front end's process is gone with it.
  const double seen = json::get_double(job.options, kOwnerSeen);
  return job.option(kOwnerKind) != "process" && seen < started_at_ &&
         seen > epoch_seconds(clock_.wall()) - idle_seconds_;
}

OwnershipView Ownership::view(const Actor& actor, const Worker& worker) const {
  const jobs::JobRecord& job = worker.latest();
  OwnershipView v;
  v.label = job.option(kOwnerLabel);
  const std::string owner = job.option(kOwner);
  const bool same_credential = job.option(kOwnerCredential) == actor.credential;
  if (scope_ == "server" || owner.empty()) {
    v.owned = scope_ == "server" ? std::optional<bool>(true) : std::nullopt;
    v.status = scope_ == "server" ? "current_client" : "unknown_previous_connection";
    return v;
  }
  if (owner == actor.scope_key || (scope_ == "token" && same_credential)) {
    v.owned = true;
    v.status = "current_client";
    return v;
  }
  v.owned = false;
  if (!same_credential) {
    v.status = "other_token_owner";
    v.needs_takeover = true;
  } else if (scope_ == "transport_session") {
    v.status = "other_connection";
    v.needs_takeover = true;
  } else if (actor.scope_kind == kCredentialKind || job.option(kOwnerKind) == kCredentialKind) {
    // One of the two says no more than its credential, so conversations cannot be told apart.
    v.owned = std::nullopt;
    v.status = "unknown_current_connection";
    return v;
  } else if (live(job)) {
    v.status = "other_connection";
    v.needs_takeover = true;
  } else {
    v.status = "unknown_previous_connection";
    v.note = "The conversation that owned this worker is gone; you may go on with it.";
    return v;
  }
  v.note = "Another conversation is using this worker. Ask the user; if it is intended, call again with takeover=true.";
  return v;
}

}  // namespace patchbay::workers
