// Who may come in: rows H1 to H11, X1 to X6, A1 to A8, SEC:F3, SEC:H1, SEC:H2, SEC:A1 to A8.

#include <gtest/gtest.h>

#include "patchbay/os/private_file.h"
#include "patchbay/transport/http_endpoint.h"
#include "support/protocol_world.h"
#include "transport/accept.h"
#include "transport/query.h"
#include "unit/transport/fake_exchange.h"

namespace patchbay::transport {
namespace {

using testing_support::header_of;
using testing_support::http_request;
using testing_support::World;

class TwoTokens final : public Credentials {
 public:
  std::optional<mcp::Credential> check(std::string_view token) const override {
    ++checks;
    if (token == "alpha-token-0123456789") return mcp::Credential{"alpha", mcp::Scope::kPower};
    if (token == "beta-token-0123456789") return mcp::Credential{"beta", mcp::Scope::kRead};
    return std::nullopt;
  }
  bool valid(const mcp::Credential& credential) const override {
    return credential.name == "alpha" || credential.name == "beta";
  }
  mutable int checks = 0;
};

class GateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.start();
    options.realm = "demo";
    options.query_token_names = {"demo_token", "token"};
    options.root_page = [] { return Json{{"name", "demo"}}; };
    make();
  }
  void make() { endpoint = std::make_unique<HttpEndpoint>(*world.server, options, &tokens); }

  static std::vector<http::Header> with(std::vector<http::Header> more) {
    std::vector<http::Header> all{{"Host", "127.0.0.1:8000"}, {"Content-Type", "application/json"}};
    for (http::Header& header : more) {
      std::erase_if(all, [&](const http::Header& known) { return known.first == header.first; });
    }
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  /// Status of a refused head, 0 when it may pass.
  int status(const std::string& method, const std::string& target, std::vector<http::Header> more = {}) {
    last = endpoint->check_head(http_request(method, target, with(std::move(more))));
    return last ? last->status : 0;
  }
  int post(std::vector<http::Header> more = {}) { return status("POST", "/mcp", std::move(more)); }
  Json body() const { return Json::parse(last->body); }

  World world;
  TwoTokens tokens;
  HttpOptions options;
  std::unique_ptr<HttpEndpoint> endpoint;
  std::optional<http::Response> last;
};

TEST_F(GateTest, H1ServesBothSpellingsOfThePathAndNoOther) {
  EXPECT_EQ(status("POST", "/mcp"), 0);
  EXPECT_EQ(status("POST", "/mcp/"), 0);
  for (const char* path :
       {"/mcp//", "/MCP", "/mcp%2f", "/%6dcp", "/mcp/../mcp", "//mcp", "/mcp/x", "/docs", "/openapi.json"}) {
    EXPECT_EQ(status("POST", path), 404) << path;
    EXPECT_EQ(body(), (Json{{"error", "not_found"}}));
  }
}

TEST_F(GateTest, A6AnswersEveryLoginProbeWithAPlain404) {
  options.auth_required = true;
  make();
  for (const char* path : {"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp",
                           "/.well-known/oauth-authorization-server", "/mcp/.well-known/openid-configuration",
                           "/register", "/authorize", "/token"}) {
    EXPECT_EQ(status("GET", path), 404) << path;
    EXPECT_EQ(body(), (Json{{"error", "not_found"}}));
    EXPECT_EQ(header_of(*last, "Content-Type"), "application/json");
    EXPECT_FALSE(header_of(*last, "WWW-Authenticate"));
  }
}

TEST_F(GateTest, A12AdmitsOnlyOurOwnUserAndRootWithoutAToken) {
  using Answer = os::PeerUser::Answer;
  const auto as = [&](const char* method, const char* target, os::PeerUser peer) {
    http::Request head = http_request(method, target, with({}));
    head.peer_user = peer;
    last = endpoint->check_head(head);
    return last ? last->status : 0;
  };
  const os::PeerUser stranger{Answer::kFound, os::current_uid() + 1};
  EXPECT_EQ(as("POST", "/mcp", {Answer::kFound, os::current_uid()}), 0);
  EXPECT_EQ(as("POST", "/mcp", {Answer::kFound, 0}), 0);
  EXPECT_EQ(as("POST", "/mcp", {Answer::kUnknown, 0}), 0);
  EXPECT_EQ(as("POST", "/mcp", {Answer::kGone, 0}), 403) << "what nobody holds is not root's";
  EXPECT_EQ(as("POST", "/mcp", stranger), 403);
  EXPECT_EQ(body()["error"]["data"]["code"], "peer_forbidden");
  EXPECT_EQ(as("GET", "/health", stranger), 403);
  EXPECT_EQ(body()["error"], "peer_forbidden");
  EXPECT_TRUE(endpoint->wants_peer_user());
  options.strict_peer_uid = true;
  make();
  EXPECT_EQ(as("POST", "/mcp", {Answer::kUnknown, 0}), 403);
  EXPECT_EQ(as("POST", "/mcp", {Answer::kFound, os::current_uid()}), 0);
  endpoint->require_auth(true);
  EXPECT_EQ(as("POST", "/mcp", stranger), 401) << "with tokens the token decides";
  EXPECT_FALSE(endpoint->wants_peer_user());
}

TEST_F(GateTest, X2AllowsLoopbackNamesWithAnyPort) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST:65535", "[::1]", "[::1]:8000"}) {
    EXPECT_EQ(post({{"Host", host}}), 0) << host;
  }
}

