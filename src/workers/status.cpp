// Status and wait: how the team is doing, without git and without reading a file, with what changed since this caller
// asked last. A poll that comes too early is answered from memory and does not reset those differences.

#include "workers/status_memory.h"

#include "patchbay/base/text.h"
#include "workers/filter.h"
#include "workers/liveness.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kMaxLines = 40;

StatusMemory::WorkerFacts facts_of(const Worker& w) {
  StatusMemory::WorkerFacts f;
  f.state = public_state(w.latest());
  for (const auto& turn : w.turns()) {
    f.events += turn->progress.event_count;
    f.stdout_bytes += turn->progress.stdout_bytes;
    f.stderr_bytes += turn->progress.stderr_bytes;
    f.notes += turn->progress.message_count;
    f.completed_turns += turn->state == jobs::JobState::kCompleted ? 1 : 0;
  }
  return f;
}

struct Delta {
  int changed = 0;
  std::int64_t events = 0, out = 0, err = 0, notes = 0, turns = 0;
};

Delta difference(const std::map<std::string, StatusMemory::WorkerFacts>& before,
                 const std::map<std::string, StatusMemory::WorkerFacts>& now) {
  Delta d;
  for (const auto& [id, f] : now) {
    const auto it = before.find(id);
    const StatusMemory::WorkerFacts old = it == before.end() ? StatusMemory::WorkerFacts{} : it->second;
    d.changed += f.state != old.state ? 1 : 0;
    d.events += f.events - old.events;
    d.out += f.stdout_bytes - old.stdout_bytes;
    d.err += f.stderr_bytes - old.stderr_bytes;
    d.notes += f.notes - old.notes;
    d.turns += f.completed_turns - old.completed_turns;
  }
  return d;
}

Json compact(const Worker& w, const Liveness& live) {
  return {{"worker_id", w.id()},
          {"name", w.name()},
          {"state", public_state(w.latest())},
          {"workspace_mode", std::string(name_of(w.mode()))},
          {"category", live.category},
          {"phase", live.phase},
          {"suggested_action", live.suggested_action},
          {"turn", w.turns().size()},
          {"liveness", live.json}};
}

class StatusBuilder {
 public:
  StatusBuilder(Core& self, const Actor& actor, const FilterArgs& filter)
      : self_(self), actor_(actor), filter_(filter), query_(json::dump(json::to_json(filter))) {}

  /// The answer given a moment ago to the same question, unless something has changed since.
  std::optional<StatusReply> too_early() {
    const auto last = self_.status_memory.get(actor_.scope_key);
    if (!last || last->query != query_) return std::nullopt;
    const double age = std::chrono::duration<double>(self_.parts.clock.mono() - last->at).count();
    if (age >= self_.options.status_minimum_poll_seconds) return std::nullopt;
    const auto selection = select(self_, actor_, filter_, "current", false);
    if (!selection) return std::nullopt;
    std::map<std::string, StatusMemory::WorkerFacts> now;
    for (const Worker* w : selection->workers) now[w->id()] = facts_of(*w);
    if (now.size() != last->facts.size() || difference(last->facts, now).changed > 0) return std::nullopt;
    StatusReply r = last->reply;
    r.poll_too_early = true;
    r.status_current = false;
    r.retry_after_seconds = self_.options.status_minimum_poll_seconds - static_cast<int>(age);
    r.poll_guidance = "Nothing has changed state. Wait with codex_worker_wait rather than asking again at once.";
    return r;
  }

  Result<StatusReply> fresh() {
    const Selection selection = PB_TRY(select(self_, actor_, filter_, "current", false));
    const double now = epoch_seconds(self_.parts.clock.wall());
    StatusReply r;
    std::map<std::string, StatusMemory::WorkerFacts> facts;
    for (const Worker* w : selection.workers) {
      facts[w->id()] = facts_of(*w);
      if (r.workers.size() == kMaxLines) continue;
      const Liveness live = liveness_of(*w, now, self_.options);
      r.worker_lines.push_back(live.line);
      r.workers.push_back(compact(*w, live));
    }
    if (const std::size_t more = selection.workers.size() - r.workers.size(); more > 0) {
      r.worker_lines.push_back(fmt::format("and {} more workers: codex_worker_list shows them all", more));
    }
    TeamStatus team = team_status(selection.workers, now, self_.options);
    r.counts = std::move(team.counts);
    r.suggested_action = team.suggested_action;
    r.scope = selection.scope;
    r.hidden_workers = selection.hidden_json();
    r.minimum_next_poll_seconds = self_.options.status_minimum_poll_seconds;
    r.recommended_next_poll_seconds = self_.options.status_recommended_poll_seconds;
    r.summary = team.summary;
    r.poll_guidance = team.busy > 0 ? "Call codex_worker_wait to be told when a worker changes state."
                                    : "Nothing is running; read reports with codex_worker_inspect.";
    add_delta(r, facts);
    self_.status_memory.put(actor_.scope_key, {self_.parts.clock.mono(), query_, r, std::move(facts)});
    return r;
  }

