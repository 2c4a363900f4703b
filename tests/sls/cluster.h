// Cluster: one run of a trace: a ResourceManager, nodes, and the jobs' ApplicationMasters, in one
// thread and virtual time. The same plans and seed give the same run, bit for bit.
//
// The trace begins kSettled after the start, when all nodes have registered (each at its own moment
// of the first second, drawn from the seed). The run ends when every job is over; or when nothing
// has happened for kIdleMax (and the longest delay of a task) and nothing is running or to come; or
// at the time limit.
#ifndef WEIR_TESTS_SLS_CLUSTER_H_
#define WEIR_TESTS_SLS_CLUSTER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/random.h"
#include "tests/sls/master_agent.h"
#include "tests/sls/node_agent.h"
#include "tests/sls/recorder.h"
#include "tests/sls/resource_manager.h"
#include "tests/sls/trace.h"

namespace weir::sls {

inline constexpr Duration kSettled = seconds(2);
inline constexpr Duration kIdleMax = std::chrono::minutes(10);

struct ClusterOptions {
  rm::CoreOptions core;
  uint64_t seed = 1;
  Duration limit = std::chrono::hours(24 * 7);  // of virtual time
  // How often what the queues hold is noted for Series(); 0 = never. Does not change the run.
  Duration series_every{0};
  uint64_t check_every = 0;  // events between two checks of the core's invariants; 0 = at the end
};

class Cluster {
 public:
  // `trace` and `nodes` must outlive it.
  Cluster(const ClusterOptions& options, const Trace& trace, const std::vector<NodePlan>& nodes);
  ~Cluster();

  // Call once. kInternal: the core did what it must not.
  Result<RunFacts> Run();
  const Recorder& recorder() const { return recorder_; }
  // What the leaf queues held over time, as comma-separated values with a line of names; at the
  // first event after each moment.
  const std::string& series() const { return series_; }

 private:
  struct Application {
    size_t job = 0;
    std::string queue;
    Instant submitted;
    bool over = false;
  };

  void Submit(size_t job);
  // The start of an application's master may come before the answer to its submission.
  Application& Know(const ApplicationId& id, size_t job, Instant when);
  void OnSubmitted(size_t job, Instant when, const ResourceManager::Answer& answer);
  void StartMaster(NodeAgent& node, const StartContainerCommand& command);
  void StopMaster(const ContainerId& id);
  void OnTransition(const rm::Transitioned& transition);
  bool Stuck() const;
  void NoteSeries();
  Status Check(bool invariants) const;
  RunFacts Facts() const;
  std::vector<std::string> WhatWaits() const;

  const ClusterOptions options_;
  const Trace& trace_;
  const std::vector<NodePlan>& plans_;
  const Duration idle_max_;  // kIdleMax, and the longest delay of a task
  EventQueue queue_;
  Recorder recorder_;
  std::map<ApplicationId, Application> applications_;
  size_t jobs_left_;     // neither over nor refused
  size_t to_submit_;     // jobs that have not begun
  Instant last_change_;  // when the ResourceManager last changed something
  Instant next_note_;
  std::string series_;
  ResourceManager resource_manager_;
  NodeAgent::Hooks hooks_;
  std::vector<std::unique_ptr<NodeAgent>> nodes_;
  std::map<std::string, NodeAgent*> nodes_by_host_;
  MasterAgent::Surroundings surroundings_;
  std::map<ContainerId, std::unique_ptr<MasterAgent>> masters_;
};

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_CLUSTER_H_
