// keeping_master DIRECTORY: an ApplicationMaster for tests of containers that outlive it. Its first
// attempt runs one container, which sleeps; a later one takes over what it is given, says so in the
// directory, waits there for a file "go", stops the container and ends.
//
// It writes: master.<attempt> and worker (numbers of processes), inherited ("ID STATE" as its node
// said it).
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <utility>

#include "appmaster/client/master_client.h"
#include "appmaster/client/master_environment.h"
#include "appmaster/client/node_client.h"
#include "platform/clock.h"
#include "platform/event_loop.h"
#include "platform/log.h"

namespace {

using namespace weir;
using namespace weir::am;

class KeepingMaster : public MasterListener {
 public:
  KeepingMaster(platform::EventLoop& loop,
                const MasterEnvironment& environment,
                std::string directory,
                std::function<void(int)> on_end)
      : loop_(loop),
        directory_(std::move(directory)),
        attempt_(environment.attempt),
        on_end_(std::move(on_end)),
        master_(loop, environment, MasterProtocolOptions(), *this),
        nodes_(loop, environment.cluster_id, NodeClientOptions()) {}

  void Start() {
    Write("master." + std::to_string(attempt_.number), std::to_string(getpid()));
    master_.Start({});
  }
  void Close() {
    master_.Close();
    nodes_.Close();
  }

  void OnRegistered(const MasterRegistration& registration) override {
    if (attempt_.number == 1) {
      master_.SetAsk({.request_id = 1, .priority = 1, .count = 1, .resource = {64, 1}});
    }
    for (const auto& each : registration.containers) TakeOver(each);
  }
  void OnAllocation(const wire::ReceivedAllocation& allocation) override {
    for (const auto& grant : allocation.granted) {
      LaunchContext launch;
      launch.command = {"/bin/sh",
                        "-c",
                        "echo $$ >" + directory_ + "/tmp && mv " + directory_ + "/tmp " +
                            directory_ + "/worker && exec sleep 1000"};
      nodes_.Start(grant, launch, [this](const Status& started) {
        if (!started.ok()) on_end_(1);
      });
    }
    for (const auto& each : allocation.inherited) TakeOver(each);
    if (allocation.completed.empty()) return;
    master_.Finish({FinalStatus::kSucceeded, "", ""},
                   platform::MonotonicNow() + seconds(30),
                   [this](const Status& told) { on_end_(told.ok() ? 0 : 1); });
  }
  void OnMasterLost(const Error&) override {}
  void OnRejected(const Error&) override { on_end_(1); }

 private:
  void TakeOver(const wire::ReceivedGrant& container) {
    nodes_.GetStatus(container, [this, container](const Result<ContainerStatus>& status) {
      Write("inherited",
            container.id.ToString() + " " +
                (status.ok() ? std::string(ContainerStateName(status->state))
                             : status.error().ToString()));
      StopWhenTold(container);
    });
  }
  void StopWhenTold(const wire::ReceivedGrant& container) {
    if (std::filesystem::exists(directory_ + "/go")) {
      nodes_.Stop(container, [this](const Status& stopped) {
        if (!stopped.ok()) on_end_(1);
      });
      return;
    }
    loop_.At(platform::MonotonicNow() + milliseconds(50),
             [this, container] { StopWhenTold(container); });
  }
  void Write(const std::string& name, const std::string& text) const {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path + ".part") << text << "\n";
    std::filesystem::rename(path + ".part", path);
  }

  platform::EventLoop& loop_;
  const std::string directory_;
  const AttemptId attempt_;
  const std::function<void(int)> on_end_;
  MasterClient master_;
  NodeClient nodes_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto environment = ReadMasterEnvironment();
  if (argc != 2 || !environment.ok()) return 2;
  if (!platform::StartLog("", platform::LogLevel::kInfo).ok()) return 2;
  platform::EventLoop loop("am-core");
  std::promise<int> end;
  bool ended = false;
  KeepingMaster master(loop, *environment, argv[1], [&](int code) {
    if (!std::exchange(ended, true)) end.set_value(code);
  });
  loop.Start();
  loop.PostAndWait([&master] { master.Start(); });
  const int code = end.get_future().get();
  loop.Stop();
  master.Close();
  return code;
}