 private:
  void add_delta(StatusReply& r, const std::map<std::string, StatusMemory::WorkerFacts>& facts) {
    const auto last = self_.status_memory.get(actor_.scope_key);
    const Delta d = last ? difference(last->facts, facts) : Delta{};
    r.since_last_check = {{"first_check", !last.has_value()}, {"changed_workers", d.changed},
                          {"events_delta", d.events},         {"stdout_bytes_delta", d.out},
                          {"stderr_bytes_delta", d.err},      {"partial_notes_delta", d.notes},
                          {"completed_turns_delta", d.turns}};
    r.since_last_check_line =
        !last ? "First check of this conversation."
              : fmt::format("Since the last check: {} workers changed state, {} turns completed, {} events, {} notes.",
                            d.changed, d.turns, d.events, d.notes);
  }

  Core& self_;
  const Actor& actor_;
  const FilterArgs& filter_;
  std::string query_;
};

/// Returns when a worker of the selection changes state, or at the deadline.
double wait_for_change(Core& self, const Actor& actor, const FilterArgs& filter, int seconds, const CallContext& call) {
  const auto states = [&] {
    std::string all;
    if (const auto selection = select(self, actor, filter, "current", false)) {
      for (const Worker* w : selection->workers) all += w->id() + public_state(w->latest());
    }
    return all;
  };
  const MonoTime begin = self.parts.clock.mono();
  const MonoTime until = std::min(begin + std::chrono::seconds(seconds), call.deadline - std::chrono::seconds(2));
  const std::string before = states();
  const auto selection = select(self, actor, filter, "current", false);
  const bool anything_runs = selection && std::any_of(selection->workers.begin(), selection->workers.end(),
                                                      [](const Worker* w) { return w->active(); });
  MonoTime told = begin;
  if (anything_runs && call.may_wait()) {
    self.parts.jobs.wait(
        [&] {
          if (const MonoTime now = self.parts.clock.mono(); now - told >= std::chrono::seconds(1)) {
            told = now;
            if (const auto s = select(self, actor, filter, "current", false); s && !s->workers.empty()) {
              call.progress(
                  liveness_of(*s->workers.front(), epoch_seconds(self.parts.clock.wall()), self.options).line);
            }
          }
          return states() != before;
        },
        until, call.cancel);
  }
  return std::chrono::duration<double>(self.parts.clock.mono() - begin).count();
}

void add_wait_fields(StatusReply& r, double waited, int requested) {
  r.waited_seconds = waited;
  r.requested_wait_seconds = requested;
  r.wait_seconds_applied = std::min(requested, kWaitCapSeconds);
  r.wait_cap_seconds = kWaitCapSeconds;
}

}  // namespace

std::string StatusReply::text() const {
  std::string t = summary + "\n" + since_last_check_line;
  for (const std::string& line : worker_lines) t += "\n- " + line;
  return t + "\n" + poll_guidance;
}

Result<StatusReply> Workers::status(const Actor& actor, const CallContext& call, const StatusArgs& args) {
  StatusBuilder builder(*core_, actor, args.filter);
  if (args.wait_seconds > 0) {
    const double waited = wait_for_change(*core_, actor, args.filter, args.wait_seconds, call);
    StatusReply r = PB_TRY(builder.fresh());
    add_wait_fields(r, waited, args.wait_seconds);
    return r;
  }
  if (!args.force_refresh) {
    if (auto cached = builder.too_early()) return std::move(*cached);
  }
  return builder.fresh();
}

Result<StatusReply> Workers::wait(const Actor& actor, const CallContext& call, const WaitArgs& args) {
  const double waited = wait_for_change(*core_, actor, args.filter, args.wait_seconds, call);
  StatusReply r = PB_TRY(StatusBuilder(*core_, actor, args.filter).fresh());
  add_wait_fields(r, waited, args.wait_seconds);
  return r;
}

}  // namespace patchbay::workers