TEST_F(GateTest, X2RefusesEverythingElse) {
  for (const char* host : {"127.evil.com", "localhost.evil", "127.0.0.1.nip.io", "localhost.", "localhost:99999",
                           "localhost:", "localhost:8a", "127.0.0.2", "evil.example", "[::1", "[::1]x",
                           "127.0.0.1:80:80", "user@localhost", " "}) {
    EXPECT_EQ(post({{"Host", host}}), 403) << host;
  }
  EXPECT_EQ(post({{"Host", "evil.example"}}), 403);
  EXPECT_EQ(body()["error"]["code"], -32600);
  EXPECT_EQ(body()["error"]["data"]["code"], "host_forbidden");
  EXPECT_NE(body()["error"]["message"].get<std::string>().find("server.allowed_hosts"), std::string::npos) << "X4";
  EXPECT_FALSE(body().contains("id"));
}

TEST_F(GateTest, X2WantsExactlyOneHost) {
  EXPECT_EQ(endpoint->check_head(http_request("POST", "/mcp"))->status, 400);
  EXPECT_EQ(post({{"Host", "localhost"}, {"Host", "localhost"}}), 400);
}

TEST_F(GateTest, X2AllowsTheLoopbackAddressItListensOn) {
  EXPECT_EQ(post({{"Host", "127.0.0.2:8000"}}), 403);
  options.loopback_host = "127.0.0.2";
  make();
  EXPECT_EQ(post({{"Host", "127.0.0.2:8000"}}), 0);
  EXPECT_EQ(post({{"Host", "127.0.0.3:8000"}}), 403);
  EXPECT_EQ(post({{"Host", "127.0.0.2.nip.io"}}), 403);
}

TEST_F(GateTest, X2LearnsHostNamesOnceTokensAreAskedFor) {
  options.allowed_hosts = {"pb.example.net"};
  make();
  EXPECT_EQ(post({{"Host", "pb.example.net"}}), 403) << "SEC:F3: a public name without authentication is a tunnel";
  EXPECT_NE(body()["error"]["message"].get<std::string>().find("needs a token"), std::string::npos);
  endpoint->require_auth(true);
  const http::Header token{"Authorization", "Bearer alpha-token-0123456789"};
  EXPECT_EQ(post({{"Host", "PB.example.net:443"}, token}), 0);
  EXPECT_EQ(post({{"Host", "new.trycloudflare.com"}, token}), 403);
  endpoint->allow_host("new.trycloudflare.com");
  EXPECT_EQ(post({{"Host", "new.trycloudflare.com"}, token}), 0);
}

