// recover: how long it takes to read a store, and to take over from one who is killed when it has
// been followed.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "platform/clock.h"
#include "platform/config_keys.h"
#include "tests/bench/bench.h"
#include "tests/bench/failover_log.h"
#include "tests/bench/store_place.h"
#include "tests/support/process_cluster.h"
#include "tests/support/wait_until.h"

namespace weir::bench {
namespace {

using testing::ProcessCluster;

constexpr int64_t kNodes = 100;
constexpr Duration kPatience = seconds(300);  // a guard against hanging
constexpr int kTakeovers = 5;
// Longer than the benchmark: the nodes are records only, and nobody is to be replaced.
constexpr char kNoExpiry[] = "86400000";

double InSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Two ResourceManagers over the store; one is killed when the other has followed it.
class WarmTakeover {
 public:
  explicit WarmTakeover(const StorePlace& place) : place_(place), cluster_(OptionsFor(place)) {}

  Status Start();
  // From the lock to serving.
  Result<double> Take();

 private:
  static testing::ClusterOptions OptionsFor(const StorePlace& place);
  std::string LogFile(int number) const { return cluster_.LogFile("rm" + std::to_string(number)); }
  Status Await(const std::function<bool()>& condition, const std::string& what) const;

  const StorePlace& place_;
  ProcessCluster cluster_;
  std::map<int, size_t> run_began_;  // in the log of each
};

// With many applications it is large, and is not to be read again and again.
std::string LogSince(const std::string& file, size_t begin) {
  std::ifstream log(file);
  log.seekg(static_cast<std::streamoff>(begin));
  return {std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
}

size_t SizeOf(const std::string& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : static_cast<size_t>(size);
}

testing::ClusterOptions WarmTakeover::OptionsFor(const StorePlace& place) {
  testing::ClusterOptions options;
  options.nodes = 0;
  options.resource_managers = 2;
  options.settings = place.Settings();
  options.settings[platform::keys::kNmExpiry] = kNoExpiry;
  options.settings[platform::keys::kAmExpiry] = kNoExpiry;
  options.settings[platform::keys::kRmAllocationExpiry] = kNoExpiry;
  return options;
}

Status WarmTakeover::Await(const std::function<bool()>& condition, const std::string& what) const {
  if (testing::WaitUntil(condition, what, kPatience)) return {};
  return Error{ErrorCode::kDeadlineExceeded, "in vain: " + what + "\n" + cluster_.Logs(), ""};
}

Status WarmTakeover::Start() {
  WEIR_RETURN_IF_ERROR(place_.WriteSecret(cluster_.work_dir() + "/cluster.secret"));
  if (!cluster_.Start()) return Error{ErrorCode::kInternal, cluster_.Logs(), ""};
  return Await([this] { return cluster_.ActiveResourceManager() != 0; }, "one is active");
}

Result<double> WarmTakeover::Take() {
  const int active = cluster_.ActiveResourceManager();
  const int standby = 3 - active;
  if (active == 0) return Error{ErrorCode::kInternal, "none is active\n" + cluster_.Logs(), ""};
  const std::string log = LogFile(standby);
  WEIR_RETURN_IF_ERROR(Await([&] { return FollowsTheStore(LogSince(log, run_began_[standby])); },
                             "the standby is warm"));
  const size_t begin = SizeOf(log);
  cluster_.resource_manager(active).Kill();
  WEIR_RETURN_IF_ERROR(
      Await([&] { return cluster_.RoleOf(standby) == "ACTIVE"; }, "the standby takes over"));
  WEIR_RETURN_IF_ERROR(Await([&] { return ReadTakeover(LogSince(log, begin)).ok(); }, "its log"));
  WEIR_ASSIGN_OR_RETURN(const Takeover takeover, ReadTakeover(LogSince(log, begin)));
  run_began_[active] = SizeOf(LogFile(active));
  if (!cluster_.StartResourceManager(active)) {
    return Error{ErrorCode::kInternal, "it does not start again\n" + cluster_.Logs(), ""};
  }
  return static_cast<double>(takeover.ms) / 1000;
}

}  // namespace

std::string WhyNotRecover(const std::string& metric, const Parameters& parameters) {
  const auto choice = static_cast<StoreChoice>(parameters.at("store"));
  if (choice == StoreChoice::kZookeeper || !metric.starts_with("warm_takeover")) return "";
  return "not measured: this store serves one ResourceManager, and there is no standby";
}

Result<Samples> RunRecover(const Parameters& parameters) {
  const auto choice = static_cast<StoreChoice>(parameters.at("store"));
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<StorePlace> place, StorePlace::Make(choice));
  {
    WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<store::StateStore> opened, place->Open());
    WEIR_ASSIGN_OR_RETURN(const store::EpochRecord epoch, opened->Open(StorePlace::Request()));
    WEIR_RETURN_IF_ERROR(Fill(*opened, epoch.epoch, parameters.at("applications"), kNodes));
    opened->Close();
  }
  Samples samples;
  {
    const Instant began = platform::MonotonicNow();
    WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<store::StateStore> opened, place->Open());
    WEIR_RETURN_IF_ERROR(opened->Open(StorePlace::Request()));
    WEIR_ASSIGN_OR_RETURN(const store::LoadedState state, opened->Load());
    samples["load_seconds"] = {InSeconds(platform::MonotonicNow() - began)};
    samples["records"] = {static_cast<double>(state.records.size())};
    opened->Close();
  }
  if (choice != StoreChoice::kZookeeper) return samples;
  WarmTakeover takeover(*place);
  WEIR_RETURN_IF_ERROR(takeover.Start());
  for (int i = 0; i < kTakeovers; ++i) {
    WEIR_ASSIGN_OR_RETURN(const double took, takeover.Take());
    samples["warm_takeover_seconds"].push_back(took);
  }
  return samples;
}

}  // namespace weir::bench
