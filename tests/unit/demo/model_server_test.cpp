#include "patchbay/demo/model_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "patchbay/http/client.h"
#include "patchbay/os/file.h"
#include "support/raw_connection.h"
#include "support/temp_dir.h"

namespace patchbay::demo {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::RawConnection;

Json user(const std::string& text) {
  return {{"type", "message"}, {"role", "user"}, {"content", Json::array({{{"type", "input_text"}, {"text", text}}})}};
}

class ModelServerTest : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }
  void start(ModelServer::Options options) { server = std::move(ModelServer::start(options)).value(); }

  /// One request with these input items; the events' `data` members in order.
  std::vector<Json> ask(const Json& input, const Json& more = Json::object(),
                        const std::vector<http::Header>& headers = {}) {
    Json body = {{"model", "m"}, {"stream", true}, {"input", input}};
    for (const auto& [name, value] : more.items()) body[name] = value;
    auto reply = http::Client({.port = server->port()}).post("/v1/responses", json::dump(body), headers);
    status = reply ? reply->status : 0;
    std::vector<Json> events;
    if (!reply) return events;
    std::string_view text = reply->body;
    for (std::size_t at; (at = text.find("data: ")) != std::string_view::npos;) {
      text.remove_prefix(at + 6);
      events.push_back(*json::parse(text.substr(0, text.find('\n'))));
    }
    return events;
  }

  static std::vector<Json> items(const std::vector<Json>& events) {
    std::vector<Json> out;
    for (const Json& e : events) {
      if (e["type"] == "response.output_item.done") out.push_back(e["item"]);
    }
    return out;
  }

  std::unique_ptr<ModelServer> server;
  int status = 0;
};

TEST_F(ModelServerTest, FollowsATurnThroughItsToolCallsWithoutMemory) {
  Json input = Json::array({user("<environment_context>x</environment_context>"), user("[[shell ls]] [[say fine]]")});
  auto first = items(ask(input));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0]["name"], "exec_command");
  const std::string call = json::get_string(first[0], "call_id");
  input.push_back(first[0]);
  input.push_back({{"type", "function_call_output"}, {"call_id", call}, {"output", "running with session ID 17"}});
  auto waiting = items(ask(input));
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0]["name"], "write_stdin");
  EXPECT_THAT(waiting[0]["arguments"].get<std::string>(), HasSubstr("\"session_id\":17"));
  input.push_back(waiting[0]);
  input.push_back({{"type", "function_call_output"}, {"call_id", waiting[0]["call_id"]}, {"output", "exit 0"}});
  auto last = items(ask(input));
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0]["content"][0]["text"], "fine");

  input.push_back(last[0]);
  input.push_back(user("[[say next turn]]"));
  EXPECT_EQ(items(ask(input))[0]["content"][0]["text"], "next turn");
}

TEST_F(ModelServerTest, WrapsTheAnswerIntoTheSchemaButNotEarlierMessages) {
  const Json schema = {{"properties", {{"summary", {{"type", "string"}}}, {"risks", {{"type", "array"}}}}}};
  const Json text = {{"text", {{"format", {{"schema", schema}}}}}};
  const auto got = items(ask(Json::array({user("[[say a]][[say b]]")}), text));
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0]["content"][0]["text"], "a");
  EXPECT_EQ(got[1]["content"][0]["text"], R"({"summary":"b","risks":[]})");
  EXPECT_EQ(items(ask(Json::array({user("[[raw {}]]")}), text))[0]["content"][0]["text"], "{}");
  EXPECT_TRUE(server->requests()[0].structured);
}

TEST_F(ModelServerTest, PlaysFaults) {
  ask(Json::array({user("[[fail 429]]")}));
  EXPECT_EQ(status, 429);
  const auto failed = ask(Json::array({user("[[fail context_length_exceeded]]")}));
  EXPECT_EQ(failed.back()["response"]["error"]["code"], "context_length_exceeded");
  ask(Json::array({user("[[say a]][[cut]]")}));
  EXPECT_EQ(status, 0);
  RawConnection raw(server->port());
  const std::string body = json::dump(Json{{"input", Json::array({user("[[garbage]]")})}});
  raw.send("POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body);
  ASSERT_TRUE(raw.read_until("0\r\n\r\n"));
  EXPECT_THAT(raw.text, HasSubstr("data: {\"type\":\n"));
  EXPECT_THAT(raw.text, Not(HasSubstr("response.completed")));
}

TEST_F(ModelServerTest, AStallEndsWithTheServer) {
  RawConnection raw(server->port());
  const std::string body = json::dump(Json{{"input", Json::array({user("[[stall]]")})}});
  raw.send("POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body);
  ASSERT_TRUE(raw.read_until("response.created"));
  EXPECT_FALSE(raw.read_until("response.completed", std::chrono::milliseconds(200)));
  server.reset();
  EXPECT_TRUE(raw.read_to_end());
}

TEST_F(ModelServerTest, AnswersACompaction) {
  const auto got = items(
      ask(Json::array({user("[[shell ls]]")}), {}, {{"x-codex-turn-metadata", R"({"request_kind":"compaction"})"}}));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]["type"], "message");
  EXPECT_EQ(server->requests()[0].kind, "compaction");
}

TEST_F(ModelServerTest, LogsWhatArrived) {
  testing_support::TempDir dir;
  start({.log_file = dir.path("log.jsonl")});
  ask(Json::array({user("[[say hi]]")}), {{"reasoning", {{"effort", "high"}}}}, {{"thread-id", "t-1"}});
  const auto requests = server->requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].prompt, "[[say hi]]");
  EXPECT_EQ(requests[0].effort, "high");
  EXPECT_EQ(requests[0].thread_id, "t-1");
  const Json line = *json::parse(*os::read_file(dir.path("log.jsonl")));
  EXPECT_EQ(line["prompt"], "[[say hi]]");
  EXPECT_EQ(line["model"], "m");
}

TEST_F(ModelServerTest, RefusesWhatItDoesNotServe) {
  EXPECT_EQ(http::Client({.port = server->port()}).get("/v1/models")->status, 404);
  EXPECT_EQ(http::Client({.port = server->port()}).post("/v1/responses", "not json")->status, 400);
}

}  // namespace
}  // namespace patchbay::demo
