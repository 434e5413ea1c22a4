#include "patchbay/transport/http_endpoint.h"

namespace patchbay::transport {

Result<std::unique_ptr<HttpTransport>> HttpTransport::start(mcp::Server& server, Listen listen, HttpOptions options,
                                                            const Credentials* credentials) {
  std::unique_ptr<HttpTransport> transport(new HttpTransport);
  transport->mcp_ = &server;
  http::Server::Options http;
  http.host = listen.host;
  http.port = listen.port;
  http.also_host = listen.also_host;
  http.limits = listen.limits;
  http.limits.body_bytes = options.max_request_bytes;
  transport->endpoint_ = std::make_unique<HttpEndpoint>(server, std::move(options), credentials);
  HttpEndpoint* endpoint = transport->endpoint_.get();
  http.head_check = [endpoint](const http::Request& head) { return endpoint->check_head(head); };
  http.handler = [endpoint](http::Exchange& exchange) { endpoint->handle(exchange); };
  http.refusal = &HttpEndpoint::refusal;
  http.wants_peer_user = [endpoint] { return endpoint->wants_peer_user(); };
  transport->http_ = PB_TRY(http::Server::start(std::move(http)));
  return transport;
}

HttpTransport::~HttpTransport() {
  if (http_) stop(std::chrono::milliseconds(0));
}

int HttpTransport::port() const { return http_->port(); }
HttpEndpoint& HttpTransport::endpoint() { return *endpoint_; }

void HttpTransport::stop(std::chrono::milliseconds grace) {
  mcp_->shutdown();
  http_->stop(grace);
}

}  // namespace patchbay::transport
