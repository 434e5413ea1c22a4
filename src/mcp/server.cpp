#include "patchbay/mcp/server.h"

#include "mcp/running_call.h"
#include "mcp/running_place.h"
#include "mcp/server_impl.h"

namespace patchbay::mcp {
namespace {

constexpr std::chrono::minutes kSweepEvery{5};

}  // namespace

Server::Impl::Impl(Server& owner, Options given)
    : server(owner),
      options(std::move(given)),
      catalog(*options.catalog),
      store(*options.store),
      clock(*options.clock),
      limits(options.limits),
      signer(options.key),
      sessions(signer, store, limits, clock, [this](const std::string& scope_key) { end_scope(scope_key); }),
      request_keys(store, clock, limits.request_key_age) {
  server_info = {{"name", options.info.name}, {"version", options.info.version}};
  if (!options.info.title.empty()) server_info["title"] = options.info.title;
  server_info_text = json::dump(server_info);
  schedule_sweep();
}

Server::Impl::~Impl() {
  sweeping.stop();  // a sweep that runs now sets the time of the next one
}

void Server::Impl::schedule_sweep() {
  next_sweep = sweeping.at(std::chrono::steady_clock::now() + kSweepEvery, [this] {
    sweep();
    schedule_sweep();
  });
}

void Server::Impl::sweep() {
  sessions.sweep();
  sessions.sweep_streams();
  const WallTime now = clock.wall();
  store.sweep({.now = now,
               .handles_idle_since = now - limits.handle_idle,
               .handles_made_before = now - limits.handle_age,
               .results_before = now - limits.request_key_age,
               .scopes_before = now - limits.mode_idle});
  std::vector<std::string> back_to_normal;
  {
    auto locked = scopes.lock();
    std::erase_if(locked->by_credential, [&](const auto& row) {
      if (row.second.until > now) return false;
      back_to_normal.push_back(row.first);
      return true;
    });
  }
  for (const std::string& credential : back_to_normal)
    announce({.kind = Change::Kind::kTools, .credential = credential});
}

Server::Server(Options options) : impl_(std::make_unique<Impl>(*this, std::move(options))) {}
Server::~Server() { shutdown(); }

void Server::post(const HttpSender& sender, std::string_view body, Outlet& outlet) {
  impl_->post(sender, body, outlet);
}

std::optional<Slots::Permit> Server::begin_stream() { return impl_->streams.take(); }
std::optional<Server::Wait> Server::begin_wait(Call& call) {
  auto permit = impl_->waiting.take();
  if (!permit) return std::nullopt;
  const auto* running = dynamic_cast<RunningCall*>(&call);
  if (running == nullptr || !running->place()) return Wait{std::move(*permit), nullptr};
  return Wait{std::move(*permit), running->place()->lend()};
}
int Server::session_count() const { return impl_->sessions.size(); }
int Server::running_calls() const { return impl_->running.used(); }
const Catalog& Server::catalog() const { return impl_->catalog; }
const Limits& Server::limits() const { return impl_->limits; }
const Clock& Server::clock() const { return impl_->clock; }
CancelToken Server::stopping() const { return impl_->stopping; }

void Server::shutdown() {
  impl_->stopping.cancel();
  impl_->listens.end_all();
  impl_->sessions.end_all();
}

}  // namespace patchbay::mcp
