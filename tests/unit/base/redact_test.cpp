#include "patchbay/base/redact.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace patchbay {
namespace {

constexpr auto kHigh = SecretConfidence::kHigh;
constexpr auto kMedium = SecretConfidence::kMedium;
const std::string kMarker(kRedacted);

std::string repeat(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

/// Made-up values in the shape of real ones, put together here so that no scanner mistakes this file.
std::string fake(std::string_view prefix, std::size_t length) {
  static constexpr std::string_view kLetters = "q7Zx2Kp9Lm4Rt6Vb1Nc8Wd3Yf5Gh0JsAeUoTi";
  std::string out(prefix);
  for (std::size_t i = 0; i < length; ++i) out += kLetters[(i * 7 + length) % kLetters.size()];
  return out;
}

struct Known {
  std::string text;
  std::string secret;
  SecretConfidence confidence;
};

std::vector<Known> known_secrets() {
  std::vector<Known> all;
  const auto add = [&](const std::string& before, const std::string& secret, const std::string& after,
                       SecretConfidence c) {
    all.push_back({before + secret + after, secret, c});
  };
  for (const std::string& key :
       {fake("sk-", 20), "sk-" + repeat("a", 24), fake("sk-ant-api03-", 40), fake("sk-proj-", 48), fake("AIza", 35),
        fake("ghp_", 36), fake("gho_", 36), fake("ghu_", 36), fake("ghs_", 36), fake("ghr_", 36),
        fake("github_pat_", 60), fake("glpat-", 20), fake("xoxb-", 30), fake("xoxp-", 30), fake("npm_", 36),
        std::string("AKIA") + "IOSFODNN7EXAMPLF", std::string("ASIA") + "Q2W3E4R5T6Y7U8I9"}) {
    add("the key is ", key, "", kHigh);
    add("x = '", key, "'", kHigh);
    add("{\"a\":\"", key, "\",\"b\":1}", kHigh);
    add("printed\\n", key, "\\n", kHigh);
  }
  const std::string jwt = fake("eyJ", 20) + "." + fake("eyJ", 30) + "." + fake("", 43);
  add("cookie ", jwt, "; path=/", kHigh);
  add("Authorization: Bearer ", fake("", 24), "", kHigh);
  add("authorization: bearer ", "abc123", "\r\n", kHigh);
  add("Authorization: Basic ", "dXNlcjpwYXNzd29yZDE=", "", kHigh);
  add("curl -H 'Authorization: token ", fake("", 20), "' https://x", kHigh);
  add("{\"Authorization\": \"Bearer ", fake("", 20), "\"}", kHigh);
  add("Authorization: Digest ", "username=\"me\", response=\"6629fae49393a05397450978507c4ef1\"", "", kHigh);
  add("Proxy-Authorization: ", fake("", 32), "", kHigh);
  add("https://user:", "pw", "@host/path", kHigh);
  add("postgres://app:", "s3cr@t!", "@db.internal:5432/x", kHigh);
  add("git clone https://x-access-token:", fake("", 30), "@example.com/a/b", kHigh);
  add("open http://127.0.0.1:8000/mcp?patchbay_token=", fake("", 32), "&x=1", kHigh);
  add("GET /mcp?token=", fake("", 32), " HTTP/1.1", kHigh);

  add("{\"token\": \"", "abcdef123456", "\"}", kMedium);
  add("password = \"", "hunter2hunter2", "\"", kMedium);
  add("password: \"", "correcthorse", "\"", kMedium);
  add("  password: ", "hunter2222", "", kMedium);
  add("db_password: ", "correcthorsebattery", "  # rotate", kMedium);
  add("api_key=", "abcd1234efgh", "", kMedium);
  add("x-api-key: ", "9f8e7d6c5b4a", "", kMedium);
  add("export OPENAI_API_KEY=", "supersecretvalue", "", kMedium);
  add("DB_PASSWORD=", "correcthorse", "\nNEXT=1", kMedium);
  add("client_secret: '", "s3cr3t-value-1", "',", kMedium);
  add("clientSecret: `", "s3cr3t-value-1", "`", kMedium);
  add("'password' => '", "pa$$word77", "',", kMedium);
  add("config[\"private_key\"] = \"", "q8w7e6r5t4", "\"", kMedium);
  add("std::string access_token = R\"", "abcd1234efgh", "\"", kMedium);
  add("password: str = \"", "qwertz4711", "\"", kMedium);
  add("let token: &'static str = \"", "qwertz4711qwertz", "\";", kMedium);
  add("token := \"", "qwertz4711", "\"", kMedium);
  add("say \"{\\\"password\\\": \\\"", "qwertz4711", "\\\"}\"", kMedium);
  add("AWS_SECRET_ACCESS_KEY=", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz", "", kMedium);
  add("?access_token=", "sdlfkjsdflkj", "&state=1", kMedium);
  add("+  secret: ", "a1b2c3d4e5", "", kMedium);
  return all;
}

TEST(Redact, FindsEveryKindOfSecretExactly) {  // W6, W19
  for (const Known& k : known_secrets()) {
    const auto spans = find_secrets(k.text);
    ASSERT_EQ(spans.size(), 1u) << k.text;
    EXPECT_EQ(k.text.substr(spans[0].begin, spans[0].end - spans[0].begin), k.secret) << k.text;
    EXPECT_EQ(spans[0].confidence, k.confidence) << k.text;
    EXPECT_FALSE(spans[0].kind.empty());
    int count = 0;
    const std::string out = redact(k.text, &count);
    EXPECT_EQ(out.find(k.secret), std::string::npos) << k.text;
    EXPECT_EQ(count, 1);
  }
}

TEST(Redact, LeavesOrdinaryTextAlone) {  // W6, L24
  for (const std::string_view text : {
           "Author: Jane Doe <jane@example.com>",
           "commit 3f786850e387550fdab836ed7e6dc881de23001b\nAuthor: A U Thor\n\n    token: use the new "
           "lexer\n",
           "max_tokens: 5",
           "\"input_tokens\":123456789,\"output_tokens\":987654321",
           "\"total_tokens\": \"12345678\"",
           "tokenizer = load_tokenizer(path2)",
           "auth_header = build()",
           "auth:\n  enabled: true\n  mode: bearer1234",
           "token = os.environ['TOKEN2']",
           "const token = process.env.API_TOKEN_1;",
           "token: ${{ secrets.NPM_TOKEN1 }}",
           "password = getpass(\"Password: \")",
           "input(\"Token: \").strip() or default2",
           "password=${DB_PASSWORD}",
           "password: <your-password-1>",
           "api_key = \"YOUR_API_KEY\"",
           "token: \"your-token-here\"",
           "secret: \"********\"",
           "API_KEY=changeme",
           "token = \"...\"",
           "password: null",
           "secret = true",
           "access_token: 1234567890",
           "token = self.session.token2",
           "token = jwt.encode(payload, key2)",
           "password: string;",
           "token: CancellationToken",
           "private_key: Ed25519PrivateKey,",
           "secret: Option<String>",
           "token: Base64String",
           "case Token::Identifier2:",
           "if (token == expected2) {",
           "auto token = next_token2;",
           "kind = token::number1234;",
           "private_key: /etc/ssl/private/server1.key",
           "\"credentials\": \"./creds1.json\"",
           "credentials: 'include'",
           "\"password\": \"Enter your new password\"",
           "{ token: 'comment.line', bold: true }",
           "next_token: 'AQICAHj4a8Vn3'",
           "preview_token: pv_8f7e6d5c4b3a2910",
           "nextPageToken = \"CAEQ12345678\"",
           "https://user@example.com/x",
           "https://user:${PASSWORD}@host",
           "https://user:<password>@host",
           "https://host:8080/a@b",
           "git@github.com:a/b.git",
           "task-list-item-with-a-long-name",
           "sk-fading-circle-animated",
           "disk-usage-monitor-for-servers",
           "AKIAIOSFODNN7EXAMPLE1",
           "eyJhbGciOiJIUzI1NiJ9",
           "npm_config_cache",
           "Authorization: Bearer <token>",
           "Authorization: Bearer $TOKEN",
           "\"Authorization\": \"Bearer \" + token",
           "Authorization header values are hidden",
           "authorization: required",
           "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmg\n",
           "if (line == \"-----BEGIN PRIVATE KEY-----\") {\n  read_key();\n}",
           "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
           "input[type=\"password\"]:focus-visible1",
           "grep -rn 'password: ' src/ # finds \"hunter\"",
           "?token=<redacted>",
           "?patchbay_token=%3Credacted%3E",
           "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
           "[REDACTED_POSSIBLE_SECRET]",
           "password = \"[REDACTED_POSSIBLE_SECRET]\"",
       }) {
    EXPECT_EQ(redact(text), text);
  }
}

TEST(Redact, KeepsQuotesAndStructure) {
  const std::string text = "{\"password\": \"abc\\\"def123\", \"max_tokens\": 4096, 'api_key': 'k3yk3yk3y'}";
  EXPECT_EQ(redact(text), "{\"password\": \"" + kMarker + "\", \"max_tokens\": 4096, 'api_key': '" + kMarker + "'}");
}

TEST(Redact, NeverReachesOverALineEnd) {  // W6: the next line's number survived nobody
  const std::string text = "auth:\n2 | value12345\npassword:\n4 | abcd1234\ntoken =\n'abcdef123456'";
  EXPECT_EQ(redact(text), text);
}

TEST(Redact, HidesPrivateKeysLineByLine) {
  const std::string body = fake("MIIE", 60) + "\n" + fake("", 64) + "\n" + fake("", 20) + "==\n";
  const std::string begin = "-----BEGIN RSA PRIVATE KEY-----\n", end = "-----END RSA PRIVATE KEY-----\n";
  int count = 0;
  EXPECT_EQ(redact("a\n" + begin + body + end + "b\n", &count),
            "a\n" + begin + kMarker + "\n" + kMarker + "\n" + kMarker + "\n" + end + "b\n");
  EXPECT_EQ(count, 3);
  // A page that ends inside the block.
  const std::string cut = redact(begin + body);
  EXPECT_EQ(cut.find("MIIE"), std::string::npos);
  EXPECT_EQ(std::count(cut.begin(), cut.end(), '\n'), 4);
  // In a diff the sign of each line stays.
  EXPECT_EQ(redact("+" + begin + "+" + fake("", 64) + "\n+" + end), "+" + begin + "+" + kMarker + "\n+" + end);
  // With escaped line feeds inside one string.
  const std::string one_line = "\"-----BEGIN PRIVATE KEY-----\\n" + fake("", 64) + "\\n-----END PRIVATE KEY-----\\n\"";
  EXPECT_EQ(redact(one_line), "\"-----BEGIN PRIVATE KEY-----\\n" + kMarker + "\\n-----END PRIVATE KEY-----\\n\"");
}

TEST(Redact, HighConfidenceWinsWhereRulesOverlap) {
  const auto spans = find_secrets("token = \"" + fake("ghp_", 36) + "\"");
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].confidence, kHigh);
  EXPECT_EQ(spans[0].kind, "github_token");
}

TEST(Redact, SpansAreSortedAndApart) {
  std::string text;
  for (const Known& k : known_secrets()) text += k.text + "\n";
  std::size_t last = 0;
  for (const SecretSpan& s : find_secrets(text)) {
    EXPECT_LE(last, s.begin);
    EXPECT_LT(s.begin, s.end);
    last = s.end;
  }
  EXPECT_LE(last, text.size());
}

TEST(Redact, IsIdempotent) {
  std::vector<std::string> pieces = {" ",
                                     "\n",
                                     "\"",
                                     "'",
                                     "=",
                                     ": ",
                                     ":",
                                     "&",
                                     "?",
                                     "-",
                                     "_",
                                     "\\",
                                     "\\n",
                                     "{",
                                     "}",
                                     "token",
                                     "password",
                                     "Authorization",
                                     "Bearer ",
                                     "https://u:",
                                     "@h",
                                     "x1y2z3w4v5",
                                     "-----BEGIN PRIVATE KEY-----\n",
                                     "-----END PRIVATE KEY-----",
                                     kMarker};
  for (const Known& k : known_secrets()) pieces.push_back(k.text);
  std::mt19937 random(4711);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (unsigned i = random() % 12; i < 14; ++i) text += pieces[random() % pieces.size()];
    const std::string once = redact(text);
    ASSERT_EQ(redact(once), once) << text;
  }
}

