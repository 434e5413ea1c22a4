// What a client learns first: initialize (G1, G2) and server/discover (M5, M6).

#include "mcp/server_impl.h"

namespace patchbay::mcp {

const Version& Server::Impl::negotiate(const Json& params) const {
  const Version* wanted = find_version(json::get_string(params, "protocolVersion"), Era::kLegacy);
  return wanted != nullptr ? *wanted : newest(Era::kLegacy);
}

Json Server::Impl::capabilities(Era era) const {
  Json out;
  out["tools"] = {{"listChanged", true}};
  out["resources"] = {{"subscribe", true}};
  if (options.resources_change) out["resources"]["listChanged"] = true;
  out["prompts"] = Json::object();
  if (options.prompts_change) out["prompts"]["listChanged"] = true;
  out["completions"] = Json::object();
  if (era == Era::kLegacy && options.logging) out["logging"] = Json::object();
  if (!options.extensions.empty()) out["extensions"] = options.extensions;
  return out;
}

Json Server::Impl::initialize_result(const Version& version) const {
  Json out{
      {"protocolVersion", version.name}, {"capabilities", capabilities(Era::kLegacy)}, {"serverInfo", server_info}};
  if (!options.info.instructions.empty()) out["instructions"] = options.info.instructions;
  return out;
}

Reply Server::Impl::discover(Request& request) {
  Json supported = Json::array();
  for (const Version& version : versions()) {
    if (version.era == Era::kModern) supported.push_back(version.name);
  }
  Json out{{"resultType", "complete"},
           {"supportedVersions", std::move(supported)},
           {"capabilities", capabilities(Era::kModern)}};
  if (!options.info.instructions.empty()) out["instructions"] = options.info.instructions;
  return finish(request, std::move(out), Caching{300'000});
}

}  // namespace patchbay::mcp
