#pragma once

#include <string>

#include "demo/mcp_client.h"
#include "demo/playground.h"
#include "demo/screen.h"
#include "patchbay/base/cancel.h"

namespace patchbay::demo {

/// What the demo shows, as a chat client would do it. Each part tells its story on the screen and fails with
/// an error that a newcomer can act on.
class Tour {
 public:
  Tour(McpClient& client, const Playground& playground, Screen& screen, const CancelToken& interrupted,
       std::chrono::seconds turn_limit)
      : client_(client), playground_(playground), screen_(screen), interrupted_(interrupted), turn_limit_(turn_limit) {}

  /// All parts in order.
  Status run();

 private:
  Status connect();
  Status self_test();
  Status open_workspace();
  Status start_worker();
  Status wait_for_worker();
  Status show_report();
  Status show_changes();
  Status integrate();
  Status show_checkout();
  Status stop_worker();

  Result<Json> inspect(const char* view, Json more = Json::object());
  void show_checkpoints(const Json& worker, MonoTime started);

  McpClient& client_;
  const Playground& playground_;
  Screen& screen_;
  const CancelToken& interrupted_;
  const std::chrono::seconds turn_limit_;

  std::string worker_;  ///< worker_id
  double last_checkpoint_ = 0;
  Json finished_;  ///< the worker's view after its turn
  std::vector<std::string> changed_files_;
};

}  // namespace patchbay::demo
