// The four lists: constant order, one page by default, cursors that cannot be forged (M14-M17).

#include <fmt/format.h>

#include "mcp/server_impl.h"

namespace patchbay::mcp {
namespace {

constexpr int kListTtl = 60'000;

/// The position a list request asks for, or the error for a bad cursor (M16).
std::variant<std::size_t, RpcError> position(const Signer& signer, const std::string& context, const Json& params) {
  const Json* cursor = json::find(params, "cursor");
  if (cursor == nullptr || cursor->is_null()) return std::size_t{0};
  std::optional<std::size_t> offset;
  if (cursor->is_string()) offset = signer.read_cursor(context, cursor->get_ref<const std::string&>());
  if (!offset) return invalid_params("The cursor is unknown; start again without one", {{"path", "cursor"}});
  return *offset;
}

}  // namespace

Reply Server::Impl::list_tools(Request& request) {
  const Mode mode = listed_mode(request);
  const Scope scope = request.credential.scope;
  const std::string context = fmt::format("tools|{}|{}|{}", name_of(mode), name_of(scope), catalog.version());
  const auto at = position(signer, context, request.params());
  if (const auto* error = std::get_if<RpcError>(&at)) return *error;
  const std::size_t offset = std::get<std::size_t>(at);
  const auto tools = catalog.list_text(mode, scope, offset, limits.page_size);
  const std::size_t next = offset + limits.page_size;
  const bool more = limits.page_size > 0 && next < catalog.size(mode, scope);

  std::string out;
  out.reserve(tools->size() + 512);
  out += request.modern() ? R"({"resultType":"complete","tools":)" : R"({"tools":)";
  out += *tools;
  if (more) out += R"(,"nextCursor":")" + signer.cursor(context, next) + '"';
  if (request.modern()) {
    out += fmt::format(R"(,"ttlMs":{},"cacheScope":"private","_meta":{{"{}":{}}})", kListTtl, meta_key::kServerInfo,
                       server_info_text);
  }
  out += '}';
  return out;
}

Reply Server::Impl::list_page(Request& request, const char* member, Json all, Caching caching) {
  const std::string context = fmt::format("{}|{}", member, request.credential.name);
  const auto at = position(signer, context, request.params());
  if (const auto* error = std::get_if<RpcError>(&at)) return *error;
  const std::size_t offset = std::get<std::size_t>(at);
  Json out;
  if (limits.page_size == 0 && offset == 0) {
    out[member] = std::move(all);
    return finish(request, std::move(out), caching);
  }
  Json& page = out[member] = Json::array();
  const std::size_t end = limits.page_size == 0 ? all.size() : std::min(all.size(), offset + limits.page_size);
  for (std::size_t i = offset; i < end; ++i) page.push_back(std::move(all[i]));
  if (end < all.size()) out["nextCursor"] = signer.cursor(context, end);
  return finish(request, std::move(out), caching);
}

Reply Server::Impl::list_prompts(Request& request) {
  const Caller caller = identify(request);
  Json all = Json::array();
  for (PromptProvider* provider : options.prompts) {
    for (Json& prompt : provider->list(caller)) all.push_back(std::move(prompt));
  }
  return list_page(request, "prompts", std::move(all), {kListTtl});
}

Reply Server::Impl::list_resources(Request& request) {
  const Caller caller = identify(request);
  Json all = Json::array();
  for (ResourceProvider* provider : options.resources) {
    for (Json& resource : provider->list(caller)) all.push_back(std::move(resource));
  }
  return list_page(request, "resources", std::move(all), {0});
}

Reply Server::Impl::list_templates(Request& request) {
  const Caller caller = identify(request);
  Json all = Json::array();
  for (ResourceProvider* provider : options.resources) {
    for (Json& entry : provider->templates(caller)) all.push_back(std::move(entry));
  }
  return list_page(request, "resourceTemplates", std::move(all), {kListTtl});
}

}  // namespace patchbay::mcp
