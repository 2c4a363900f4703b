// ActiveRm: a conversation of the command line with the active ResourceManager, over the unix
// socket of each. Blocking; single-threaded.
//
// With high availability, while none is active (a fail-over takes about a second), a call waits for
// one, up to yarn.resourcemanager.connect.max-wait.ms, and says so once on standard error. A call
// that was not done is made again; one whose outcome is not known only if it may be repeated; also
// when the active one itself says that it cannot answer now, because its state store does not.
// Without high availability nothing is waited for.
//
// Errors: those of the RM and of the configuration; kUnavailable or kNotActive with the remedy when
// there is none.
#ifndef WEIR_CLIENT_ACTIVE_RM_H_
#define WEIR_CLIENT_ACTIVE_RM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "platform/hadoop_xml_config.h"
#include "platform/thrift_client.h"

namespace weir::cli {

// Where the ResourceManagers are, and how long one is waited for.
struct RmReach {
  std::vector<platform::Endpoint> sockets;
  bool several = false;
  Duration max_wait{0};
  Duration first_pause{0};
  Duration longest_pause{0};
};
// `socket`: platform::RmClientSocket or RmAdminSocket. kInvalidArgument.
Result<RmReach> ReadRmReach(const platform::Configuration& config,
                            std::string (*socket)(const platform::Configuration&));

// The pauses of one outage.
class FailoverPatience {
 public:
  explicit FailoverPatience(const RmReach& reach) : reach_(reach) {}

  // Pauses before another try; false when there is to be none.
  bool Pause();
  // Tells, once in an outage, that one is waited for, and why.
  void Tell(const Error& cause);
  // The same, of what the active one has said.
  void TellSaid(const Error& cause);
  void Reset();

 private:
  const RmReach reach_;
  Instant give_up_ = kNever;
  Duration next_{0};
  bool told_ = false;
};

// Whether a call may be made again when it is not known what became of it.
enum class Repeat { kNo, kYes };

// Whether it may be made again after this error.
bool MayRepeat(const Error& error, Repeat repeat);
// What the reader is told in the end. `remedy` is of one ResourceManager.
Error NoActiveRm(const RmReach& reach, const Error& cause, const std::string& remedy);

template <typename GeneratedClient>
class ActiveRm {
 public:
  // `remedy`: what to do when there is no ResourceManager.
  ActiveRm(Result<RmReach> reach, std::string remedy)
      : fault_(reach.ok() ? Status() : Status(reach.error())),
        reach_(reach.ok() ? std::move(reach).value() : RmReach()),
        remedy_(std::move(remedy)),
        patience_(reach_) {
    if (!fault_.ok()) return;
    thrift_ = std::make_unique<Thrift>(reach_.sockets, platform::HelloIdentity{});
  }

  template <typename Function>
  auto Call(Duration timeout, Repeat repeat, const Function& function)
      -> decltype(std::declval<platform::ThriftClient<GeneratedClient>&>().Call(timeout,
                                                                                function)) {
    WEIR_RETURN_IF_ERROR(fault_);
    while (true) {
      const Status found = thrift_->Connect(timeout);
      if (!found.ok()) {
        patience_.Tell(found.error());
        if (MayRepeat(found.error(), Repeat::kYes) && patience_.Pause()) continue;
        patience_.Reset();
        return NoActiveRm(reach_, found.error(), remedy_);
      }
      auto answer = thrift_->Call(timeout, function);
      if (!answer.ok() && MayRepeat(answer.error(), repeat)) {
        if (connected()) patience_.TellSaid(answer.error());
        if (patience_.Pause()) continue;
      }
      patience_.Reset();
      if (answer.ok() || connected()) return answer;
      return NoActiveRm(reach_, answer.error(), remedy_);
    }
  }
  // After an error: the active one has said it.
  bool connected() const { return thrift_ && thrift_->connected(); }
  // Another number: maybe another ResourceManager, which counts anew.
  uint64_t connections() const { return thrift_ ? thrift_->connections() : 0; }
  const RmReach& reach() const { return reach_; }

 private:
  using Thrift = platform::ThriftClient<GeneratedClient>;

  const Status fault_;
  const RmReach reach_;
  const std::string remedy_;
  FailoverPatience patience_;
  std::unique_ptr<Thrift> thrift_;
};

}  // namespace weir::cli

#endif  // WEIR_CLIENT_ACTIVE_RM_H_
