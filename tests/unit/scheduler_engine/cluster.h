// Cluster: a scheduler with nodes and applications under short names, for tables: who asks for
// what, and which decisions come out. Time stands still but for Wait.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_ENGINE_CLUSTER_H_
#define WEIR_TESTS_UNIT_SCHEDULER_ENGINE_CLUSTER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/capacity_scheduler.h"
#include "tests/unit/scheduler_engine/queue_files.h"

namespace weir::scheduler {

Resource Size(int64_t gib, int64_t vcores = 1, int64_t gpus = 0);

struct NodeSpec {
  Resource size;
  std::string rack = "/r0";
  std::string label{};
};

struct AppSpec {
  std::string queue = "root.q";
  std::string user = "mia";
  int32_t priority = 0;
  Resource am{};
  std::string label{};
  bool runs = false;
};

class Cluster {
 public:
  // One queue, root.q, without limits for one user or ApplicationMasters.
  static Lines OneQueue();
  explicit Cluster(const Lines& queues = OneQueue(),
                   const std::map<std::string, bool>& labels = {});

  void AddNode(const std::string& name, const NodeSpec& spec);
  void AddApp(const std::string& name, const AppSpec& spec = {});
  // The ask must be valid. Request ids count from 1 unless it has one.
  void Ask(const std::string& app, ContainerAsk ask);
  // `count` plain containers.
  void Ask(const std::string& app, int32_t count, const Resource& size);
  void Withdraw(const std::string& app, int64_t request_id);
  // One of the app's containers on the node; the oldest.
  void Release(const std::string& app, const std::string& node);
  // The same one gets another size. "" or why not.
  std::string Resize(const std::string& app, const std::string& node, const Resource& size);
  // From now on it counts as the app's ApplicationMaster.
  void SetMaster(const std::string& app, const std::string& node);
  void RemoveApp(const std::string& app);
  void Wait(Duration time) { now_.monotonic += time; }

  // "a:n1 a:n1 b:n2", in the order decided.
  std::string Decide(size_t limit = 1'000'000);
  // The same without order and with counts: "a:n1*2 b:n2".
  std::string DecideInAll();
  PendingReason ReasonOf(const std::string& app) const;
  std::string DetailOf(const std::string& app) const;  // of the first ask
  // "n1 n2": the nodes held back for it.
  std::string HeldFor(const std::string& app) const;
  // The notices since the last time, each as "KIND queue-or-app"; activations are left out.
  std::vector<std::string> Told();

  CapacityScheduler& scheduler() { return *scheduler_; }
  NodeSlot node(const std::string& name) const { return nodes_.at(name); }
  ApplicationSlot app(const std::string& name) const { return apps_.at(name); }
  bool has(const std::string& app) const { return apps_.contains(app); }
  bool activated(const std::string& name) const { return scheduler_->activated(app(name)); }
  void ForgetNode(const std::string& name) { nodes_.erase(name); }
  const Now& now() const { return now_; }
  int64_t used_gib(const std::string& app) const;

 private:
  std::string NameOf(NodeSlot slot) const;
  std::string NameOf(ApplicationSlot slot) const;

  SchedulerOptions options_;
  Now now_;
  std::unique_ptr<CapacityScheduler> scheduler_;
  std::map<std::string, NodeSlot> nodes_;
  std::map<std::string, ApplicationSlot> apps_;
  std::map<std::string, std::map<std::string, std::vector<ContainerSlot>>> containers_;
  int32_t order_ = 0;
  int64_t request_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_ENGINE_CLUSTER_H_
