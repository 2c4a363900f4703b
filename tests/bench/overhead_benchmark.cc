// nm-overhead: what a NodeManager costs that only watches.
#include <sys/types.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "platform/clock.h"
#include "tests/bench/bench.h"
#include "tests/support/process_cluster.h"

namespace weir::bench {
namespace {

using testing::ClusterOptions;
using testing::ProcessCluster;

constexpr double kKibPerMib = 1024;
constexpr double kNanosPerSecond = 1e9;
constexpr seconds kStartLimit{120};
constexpr milliseconds kLookAgain{100};

std::string ReadProc(pid_t pid, const char* file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// "VmRSS:     1234 kB"
double ResidentMib(pid_t pid) {
  const std::string status = ReadProc(pid, "status");
  const size_t at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::atof(status.c_str() + at + 6) / kKibPerMib;
}

// Of all threads of the process, not of its children.
double CpuSeconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / kNanosPerSecond;
}

std::vector<pid_t> Launchers(pid_t node) {
  std::vector<pid_t> launchers;
  for (const pid_t pid : testing::Descendants(node)) {
    if (ReadProc(pid, "comm") == "weir-launch\n") launchers.push_back(pid);
  }
  return launchers;
}

ClusterOptions RoomFor(int64_t containers) {
  ClusterOptions options;
  options.node_memory_mb = std::to_string(64 * (containers + 8));
  options.node_vcores = std::to_string(containers + 8);
  options.settings = {{"yarn.scheduler.minimum-allocation-mb", "64"}, {"weir.log.level", "warn"}};
  return options;
}

}  // namespace

Result<Samples> RunNmOverhead(const Parameters& parameters) {
  const int64_t containers = parameters.at("containers");
  ProcessCluster cluster(RoomFor(containers));
  const auto failed = [&](const std::string& what) {
    return Error{ErrorCode::kInternal, what + "\n" + cluster.Logs(), ""};
  };
  if (!cluster.Start()) return failed("the cluster did not start");
  const auto submitted = cluster.Weir({"application",
                                       "-submit",
                                       "-memory",
                                       "64",
                                       "-containers",
                                       std::to_string(containers),
                                       "--",
                                       "/bin/sleep",
                                       "1000000"});
  if (submitted.exit_code != 0) return failed(submitted.ToString());
  const pid_t node = cluster.node(0).pid();
  // Each container and the ApplicationMaster's.
  const Instant limit = platform::MonotonicNow() + kStartLimit;
  while (static_cast<int64_t>(Launchers(node).size()) < containers + 1) {
    if (platform::MonotonicNow() > limit) return failed("the containers did not all start");
    std::this_thread::sleep_for(kLookAgain);
  }
  // What is measured is time itself: there is nothing to wait for.
  const double cpu_before = CpuSeconds(node);
  const Instant begin = platform::MonotonicNow();
  std::this_thread::sleep_for(seconds(parameters.at("seconds")));
  const double cpu = CpuSeconds(node) - cpu_before;
  const double wall = std::chrono::duration<double>(platform::MonotonicNow() - begin).count();
  Samples samples;
  samples["cpu_percent"] = {100 * cpu / wall};
  samples["resident_mib"] = {ResidentMib(node)};
  for (const pid_t pid : Launchers(node))
    samples["launch_resident_mib"].push_back(ResidentMib(pid));
  return samples;
}

}  // namespace weir::bench
