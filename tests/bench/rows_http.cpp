// Rows 3 to 5: the price of the protocol over the bare HTTP library.

#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "bench/bare_server.h"
#include "bench/exchange.h"
#include "bench/load.h"
#include "bench/rows.h"
#include "patchbay/os/file.h"

namespace patchbay::bench {
namespace {

constexpr auto kSettle = std::chrono::milliseconds(1500);
constexpr int kClients = 32;
constexpr double kShortReplyShare = 0.6, kPageShare = 0.5;
constexpr int kPageBytes = 100'000;
constexpr int kLoadRounds = 5;
constexpr auto kWarmUp = std::chrono::milliseconds(300);
constexpr auto kLength = std::chrono::milliseconds(1500), kQuickLength = std::chrono::milliseconds(700);

constexpr double kLatencyRatio = 3;
constexpr int kStreams = 256, kStreamsPerSession = 8;
constexpr int kPings = 6000;

constexpr auto kRowTime = std::chrono::seconds(90);

Status write_lines(const std::string& file, std::size_t bytes) {
  std::ofstream out(file);
  std::size_t written = 0;
  for (int line = 0; written < bytes; ++line) {
    const std::string text = fmt::format("line {:05} of a text that is neither short nor long\n", line);
    out << text;
    written += text.size();
  }
  return out.flush() ? Status() : Error{ErrorCode::kIoError, "a file could not be written", {}, file};
}

/// Requests per second of the request, beside a bare handler that returns the bytes it is answered with.
Result<Line> throughput(Workplace& place, int row, std::string what, int port, const std::string& request,
                        double least_share) {
  std::string body;
  {
    const os::Fd fd = PB_TRY(connect_loopback(port));
    body = PB_TRY(exchange(fd.get(), request));
  }
  if (body.find("\"isError\":true") != std::string::npos || body.find("\"result\"") == std::string::npos) {
    return Error{ErrorCode::kInvalidState, what + ": " + body.substr(0, 300), {}, {}};
  }
  const auto bare = PB_TRY(BareServer::start(place, body));
  const Deadline deadline(kRowTime);
  const auto length = place.options().quick ? kQuickLength : kLength;
  const auto load = [&](int server) {
    return [&, server]() -> Result<double> {
      auto rate = requests_per_second(server, request, kClients, kWarmUp, length);
      if (rate) return rate;
      Error failed = std::move(rate).error();
      failed.message = (server == port ? "PatchBay: " : "the bare server: ") + failed.message;
      return failed;
    };
  };
  const Pair rates = PB_TRY(in_turn(place.options().rounds(kLoadRounds), deadline, load(port), load(bare->port())));
  Line line = throughput_line(row, std::move(what), median(rates.measured), median(rates.yardstick), least_share);
  line.note = fmt::format("{} clients, {} bytes, medians of {}", kClients, body.size(), rates.measured.size());
  return line;
}

std::string read_file_request(const Owner& owner, const Session& session, const std::string& file, int max_bytes) {
  return post_request(owner.port(), session.id(), "tools/call",
                      {{"name", "codex_read_file"}, {"arguments", {{"file_path", file}, {"max_bytes", max_bytes}}}});
}

/// Event streams that are read by nobody and closed at the end.
class OpenStreams {
 public:
  Status open(int port, int wanted) {
    http::Client http({.port = port});
    while (static_cast<int>(streams_.size()) < wanted) {
      const std::string session = PB_TRY(initialize(http));
      const std::size_t before = streams_.size();
      for (int i = 0; i < kStreamsPerSession && static_cast<int>(streams_.size()) < wanted; ++i) {
        PB_TRY(open_one(port, session));
      }
      if (streams_.size() == before) break;  // the server grants no more
    }
    return {};
  }
  std::size_t count() const { return streams_.size(); }

 private:
  Status open_one(int port, const std::string& session) {
    os::Fd fd = PB_TRY(connect_loopback(port));
    PB_TRY(os::write_all(fd.get(), stream_request(port, session)));
    char head[1024];
    const ssize_t n = ::read(fd.get(), head, sizeof head);
    if (n > 0 && std::string_view(head, static_cast<std::size_t>(n)).starts_with("HTTP/1.1 200 ")) {
      streams_.push_back(std::move(fd));
    }
    return {};
  }

  std::vector<os::Fd> streams_;
};

}  // namespace

Result<Lines> short_replies(Workplace& place) {
  const Repository repository = PB_TRY(place.small_repository());
  PB_TRY(write_lines(os::join(repository.path, "short.txt"), 1000));
  const auto owner = PB_TRY(Owner::start(place, {.home = place.new_home(), .root = repository.path}));
  const Session session = PB_TRY(Session::open(owner->port()));
  Lines lines;
  lines.push_back(
      PB_TRY(throughput(place, 3, "`tools/list` in worker mode", owner->port(),
                        post_request(owner->port(), session.id(), "tools/list", Json::object()), kShortReplyShare)));
  lines.push_back(PB_TRY(throughput(place, 3, "`codex_read_file`, 1 KB", owner->port(),
                                    read_file_request(*owner, session, "short.txt", 8192), kShortReplyShare)));
  return lines;
}

Result<Lines> large_page(Workplace& place) {
  const Repository repository = PB_TRY(place.small_repository());
  PB_TRY(write_lines(os::join(repository.path, "long.txt"), 3 * kPageBytes));
  const auto owner = PB_TRY(Owner::start(place, {.home = place.new_home(), .root = repository.path}));
  const Session session = PB_TRY(Session::open(owner->port()));
  return Lines{PB_TRY(throughput(place, 4, "`codex_read_file`, a page of 100 KB", owner->port(),
                                 read_file_request(*owner, session, "long.txt", kPageBytes), kPageShare))};
}

Result<Lines> latency_beside_streams(Workplace& place) {
  const Repository repository = PB_TRY(place.small_repository());
  const auto owner = PB_TRY(Owner::start(place, {.home = place.new_home(), .root = repository.path}));
  const Session session = PB_TRY(Session::open(owner->port()));
  const std::string ping = post_request(owner->port(), session.id(), "ping", Json::object());
  const int count = place.options().rounds(kPings);
  // Starting and opening are other work; what is asked here is what streams cost that lie open.
  std::this_thread::sleep_for(kSettle);
  const auto without = PB_TRY(latencies(owner->port(), ping, count));
  OpenStreams streams;
  PB_TRY(streams.open(owner->port(), kStreams));
  std::this_thread::sleep_for(kSettle);
  const auto with = PB_TRY(latencies(owner->port(), ping, count));

  Line line{.row = 5,
            .what = "p99 of `ping` while 256 event streams are open",
            .budget = {Sense::kAtMost, kLatencyRatio, Unit::kRatio}};
  line.measured = ms_text(percentile(with, 0.99));
  line.yardstick = ms_text(percentile(without, 0.99)) + " without streams";
  line.value = percentile(with, 0.99) / percentile(without, 0.99);
  line.note = fmt::format("{} streams were open; {} pings; medians {} and {}", streams.count(), count,
                          ms_text(median(with)), ms_text(median(without)));
  return Lines{line};
}

}  // namespace patchbay::bench
