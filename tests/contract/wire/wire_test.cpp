// Plays the transcripts beside this file against the fixture server, over a real port or a real pipe.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <future>

#include "contract/wire/transcript.h"
#include "patchbay/base/text.h"
#include "patchbay/os/stream.h"
#include "patchbay/transport/http_endpoint.h"
#include "patchbay/transport/lines.h"
#include "support/everything/fixtures.h"
#include "support/patience.h"
#include "support/raw_connection.h"

namespace patchbay {
namespace {

using namespace std::chrono_literals;
using testing_support::difference;
using testing_support::Exchange;
using testing_support::fill;
using testing_support::RawConnection;
using testing_support::Transcript;
using testing_support::Variables;

/// The fixture server in this process.
struct Everything {
  Everything() {
    std::vector<mcp::RawTool> tools;
    for (auto& group : {everything::content_tools(), everything::question_tools(), everything::round_trip_tools(),
                        everything::change_tools(changed)}) {
      tools.insert(tools.end(), group.begin(), group.end());
    }
    catalog = mcp::Catalog::build({}, {}, std::move(tools)).value();
    server = std::make_unique<mcp::Server>(mcp::Server::Options{.info = {"everything", "Everything", "1.0"},
                                                                .catalog = catalog.get(),
                                                                .resources = {&resources},
                                                                .prompts = {&prompts},
                                                                .completions = {&prompts},
                                                                .store = &store,
                                                                .clock = &system_clock(),
                                                                .key = std::string(32, 'k')});
    changed = server.get();
  }
  mcp::Server* changed = nullptr;
  everything::Resources resources;
  everything::Prompts prompts;
  mcp::MemoryStateStore store;
  std::unique_ptr<mcp::Catalog> catalog;
  std::unique_ptr<mcp::Server> server;
};

std::size_t blank_of(const std::vector<std::string>& lines) {
  return static_cast<std::size_t>(std::find(lines.begin(), lines.end(), "") - lines.begin());
}

std::string joined(const std::vector<std::string>& lines, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < lines.size(); ++i) out += lines[i] + (i + 1 < lines.size() ? "\n" : "");
  return out;
}

/// The JSON messages of an answer: its body, or the data of every event in it.
std::vector<Json> messages_in(const std::string& text) {
  std::vector<Json> out;
  const std::size_t head = text.find("\r\n\r\n") + 4;
  const std::string body = text.substr(head);
  if (text.substr(0, head).find("text/event-stream") == std::string::npos) {
    if (!body.empty()) out.push_back(Json::parse(body));
    return out;
  }
  for (std::string_view line : split(body, '\n')) {
    if (line.starts_with("data: {")) out.push_back(Json::parse(line.substr(6)));
  }
  return out;
}

class WireTest : public ::testing::TestWithParam<std::string> {
 protected:
  void play_http(const Transcript& transcript) {
    transport::HttpOptions options;
    options.realm = "everything";
    auto http = transport::HttpTransport::start(*everything.server, {}, options, nullptr).value();
    for (const Exchange& exchange : transcript.exchanges) {
      SCOPED_TRACE(GetParam() + ":" + std::to_string(exchange.line));
      play(exchange, http->port());
    }
    http->stop(2s);
  }

  void play(const Exchange& exchange, int port) {
    const std::size_t blank = blank_of(exchange.sent);
    const std::string body = fill(joined(exchange.sent, blank + 1), variables);
    std::string head = exchange.sent[0] + " HTTP/1.1\r\n";
    bool host = false;
    for (std::size_t i = 1; i < blank && i < exchange.sent.size(); ++i) {
      head += fill(exchange.sent[i], variables) + "\r\n";
      host = host || exchange.sent[i].starts_with("Host:");
    }
    if (!host) head += "Host: localhost\r\n";
    if (exchange.sent[0].starts_with("POST")) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    RawConnection connection(port);
    connection.send(head + "Connection: close\r\n\r\n" + body);
    ASSERT_TRUE(connection.read_to_end()) << connection.text;
    compare(exchange, connection.text);
  }

