#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bench/timing.h"
#include "patchbay/base/result.h"
#include "patchbay/os/process.h"

namespace patchbay::bench {

/// What a line may be built from.
struct Options {
  std::vector<int> rows;  ///< empty: all
  bool quick = false;
  bool json = false;
  std::string binary;  ///< the patchbay program
  /// Rounds of a measurement: all of them, or about a third in quick runs.
  int rounds(int all) const { return quick ? (all + 2) / 3 : all; }
};

/// A repository to work on.
struct Repository {
  std::string path;
  int files = 0;
};

/// Text that a known number of files of every generated repository contains.
inline constexpr char kNeedle[] = "benchmark_needle";

/// A private folder with everything the rows work on, made when first asked for and removed at the end: two
/// repositories, a Codex home for the fake program, a state directory with ten thousand workers.
class Workplace {
 public:
  static Result<std::unique_ptr<Workplace>> create(const Options& options);
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const Options& options() const { return options_; }
  std::string path(std::string_view relative) const;
  /// For every child: private HOME and CODEX_HOME, nothing of the caller's but a PATH.
  const os::Environment& env() const { return env_; }
  std::string codex_program() const;

  Result<Repository> small_repository();  ///< 200 files
  Result<Repository> large_repository();  ///< 50,000 files
  /// A fresh state directory.
  std::string new_home();
  /// A state directory with that many finished workers, one turn each. One for all rows.
  Result<std::string> home_with_workers(int count);

  /// What the fake Codex does from now on; empty: one short successful turn.
  Status script(const std::string& text) const;
  /// When the Codex program was last spawned for a turn; kTimeout when none was after `since`, until the
  /// deadline.
  Result<MonoTime> wait_for_spawn(MonoTime since, MonoTime deadline) const;

  /// Runs a command in `cwd`; its failure is an Error with its first line of stderr.
  Status run(std::vector<std::string> argv, const std::string& cwd) const;

 private:
  explicit Workplace(Options options) : options_(std::move(options)) {}
  Result<Repository> make_repository(const std::string& name, int files);
  void end_runners(const std::string& home) const;

  Options options_;
  std::string root_;
  os::Environment env_;
  Repository small_, large_;
  std::string home_with_workers_;
  std::vector<std::string> homes_;
};

}  // namespace patchbay::bench
