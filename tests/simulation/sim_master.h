// SimMaster: an ApplicationMaster's process: the real protocol towards the RM, a simple plan for
// its workers, and retries as the real client library does them.
//
// It lives in a container of a SimNode, which owns it; Stop() ends it at once, as a signal does.
// Events that come after that find it gone. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_MASTER_H_
#define WEIR_TESTS_SIMULATION_SIM_MASTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "appmaster/core/master_protocol.h"
#include "common/master_messages.h"
#include "resourcemanager/core/actions.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

class SimMaster {
 public:
  using Exit = std::function<void(int code)>;

  SimMaster(World& world,
            const ContainerId& container,
            const std::string& host,
            const ApplicationPlan& plan,
            Exit exit);
  ~SimMaster();
  void Stop();

 private:
  using RmAnswer = decltype(rm::Reply::answer);
  static constexpr int64_t kWorkerRequest = 1;
  static constexpr int kFailuresMax = 25;
  static constexpr int kStartTries = 5;

  struct Worker {
    ContainerGrant grant;
    bool released = false;
    int tries = 0;
  };

  void Pump();
  void ArmTimer();
  void Dispatch(const am::MasterCall& call);
  std::vector<HeldContainer> Held() const;
  void OnAnswer(const am::MasterCall& call, const RmAnswer& answer);
  void OnAllocated(const AllocateAnswer& answer, int lane);
  // Of attempts before it, kept for it: they run.
  void Inherit(const std::vector<ContainerGrant>& containers);
  void OnCompleted(const ContainerStatus& status);
  void Ask();
  void OnSize(const SizeNotice& notice);
  void AskSize();
  void StartWorker(const ContainerId& id);
  void OnStartFailed(const ContainerId& id, const Error& error);
  void ReleaseOne();
  void MaybeFinish();
  void End(int code);
  // Runs later, while it lives.
  void Later(Duration delay, std::function<void()> action);

  World& world_;
  const ContainerId container_;
  const std::string host_;
  const ApplicationPlan& plan_;
  const Exit exit_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  am::MasterProtocol protocol_;
  Instant armed_ = kNever;

  std::map<ContainerId, Worker> workers_;  // granted, not completed
  std::set<ContainerId> completed_;
  int32_t succeeded_ = 0;
  int32_t failed_ = 0;
  bool registered_ = false;
  bool finishing_ = false;
  bool silent_ = false;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_MASTER_H_
