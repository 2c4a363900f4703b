// MasterAgent: an ApplicationMaster that wants its job's tasks run: it speaks the real protocol
// (am::MasterProtocol), asks for a container per task, starts each as it comes, and asks again for
// what was lost. Reducers are asked for once all other tasks are done.
//
// Owner: Cluster, until it has ended. Callbacks that come later find it gone. Single-threaded.
#ifndef WEIR_TESTS_SLS_MASTER_AGENT_H_
#define WEIR_TESTS_SLS_MASTER_AGENT_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "appmaster/core/master_protocol.h"
#include "common/node_messages.h"
#include "tests/sls/node_agent.h"
#include "tests/sls/resource_manager.h"
#include "tests/sls/trace.h"

namespace weir::sls {

class MasterAgent {
 public:
  struct Surroundings {
    EventQueue& queue;
    ResourceManager& resource_manager;
    Recorder& recorder;
    std::function<NodeAgent*(const std::string& host)> find_node;
  };
  // `exit` runs at the end of its process.
  MasterAgent(const Surroundings& surroundings,
              const ContainerId& container,
              const JobPlan& job,
              std::string queue,
              std::function<void(int code)> exit);
  ~MasterAgent();
  MasterAgent(const MasterAgent&) = delete;
  MasterAgent& operator=(const MasterAgent&) = delete;

  void Start();

 private:
  // Tasks that are asked for with the same request id.
  struct Group {
    ContainerAsk ask;
    bool second = false;
    struct Task {
      Duration run{0};
      Instant asked;
    };
    std::deque<Task> waiting;
  };
  struct Running {
    int64_t group = 0;
    Duration run{0};
  };

  void MakeGroups();
  int64_t GroupOf(const TaskPlan& task);
  void Begin();
  void BeginSecond();
  void Add(int64_t group, int64_t count, Duration run);
  void Ask();
  void Pump();
  void ArmTimer();
  void Dispatch(const am::MasterCall& call);
  void OnAnswer(const am::MasterCall& call, const ResourceManager::Answer& answer);
  void OnAllocated(const AllocateAnswer& answer, int lane);
  void OnGranted(const ContainerGrant& grant);
  void OnCompleted(const ContainerStatus& status);
  void MaybeFinish();
  void End(int code);
  // Runs later, while it lives.
  void Later(Duration delay, std::function<void()> action);

  const Surroundings& around_;
  const ContainerId container_;
  const JobPlan& job_;
  const std::string queue_;
  const std::function<void(int code)> exit_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  am::MasterProtocol protocol_;
  Instant armed_ = kNever;

  std::vector<Group> groups_;           // request id = index + 1
  std::vector<int64_t> group_of_task_;  // by index of the job's tasks
  std::map<ContainerId, Running> running_;
  int64_t first_left_ = 0;  // tasks that are not done yet
  int64_t second_left_ = 0;
  bool begun_ = false;
  bool second_begun_ = false;
  bool finishing_ = false;
};

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_MASTER_AGENT_H_
