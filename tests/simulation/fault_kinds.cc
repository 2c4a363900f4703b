#include "tests/simulation/fault_kinds.h"

namespace weir::simulation {
namespace {

constexpr std::array<FaultKind, kFaults> kKinds = {{
    {Fault::kLostMessage, "lost-messages", "messages", "they do not arrive"},
    {Fault::kDuplicatedMessage, "duplicated-messages", "messages", "they arrive twice"},
    {Fault::kSlowMessage, "slow-messages", "messages", "others overtake them"},
    {Fault::kRmCrash, "rm-crashes", "actions", "a ResourceManager dies before the action"},
    {Fault::kNmCrash, "nm-crashes", "actions", "a NodeManager dies, sometimes with its machine"},
    {Fault::kAmCrash, "am-crashes", "calls", "an ApplicationMaster dies before the call"},
    {Fault::kSlowWrite, "slow-writes", "writes", "a record takes up to 3 s"},
    {Fault::kFailedWrite, "failed-writes", "writes", "a ResourceManager's disk fails"},
    {Fault::kTornWrite, "torn-writes", "deaths", "a part of the write under way is on the disk"},
    {Fault::kTornRecords,
     "torn-records",
     "deaths",
     "the first of a NodeManager's records are kept"},
    {Fault::kRecordFailure,
     "failed-records",
     "writes",
     "a NodeManager's disk is full for a moment"},
    {Fault::kLocalizationFailure, "failed-localizations", "containers", "files cannot be had"},
    {Fault::kLaunchFailure, "failed-launches", "launches", "the program is not started"},
    {Fault::kContainerFailure, "failed-containers", "containers", "a worker exits with 1"},
    {Fault::kSlowExecutor, "slow-executors", "launches and removals", "they take up to 5 s"},
    {Fault::kIsolation, "isolated-nodes", "seconds and nodes", "nothing reaches or leaves it"},
    {Fault::kNmStop, "stopped-nms", "seconds and nodes", "a NodeManager is stopped and goes on"},
    {Fault::kRmStop, "stopped-rms", "seconds", "a ResourceManager is stopped and goes on"},
    {Fault::kZookeeperCut, "cut-connections", "pings", "one to ZooKeeper breaks"},
    {Fault::kZookeeperOutage, "zookeeper-outages", "seconds", "ZooKeeper is away"},
    {Fault::kHostCut, "cut-hosts", "seconds", "hosts do not reach each other, one way or both"},
    {Fault::kClockJump, "clock-jumps", "seconds", "a wall clock jumps by up to an hour"},
    {Fault::kMachineDeath, "machine-deaths", "", "of nm-crashes, with what ran there"},
    {Fault::kResizeFailure, "failed-resizes", "", "the limits are not changed"},
    {Fault::kRetry, "retries", "", "a container is started again in place"},
    {Fault::kLeaseEnd, "lease-ends", "", "a node has heard of no ResourceManager for too long"},
    {Fault::kSessionEnd, "session-ends", "", "a session with ZooKeeper is over"},
    {Fault::kTakeover, "takeovers", "", "a ResourceManager becomes active"},
    {Fault::kLostQueue, "lost-queue-starts", "", "one starts without a queue that is in use"},
}};

constexpr bool InOrder() {
  for (size_t i = 0; i < kFaults; ++i) {
    if (kKinds[i].fault != static_cast<Fault>(i)) return false;
  }
  return true;
}
static_assert(InOrder());

}  // namespace

std::span<const FaultKind> FaultKinds() {
  return kKinds;
}

std::optional<Fault> FindFault(std::string_view name) {
  for (const FaultKind& kind : kKinds) {
    if (kind.name == name) return kind.fault;
  }
  return std::nullopt;
}

FaultCounts& FaultCounts::operator+=(const FaultCounts& other) {
  messages += other.messages;
  for (size_t i = 0; i < kFaults; ++i) of[i] += other.of[i];
  return *this;
}

std::string FaultCounts::ToString() const {
  std::string text = std::to_string(messages) + " messages";
  for (const FaultKind& kind : kKinds) {
    const int64_t count = (*this)[kind.fault];
    if (count > 0) text += ", " + std::to_string(count) + " " + std::string(kind.name);
  }
  return text;
}

}  // namespace weir::simulation
