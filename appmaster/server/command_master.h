// CommandMaster: the ApplicationMaster of a command that runs in N containers: the CommandCore in
// its shell.
//
// Threads: everything on the core loop; inputs are queued and handled one after the other. Owner:
// main, which stops the loop, then calls Close(), then destroys it.
#ifndef WEIR_APPMASTER_SERVER_COMMAND_MASTER_H_
#define WEIR_APPMASTER_SERVER_COMMAND_MASTER_H_

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "appmaster/client/master_client.h"
#include "appmaster/client/node_client.h"
#include "appmaster/core/command_core.h"
#include "platform/event_loop.h"

namespace weir::am {

struct CommandMasterOptions {
  CommandOptions command;
  LaunchContext launch;    // of each container; WEIR_CONTAINER_INDEX is added
  ContainerAsk placement;  // gang, spread and bounds of its asks
};

class CommandMaster : public MasterListener {
 public:
  // `on_end` is called once, on the loop.
  CommandMaster(const CommandMasterOptions& options,
                const MasterEnvironment& environment,
                platform::EventLoop& loop,
                std::function<void()> on_end);
  ~CommandMaster() override;

  void Start();
  // Containers are stopped without a word to the ResourceManager.
  void Terminate();
  void Close();
  int exit_status() const { return exit_status_; }

  void OnRegistered(const MasterRegistration& registration) override;
  void OnAllocation(const wire::ReceivedAllocation& allocation) override;
  void OnMasterLost(const Error& last) override;
  void OnRejected(const Error& error) override;

 private:
  struct Executor;

  void Input(CommandInput input);
  void Drain();
  void Launch(const CommandLaunch& launch);
  void Finish(const CommandFinish& finish);
  void End(bool told);

  const CommandMasterOptions options_;
  const MasterEnvironment environment_;
  platform::EventLoop& loop_;
  const std::function<void()> on_end_;
  const std::string subject_;
  CommandCore core_;
  MasterClient master_;
  NodeClient nodes_;
  std::map<ContainerId, wire::ReceivedGrant> grants_;
  std::deque<CommandInput> inputs_;
  bool draining_ = false;
  platform::EventLoop::TimerId timer_ = 0;
  int stops_under_way_ = 0;
  bool end_when_stopped_ = false;
  std::atomic<int> exit_status_{0};
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_SERVER_COMMAND_MASTER_H_
