#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "cli/command.h"
#include "patchbay/base/log.h"
#include "patchbay/base/result.h"

/// Commands that consist of several: `patchbay worker list`, `patchbay token create`.
namespace patchbay::cli {

template <class Flags>
struct Action {
  const char* name;
  const char* summary;
  void (*declare)(CLI::App&, const std::shared_ptr<Flags>&);  ///< the flags that are its own
  Result<int> (*body)(const Flags&);                          ///< gives the exit code
};

/// Declares the actions below `command`, each with `common` and its own flags. What it returns runs the chosen one, or
/// prints the help when none was. `actions` must outlive it; `app` lives until it has run.
template <class Flags>
std::function<int()> declare_actions(CLI::App& app, const std::string& command, std::span<const Action<Flags>> actions,
                                     void (*common)(CLI::App&, const std::shared_ptr<Flags>&)) {
  app.require_subcommand(0, 1);
  const auto chosen = std::make_shared<std::function<int()>>();
  for (const Action<Flags>& action : actions) {
    CLI::App* sub = app.add_subcommand(action.name, action.summary);
    const auto flags = std::make_shared<Flags>();
    common(*sub, flags);
    action.declare(*sub, flags);
    sub->callback([chosen, command, flags, body = action.body] {
      *chosen = [command, flags, body] {
        log::init(log::Level::kError);
        const auto done = body(*flags);
        return done ? *done : report(command, done.error());
      };
    });
  }
  return [chosen, &app] {
    if (*chosen) return (*chosen)();
    print(app.help());
    return 0;
  };
}

}  // namespace patchbay::cli
