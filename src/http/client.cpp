#include "patchbay/http/client.h"

#include <httplib.h>

#include "patchbay/base/text.h"

namespace patchbay::http {
namespace {

Error to_error(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::BindIPAddress:
      return {ErrorCode::kNotFound, "nobody answers at this address", "Start the server first.",
              httplib::to_string(error)};
    case httplib::Error::ConnectionTimeout:
      return {ErrorCode::kTimeout, "the server did not accept the connection in time", {}, {}};
    default:
      return {ErrorCode::kIoError,
              "the connection to the server broke or stayed silent for too long",
              {},
              httplib::to_string(error)};
  }
}

/// Cuts a byte stream into lines.
class Lines {
 public:
  explicit Lines(const Client::OnLine& on_line) : on_line_(on_line) {}

  bool feed(std::string_view data) {
    pending_.append(data);
    std::size_t start = 0;
    for (std::size_t end; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1) {
      std::string_view line(pending_.data() + start, end - start);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!on_line_(line)) return false;
    }
    pending_.erase(0, start);
    return true;
  }
  void finish() {
    if (!pending_.empty()) (void)on_line_(pending_);
  }

 private:
  const Client::OnLine& on_line_;
  std::string pending_;
};

ClientResponse to_response(int status, const httplib::Headers& headers, std::string body) {
  ClientResponse response;
  response.status = status;
  for (const auto& [name, value] : headers) response.headers.emplace_back(name, value);
  response.body = std::move(body);
  return response;
}

}  // namespace

struct Client::Impl {
  explicit Impl(Options o) : options(std::move(o)), client(options.host, options.port) {
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_connection_timeout(options.connect_timeout);
    client.set_read_timeout(options.read_timeout);
    client.set_write_timeout(options.read_timeout);
    client.set_decompress(false);
    client.set_follow_location(false);
  }

  httplib::Request request(std::string_view method, const std::string& target, const std::vector<Header>& headers,
                           std::string body) const {
    httplib::Request r;
    r.method = method;
    r.path = target;
    r.body = std::move(body);
    for (const auto& [name, value] : options.headers) r.headers.emplace(name, value);
    for (const auto& [name, value] : headers) r.headers.emplace(name, value);
    if (!r.body.empty() && !r.has_header("Content-Type")) r.headers.emplace("Content-Type", "application/json");
    return r;
  }

  const Options options;
  httplib::Client client;
};

std::optional<std::string_view> ClientResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (iequals_ascii(key, name)) return value;
  }
  return std::nullopt;
}

Client::Client(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<ClientResponse> Client::send(std::string_view method, const std::string& target,
                                    const std::vector<Header>& headers, std::string body) {
  httplib::Request request = impl_->request(method, target, headers, std::move(body));
  httplib::Response response;
  httplib::Error error = httplib::Error::Success;
  if (!impl_->client.send(request, response, error)) return to_error(error);
  return to_response(response.status, response.headers, std::move(response.body));
}

Result<ClientResponse> Client::stream(std::string_view method, const std::string& target,
                                      const std::vector<Header>& headers, std::string body, const OnLine& on_line) {
  httplib::Request request = impl_->request(method, target, headers, std::move(body));
  Lines lines(on_line);
  ClientResponse head;
  bool enough = false;
  request.response_handler = [&head](const httplib::Response& r) {
    head = to_response(r.status, r.headers, {});
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    enough = !lines.feed({data, size});
    return !enough;
  };
  httplib::Response response;
  httplib::Error error = httplib::Error::Success;
  if (!impl_->client.send(request, response, error) && !enough) return to_error(error);
  if (!enough) lines.finish();
  return head;
}

void Client::abort() { impl_->client.stop(); }

}  // namespace patchbay::http
