#include "app/owner_socket.h"

#include <system_error>

#include "app/actors.h"
#include "app/audit.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/log.h"
#include "patchbay/os/crash.h"
#include "patchbay/os/file.h"
#include "patchbay/os/program.h"
#include "patchbay/os/socket.h"
#include "patchbay/transport/lines.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kFirstLine = 4096;
constexpr auto kFirstLineWithin = std::chrono::seconds(5);
constexpr auto kCancelWait = std::chrono::seconds(8);
constexpr int kMaxConnections = 128;

Json error_answer(const Error& error) {
  return Json{{"error", Json{{"code", name_of(error.code)}, {"message", error.message}, {"hint", error.hint}}}};
}

/// Cancels every turn; the number of those that were stopped.
int cancel_all_turns(jobs::Jobs& jobs) {
  std::vector<std::thread> waiting;
  std::atomic<int> cancelled{0};
  for (const jobs::JobPtr& job : jobs.all()) {
    if (!job->active()) continue;
    const auto cancel = [&jobs, &cancelled, id = job->job_id] {
      if (jobs.cancel(id, "Stopped together with PatchBay by the operator.", kCancelWait).cancelled) ++cancelled;
    };
    try {
      waiting.emplace_back(cancel);
    } catch (const std::system_error&) {
      cancel();  // one after the other, then
    }
  }
  for (std::thread& t : waiting) t.join();
  return cancelled;
}

/// The operator at this machine, as the owner of what `worker restore` makes.
workers::Actor operator_actor() {
  workers::Actor actor;
  actor.scope_kind = mcp::name_of(mcp::ScopeKind::kCredential);
  actor.credential = mcp::Credential{}.name;
  actor.label = "operator";
  return actor;
}

}  // namespace

Result<std::unique_ptr<OwnerSocket>> OwnerSocket::open(App& app, StopRequest& stop, bool background) {
  os::Fd listener = PB_TRY(os::listen_unix(app.launch.home.owner_socket()));
  std::unique_ptr<OwnerSocket> socket(new OwnerSocket(app, stop, background, std::move(listener)));
  socket->wake_ = PB_TRY(os::Wake::create());
  socket->acceptor_ = std::thread([s = socket.get()] { s->accept_loop(); });
  return socket;
}

OwnerSocket::OwnerSocket(App& app, StopRequest& stop, bool background, os::Fd listener)
    : app_(app), stop_(stop), background_(background), listener_(std::move(listener)) {}

OwnerSocket::~OwnerSocket() { close(); }

int OwnerSocket::clients() const {
  std::lock_guard lock(mutex_);
  return clients_;
}

void OwnerSocket::close() {
  if (!acceptor_.joinable()) return;
  closing_.cancel();
  wake_.wake();
  acceptor_.join();
  // Nobody may find this socket and wait on it. The lock is still ours, so the path is too.
  [[maybe_unused]] const Status gone = os::remove_file(app_.launch.home.owner_socket());
  std::unique_lock lock(mutex_);
  left_.wait(lock, [this] { return connections_ == 0; });
}

void OwnerSocket::accept_loop() {
  os::name_this_thread("owner-socket");
  while (true) {
    const auto ready = os::wait_any_readable({wake_.fd(), listener_.get()}, MonoTime::max());
    if (!ready || *ready != 1) return;
    auto accepted = os::accept_same_user(listener_.get());
    if (!accepted) {
      log::warn("A connection to the owner's socket was refused: {}", accepted.error().message);
      if (accepted.error().code != ErrorCode::kScopeDenied) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    admit(std::move(*accepted));
  }
}

void OwnerSocket::admit(os::Fd socket) {
  {
    std::lock_guard lock(mutex_);
    if (connections_ >= kMaxConnections) {
      log::warn("A connection to the owner's socket was refused: {} are open", connections_);
      return;
    }
    ++connections_;
  }
  try {
    std::thread([this, fd = std::make_shared<os::Fd>(std::move(socket))] {
      serve(*fd);
      fd->reset();
      leave();
    }).detach();
  } catch (const std::system_error& e) {
    log::warn("A connection to the owner's socket was refused: no further thread ({})", e.what());
    leave();
  }
}

void OwnerSocket::leave() {
  std::lock_guard lock(mutex_);
  --connections_;
  left_.notify_all();
}

void OwnerSocket::serve(const os::Fd& socket) {
  const auto first = os::peek_line(socket.get(), kFirstLine, std::chrono::steady_clock::now() + kFirstLineWithin);
  if (!first) return;
  const auto request = json::parse(*first);
  if (!request || !json::find_string(*request, "control")) {
    serve_front_end(socket);
    return;
  }
  os::discard(socket.get(), first->size() + 1);
  const std::string what = json::get_string(*request, "control");
  const bool changes = what == "stop" || what == "restore";
  const Result<Json> reply =
      changes ? audited_control(*app_.audit, *request, [&] { return answer(*request); }) : answer(*request);
  const std::string line = json::dump(reply ? *reply : error_answer(reply.error())) + "\n";
  if (os::write_all(socket.get(), line)) os::end_writing(socket.get());
}

void OwnerSocket::serve_front_end(const os::Fd& socket) {
  const auto hello = transport::read_hello(socket.get(), kFirstLineWithin);
  if (!hello) {
    log::warn("A front end said something else than hello: {}", hello.error().message);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    ++clients_;
  }
  transport::LineOptions options;
  options.fd_in = options.fd_out = socket.get();
  options.max_line_bytes = static_cast<std::size_t>(app_.launch.config.server.max_request_bytes);
  options.label = hello->label;
  options.client_id = hello->client;
  transport::serve_lines(*app_.server, options, closing_);
  std::lock_guard lock(mutex_);
  --clients_;
}

Result<Json> OwnerSocket::answer(const Json& request) {
  const std::string what = json::get_string(request, "control");
  if (what == "status") {
    return Json{
        {"active_turns", active_turns(app_)}, {"clients", clients()}, {"running_calls", app_.server->running_calls()}};
  }
  if (what == "leave") {
    if (background_) stop_.raise("another owner takes over");
    return Json{{"leaving", background_}, {"active_turns", active_turns(app_)}};
  }
  if (what == "stop") {
    const int cancelled = json::get_bool(request, "turns") ? cancel_all_turns(*app_.jobs) : 0;
    if (const auto self = os::identify(os::current_pid())) {
      if (const Status noted = note_stopped(app_.launch.home, *self); !noted)
        log::warn("Front ends may start another owner: {}", noted.error().message);
    }
    stop_.raise("patchbay stop");
    return Json{{"active_turns", active_turns(app_)}, {"cancelled_turns", cancelled}};
  }
  if (what == "restore") {
    workers::CallContext call;
    call.deadline = app_.clock.mono() + std::chrono::minutes(2);
    call.cancel = closing_;
    return json::to_json(PB_TRY(app_.workers->restore(operator_actor(), call, json::get_string(request, "worker"),
                                                      json::find_string(request, "repo_path"))));
  }
  return Error{
      ErrorCode::kInvalidArgument, "The owner does not know this request.", "Use the same version everywhere.", {}};
}

}  // namespace patchbay::app