  void compare(const Exchange& exchange, const std::string& text) {
    const std::size_t blank = blank_of(exchange.expected);
    EXPECT_EQ(text.substr(9, 3), exchange.expected[0]) << text;
    const std::string head = to_lower_ascii(text.substr(0, text.find("\r\n\r\n") + 2));
    for (std::size_t i = 1; i < blank && i < exchange.expected.size(); ++i) {
      const std::string& wanted = exchange.expected[i];
      const std::size_t brace = wanted.find('{');
      if (brace == std::string::npos) {
        EXPECT_NE(head.find("\r\n" + to_lower_ascii(wanted) + "\r\n"), std::string::npos) << wanted << "\n" << text;
        continue;
      }
      const std::size_t at = head.find("\r\n" + to_lower_ascii(wanted.substr(0, brace)));
      ASSERT_NE(at, std::string::npos) << wanted << "\n" << text;
      const std::size_t begin = at + 2 + brace;
      variables[wanted.substr(brace + 1, wanted.size() - brace - 2)] =
          text.substr(begin, text.find("\r\n", begin) - begin);
    }
    std::vector<std::string> wanted(
        exchange.expected.begin() + static_cast<std::ptrdiff_t>(std::min(blank + 1, exchange.expected.size())),
        exchange.expected.end());
    if (wanted == std::vector<std::string>{"(nothing)"}) wanted.clear();
    const std::vector<Json> got = messages_in(text);
    ASSERT_EQ(got.size(), wanted.size()) << text;
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(difference(Json::parse(fill(wanted[i], variables)), got[i]), "") << got[i];
    }
  }

  void play_lines(const Transcript& transcript) {
    auto in = os::make_pipe().value(), out = os::make_pipe().value();
    transport::LineOptions options;
    options.fd_in = in.read.get();
    options.fd_out = out.write.get();
    auto serving =
        std::async(std::launch::async, [&] { transport::serve_lines(*everything.server, options, CancelToken()); });
    std::string buffer;
    for (const Exchange& exchange : transcript.exchanges) {
      SCOPED_TRACE(GetParam() + ":" + std::to_string(exchange.line));
      for (const std::string& line : exchange.sent) {
        ASSERT_TRUE(os::write_all_until(in.write.get(), line + "\n", testing_support::end_of_patience()).ok());
      }
      for (const std::string& wanted : exchange.expected) {
        while (buffer.find('\n') == std::string::npos) {
          const auto ready = os::wait_any_readable({out.read.get()}, testing_support::end_of_patience());
          ASSERT_TRUE(ready.ok() && *ready == 0) << "no answer";
          buffer += os::read_some(out.read.get(), 65536).value();
        }
        const std::size_t end = buffer.find('\n');
        EXPECT_EQ(difference(Json::parse(wanted), Json::parse(buffer.substr(0, end))), "") << buffer.substr(0, end);
        buffer.erase(0, end + 1);
      }
    }
    in.write.reset();
    serving.get();
  }

  Everything everything;
  Variables variables;
};

TEST_P(WireTest, GoesAsWritten) {
  const Transcript transcript = testing_support::read_transcript(std::string(WIRE_FOLDER) + "/" + GetParam());
  ASSERT_FALSE(transcript.exchanges.empty());
  transcript.lines ? play_lines(transcript) : play_http(transcript);
}

std::vector<std::string> transcripts() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(WIRE_FOLDER)) {
    if (entry.path().extension() == ".wire") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Transcripts, WireTest, ::testing::ValuesIn(transcripts()), [](const auto& test) {
  std::string name = test.param.substr(0, test.param.find('.'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(DifferenceTest, FindsWhatDiffers) {
  const Json open = Json::parse(R"({"a":1,"b":"*","...":"*"})");
  EXPECT_EQ(difference(open, Json::parse(R"({"a":1,"b":[2],"c":3})")), "");
  EXPECT_NE(difference(open, Json::parse(R"({"a":2,"b":2})")), "");
  EXPECT_NE(difference(open, Json::parse(R"({"a":1})")), "");
  EXPECT_NE(difference(Json::parse(R"({"a":1})"), Json::parse(R"({"a":1,"b":2})")), "");
  EXPECT_NE(difference(Json::parse("[1]"), Json::parse("[1,2]")), "");
}

}  // namespace
}  // namespace patchbay