TEST(Redact, HidesRegisteredLiteralsAnywhere) {
  register_secret_literal("own-literal-0815");
  register_secret_literal("short");
  EXPECT_EQ(redact("(own-literal-0815)short"), "(" + kMarker + ")short");
}

TEST(Redact, KnowsConfiguredQueryNames) {
  const std::string url = "/mcp?pass_me=" + fake("", 20);
  EXPECT_EQ(redact(url), url);
  register_query_token_name("pass_me");
  EXPECT_EQ(redact(url), "/mcp?pass_me=" + kMarker);
}

// Each text makes a careless scanner look at the same bytes again and again; a quadratic pass over one of them would
// outlast the test's limit.
TEST(Redact, IsLinearOnRepeatedPatterns) {  // SEC:J11
  for (const std::string_view unit : {"sk-",
                                      "sk-aaaa",
                                      "eyJ-",
                                      "eyJ.",
                                      "token:",
                                      "token=\"",
                                      "password='a ",
                                      "?token=",
                                      "&token=",
                                      "x://a:b@",
                                      "authorization:",
                                      "authorization: digest ",
                                      "-----BEGIN PRIVATE KEY-----",
                                      "-",
                                      "=",
                                      "\"",
                                      "\\\"",
                                      "token = (",
                                      "AKIA",
                                      " = ",
                                      "-----BEGIN ",
                                      "password=\"word password='"}) {
    EXPECT_FALSE(redact(repeat(unit, 250'000 / unit.size())).empty()) << unit;
  }
}

TEST(Redact, FindsTheSecretInATenMegabyteLine) {
  const std::string filler = repeat("{\"name\": \"value\", \"n\": 12}, ", 180'000);
  const std::string text = filler + fake("ghp_", 36) + " " + filler;
  ASSERT_GT(text.size(), 9'000'000u);
  EXPECT_EQ(redact(text), filler + kMarker + " " + filler);
}

}  // namespace
}  // namespace patchbay
