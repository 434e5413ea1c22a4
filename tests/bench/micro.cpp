#include "bench/micro.h"

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include "patchbay/base/ids.h"
#include "patchbay/base/redact.h"
#include "patchbay/config/config.h"
#include "patchbay/jobs/record.h"
#include "patchbay/json/describe.h"
#include "patchbay/json/json.h"
#include "patchbay/mcp/catalog.h"
#include "patchbay/os/file.h"
#include "patchbay/store/record_store.h"
#include "patchbay/tools/catalog.h"
#include "patchbay/tools/services.h"
#include "patchbay/workers/requests.h"

namespace patchbay::bench {
namespace {

std::string call_text(std::size_t brief_bytes) {
  const Json call = {{"jsonrpc", "2.0"},
                     {"id", 7},
                     {"method", "tools/call"},
                     {"params",
                      {{"name", "codex_worker_start"},
                       {"arguments", {{"name", "parser"}, {"brief", std::string(brief_bytes, 'b')}}},
                       {"_meta", {{"progressToken", 1}}}}}};
  return json::dump(call);
}

void strict_parse(benchmark::State& state) {
  const std::string text = call_text(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(json::parse(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(strict_parse)->Arg(100)->Arg(10'000)->Arg(200'000);

void redact_clean_text(benchmark::State& state) {
  std::string text;
  while (static_cast<std::int64_t>(text.size()) < state.range(0)) {
    text += fmt::format("  auto result = parser.read(input, {});  // a line as source files have them\n", text.size());
  }
  for (auto _ : state) benchmark::DoNotOptimize(redact(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(redact_clean_text)->Arg(1'000)->Arg(100'000);

void parse_arguments(benchmark::State& state) {
  const Json arguments = {{"name", "parser"}, {"brief", "Find the cause of the failing test."}, {"model", "large"}};
  for (auto _ : state) {
    workers::StartArgs args;
    benchmark::DoNotOptimize(json::parse_args(arguments, args));
  }
}
BENCHMARK(parse_arguments);

void catalogue_list_text(benchmark::State& state) {
  const auto catalog = mcp::Catalog::build(tools::described_tools(), tools::catalog_options(config::Config{}, {}));
  if (!catalog.ok()) return state.SkipWithError(catalog.error().message.c_str());
  for (auto _ : state) {
    benchmark::DoNotOptimize((*catalog)->list_text(mcp::Mode::kWorker, mcp::Scope::kPower, 0, 0));
  }
}
BENCHMARK(catalogue_list_text);

void build_catalogue(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        mcp::Catalog::build(tools::described_tools(), tools::catalog_options(config::Config{}, {})));
  }
}
BENCHMARK(build_catalogue)->Unit(benchmark::kMicrosecond);

/// A folder of records that is removed again.
class Records {
 public:
  explicit Records(int count) {
    std::string pattern = "/var/tmp/patchbay-bench-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    auto store = open();
    for (int i = 0; store && i < count; ++i) {
      jobs::JobRecord record;
      record.job_id = new_uuid();
      record.state = jobs::JobState::kCompleted;
      record.repo_path = "/srv/project";
      record.result = {{"summary", "All tests pass."}};
      (void)(*store)->put(record.job_id, record.to_json());
    }
  }
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;
  ~Records() { (void)os::remove_tree(root_); }

  Result<std::unique_ptr<store::RecordStore>> open() const {
    return store::RecordStore::open(os::join(root_, "jobs"), os::join(root_, "corrupt"));
  }

 private:
  std::string root_;
};

void load_records(benchmark::State& state) {
  const Records records(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    auto store = records.open();
    if (!store.ok()) return state.SkipWithError(store.error().message.c_str());
    std::atomic<int> loaded{0};
    const auto report = (*store)->load_all([&](const std::string&, const store::RecordOrder&, Json&& content) {
      loaded += jobs::JobRecord::from_json(content).ok();
    });
    if (!report.ok() || loaded != state.range(0)) return state.SkipWithError("not every record was read");
  }
  state.SetItemsProcessed(state.range(0) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(load_records)->Arg(500)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

int run_micro(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace patchbay::bench
