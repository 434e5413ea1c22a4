#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "patchbay/json/json.h"

namespace patchbay::cli {
namespace {

/// The libraries this program was built with (SEC:B5).
Json libraries() {
  return Json{{"cli11", CLI11_VERSION},
              {"cpp-httplib", PATCHBAY_HTTPLIB_VERSION},
              {"fmt", PATCHBAY_FMT_VERSION},
              {"libgit2", PATCHBAY_LIBGIT2_VERSION},
              {"nlohmann_json", PATCHBAY_NLOHMANN_JSON_VERSION},
              {"openssl", PATCHBAY_OPENSSL_VERSION},
              {"spdlog", PATCHBAY_SPDLOG_VERSION},
              {"sqlite", PATCHBAY_SQLITE_VERSION},
              {"yaml-cpp", PATCHBAY_YAML_CPP_VERSION}};
}

}  // namespace

Command version_command() {
  return {"version", "what this program is", [](CLI::App& app) -> std::function<int()> {
            const auto as_json = std::make_shared<bool>(false);
            app.add_flag("--json", *as_json, "Print JSON, with the versions of the libraries");
            return [as_json] {
              const Json version{{"name", "patchbay"},
                                 {"version", PATCHBAY_VERSION},
                                 {"compiler", "g++ " __VERSION__},
                                 {"libraries", libraries()}};
              print(*as_json ? json::dump_pretty(version) + "\n" : "patchbay " PATCHBAY_VERSION "\n");
              return 0;
            };
          }};
}

}  // namespace patchbay::cli