TEST_F(GateTest, X3ChecksTheOrigin) {
  options.allowed_origins = {"https://app.example"};
  make();
  for (const char* origin : {"http://localhost:3000", "https://127.0.0.1", "http://[::1]:9", "https://app.example"}) {
    EXPECT_EQ(post({{"Origin", origin}}), 0) << origin;
  }
  for (const char* origin : {"null", "https://evil.example", "http://localhost.evil", "https://app.example.evil",
                             "localhost", "", "file://", "http://localhost:99999"}) {
    EXPECT_EQ(post({{"Origin", origin}}), 403) << origin;
    EXPECT_EQ(body()["error"]["data"]["code"], "origin_forbidden");
  }
  EXPECT_EQ(status("GET", "/", {{"Origin", "https://evil.example"}}), 403);
  EXPECT_EQ(body()["error"], "origin_forbidden");
  endpoint->allow_origin("https://evil.example");
  EXPECT_EQ(post({{"Origin", "https://evil.example"}}), 0);
}

TEST_F(GateTest, RefusesCrossSiteRequestsWithoutAnOrigin) {
  EXPECT_EQ(post({{"Sec-Fetch-Site", "cross-site"}}), 403) << "SEC:H2";
  EXPECT_EQ(post({{"Sec-Fetch-Site", "same-origin"}}), 0);
  EXPECT_EQ(post({{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://localhost:3000"}}), 0);
}

TEST_F(GateTest, X5RefusesProxiedRequestsWhileNobodyNeedsAToken) {
  for (const char* name : {"X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "CF-Ray", "X-Real-IP", "Ngrok-Trace"}) {
    EXPECT_EQ(post({{name, "x"}}), 403) << name;
  }
  endpoint->require_auth(true);
  EXPECT_EQ(post({{"X-Forwarded-Host", "evil.example"}, {"Authorization", "Bearer alpha-token-0123456789"}}), 0)
      << "with a token they decide nothing";
}

TEST_F(GateTest, H4AndX6AnswerPreflightsOnlyWithCors) {
  EXPECT_EQ(status("OPTIONS", "/mcp", {{"Origin", "http://localhost:3000"}}), 405);
  options.cors = true;
  options.auth_required = true;
  make();
  EXPECT_EQ(status("OPTIONS", "/mcp",
                   {{"Origin", "http://localhost:3000"},
                    {"Access-Control-Request-Headers", "mcp-param-region, x-evil, mcp-param-a\"b"}}),
            204);
  EXPECT_EQ(header_of(*last, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(header_of(*last, "Vary"), "Origin");
  EXPECT_EQ(header_of(*last, "Access-Control-Allow-Methods"), "POST, GET, DELETE");
  const std::string allowed = *header_of(*last, "Access-Control-Allow-Headers");
  EXPECT_NE(allowed.find("mcp-param-region"), std::string::npos);
  EXPECT_EQ(allowed.find("evil"), std::string::npos);
  EXPECT_EQ(allowed.find('"'), std::string::npos);
  EXPECT_EQ(status("OPTIONS", "/mcp"), 405) << "no origin, no preflight";
}

TEST_F(GateTest, A2TakesABearerTokenInAnyCaseOfItsScheme) {
  options.auth_required = true;
  make();
  for (const char* value :
       {"Bearer alpha-token-0123456789", "bearer alpha-token-0123456789", "BEARER   alpha-token-0123456789"}) {
    EXPECT_EQ(post({{"Authorization", value}}), 0) << value;
  }
}

TEST_F(GateTest, A5AnswersAllBadCredentialsAlike) {
  options.auth_required = true;
  options.failed_logins_per_minute = 0;
  make();
  std::set<std::string> answers;
  for (const std::vector<http::Header>& headers : {std::vector<http::Header>{},
                                                   {{"Authorization", "Bearer wrong"}},
                                                   {{"Authorization", "Bearer"}},
                                                   {{"Authorization", "Basic YWxwaGE="}},
                                                   {{"Authorization", "Bearer alpha%2Dtoken-0123456789"}},
                                                   {{"Authorization", "alpha-token-0123456789"}}}) {
    for (const char* method : {"POST", "GET", "DELETE"}) {
      EXPECT_EQ(status(method, "/mcp", headers), 401);
      answers.insert(last->body);
      EXPECT_EQ(header_of(*last, "WWW-Authenticate"), "Bearer realm=\"demo\"");
      EXPECT_EQ(header_of(*last, "Cache-Control"), "no-store");
    }
  }
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(body()["error"]["code"], -32600);
  EXPECT_EQ(tokens.checks, 18) << "looked up even when there is nothing to look up";
  EXPECT_EQ(status("GET", "/"), 401);
  EXPECT_EQ(body(), (Json{{"error", "Unauthorized"}}));
}

TEST_F(GateTest, A2LetsAWrongHeaderDecideOverARightQuery) {
  options.auth_required = true;
  make();
  const std::string good = "/mcp?demo_token=alpha-token-0123456789";
  EXPECT_EQ(status("POST", good), 0);
  EXPECT_EQ(status("POST", good, {{"Authorization", "Bearer wrong"}}), 401);
  EXPECT_EQ(status("POST", good, {{"Authorization", "Bearer beta-token-0123456789"}}), 401)
      << "both right but different";
  EXPECT_EQ(status("POST", good, {{"Authorization", "Bearer alpha-token-0123456789"}}), 0);
  EXPECT_EQ(status("POST", "/mcp", {{"Authorization", "Bearer x"}, {"Authorization", "Bearer y"}}), 400);
}

TEST_F(GateTest, A3TakesOneQueryTokenAndDecodesItOnce) {
  options.auth_required = true;
  make();
  EXPECT_EQ(status("POST", "/mcp?mode=full&token=alpha%2Dtoken-0123456789"), 0);
  EXPECT_EQ(status("POST", "/mcp?token=alpha%252Dtoken-0123456789"), 401);
  EXPECT_EQ(status("POST", "/mcp?token=bad&token=alpha-token-0123456789"), 400);
  EXPECT_EQ(status("POST", "/mcp?token=bad&demo_token=alpha-token-0123456789"), 400);
  EXPECT_EQ(status("POST", "/mcp?token[]=alpha-token-0123456789"), 401);
  EXPECT_EQ(status("POST", "/mcp?other=alpha-token-0123456789"), 401);
  options.allow_query_token = false;
  make();
  EXPECT_EQ(status("POST", "/mcp?token=alpha-token-0123456789"), 401);
}

TEST_F(GateTest, H19RepeatsNoPartOfATokenBearingUrl) {
  options.auth_required = true;
  make();
  for (const char* target : {"/mcp?token=sesame", "/nowhere?token=sesame", "/?token=sesame"}) {
    ASSERT_NE(status("GET", target), 0);
    EXPECT_EQ(last->body.find("sesame"), std::string::npos) << target;
    for (const auto& [name, value] : last->headers) EXPECT_EQ(value.find("sesame"), std::string::npos);
  }
}

TEST_F(GateTest, A7SlowsDownGuessersButNeverAGoodToken) {
  options.auth_required = true;
  int failures = 0;
  options.on_login_failure = [&](const std::string&) { ++failures; };
  make();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(post({{"Authorization", "Bearer wrong"}}), 401);
  EXPECT_EQ(post({{"Authorization", "Bearer wrong"}}), 429);
  EXPECT_EQ(header_of(*last, "Retry-After"), "60");
  EXPECT_EQ(post(), 429);
  EXPECT_EQ(post({{"Authorization", "Bearer alpha-token-0123456789"}}), 0);
  EXPECT_EQ(failures, 10);
  world.clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(post({{"Authorization", "Bearer wrong"}}), 401);
}

TEST_F(GateTest, LimitsTheRequestsOfACredentialWhenTold) {
  options.requests_per_minute = 2;
  make();
  EXPECT_EQ(post(), 0);
  EXPECT_EQ(post(), 0);
  EXPECT_EQ(post(), 429);
  EXPECT_TRUE(header_of(*last, "Retry-After"));
  EXPECT_EQ(body()["error"]["code"], -32603) << "the request itself was right";
  EXPECT_EQ(status("GET", "/status"), 429);
  EXPECT_EQ(body()["error"], "rate_limited");
  world.clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(post(), 0);
}

TEST_F(GateTest, A8GuardsEveryRouteButLiveness) {
  options.auth_required = true;
  make();
  EXPECT_EQ(status("GET", "/health"), 0);
  EXPECT_EQ(status("GET", "/healthz"), 0);
  EXPECT_EQ(status("GET", "/readyz"), 0);
  for (const char* path : {"/", "/status", "/sse", "/mcp"}) EXPECT_EQ(status("GET", path), 401) << path;
  EXPECT_EQ(status("GET", "/health", {{"Host", "evil.example"}}), 403);
}

TEST_F(GateTest, H6ToH8RefuseWrongMethodsAtOnce) {
  for (const char* method : {"PUT", "TRACE", "CONNECT", "HEAD", "PATCH", "post"}) {
    EXPECT_EQ(status(method, "/mcp"), 405) << method;
    EXPECT_EQ(header_of(*last, "Allow"), "POST, GET, DELETE");
  }
  EXPECT_EQ(status("GET", "/mcp", {{"Accept", "text/event-stream"}}), 405);
  EXPECT_EQ(header_of(*last, "Allow"), "POST");
  EXPECT_EQ(status("DELETE", "/mcp"), 405);
  EXPECT_EQ(status("GET", "/mcp", {{"Mcp-Session-Id", "x"}, {"MCP-Protocol-Version", "2026-07-28"}}), 405);
  EXPECT_EQ(status("GET", "/mcp", {{"Mcp-Session-Id", "x"}, {"Accept", "application/json"}}), 406);
  EXPECT_EQ(status("POST", "/health"), 405);
  EXPECT_EQ(header_of(*last, "Allow"), "GET");
}

TEST_F(GateTest, H9WantsJson) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
                           "application/jsonx", "text/json"}) {
    EXPECT_EQ(post({{"Content-Type", type}}), 415) << type;
  }
  EXPECT_EQ(post({{"Content-Type", "Application/JSON; charset=utf-8"}}), 0);
  EXPECT_EQ(post({{"Content-Type", "application/json"}, {"Content-Type", "text/plain"}}), 415);
}

TEST_F(GateTest, H10RefusesADeclaredLengthAboveTheLimit) {
  EXPECT_EQ(post({{"Content-Length", "1048576"}}), 0);
  EXPECT_EQ(post({{"Content-Length", "1048577"}}), 413);
  EXPECT_EQ(post({{"Content-Length", "99999999999999999999999"}}), 413);
  EXPECT_EQ(body()["error"]["code"], -32600);
}

TEST_F(GateTest, H11RefusesOnlyWhatCanReadNeither) {
  for (const char* accept : {"*/*", "application/json", "text/event-stream", "application/*", "text/html, */*;q=0.1"}) {
    EXPECT_EQ(post({{"Accept", accept}}), 0) << accept;
  }
  EXPECT_EQ(post(), 0) << "absent";
  for (const char* accept : {"text/html", "application/json;q=0", "image/png, text/plain"}) {
    EXPECT_EQ(post({{"Accept", accept}}), 406) << accept;
  }
}

TEST(QueryTest, DecodesOnceAndKeepsWhatIsBroken) {
  const auto pairs = parse_query("a=1&b=%41%2541&c=%zz&d&e=%4&&f=x=y");
  const std::vector<std::pair<std::string, std::string>> wanted{{"a", "1"}, {"b", "A%41"}, {"c", "%zz"},
                                                                {"d", ""},  {"e", "%4"},   {"f", "x=y"}};
  EXPECT_EQ(pairs, wanted);
  EXPECT_EQ(parse_query("x=%41")[0].second, "A") << "an escape at the very end";
}

}  // namespace
}  // namespace patchbay::transport
