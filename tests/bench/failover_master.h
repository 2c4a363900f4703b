// FailoverMaster: an ApplicationMaster that keeps a number of workers running, as a part of this
// process. Its conversations are the real ones: registration, polls, asks and releases with the
// ResourceManagers, starts at the nodes. Beyond its workers it asks for one more container when it
// is told to, and gives that back when it is told to.
//
// Threads: everything on the owner's loop, but the constructor and the destructor, which are also
// for whoever has stopped it. Owner: the FailoverLoad.
#ifndef WEIR_TESTS_BENCH_FAILOVER_MASTER_H_
#define WEIR_TESTS_BENCH_FAILOVER_MASTER_H_

#include <map>
#include <memory>
#include <string>

#include "appmaster/client/master_client.h"
#include "appmaster/client/node_client.h"
#include "tests/bench/failover_journal.h"

namespace weir::bench {

inline constexpr Resource kFailoverContainer{128, 1};
inline constexpr char kFailoverWorkers[] = "WEIR_BENCH_WORKERS";

class FailoverMaster : public am::MasterListener {
 public:
  // From what its container was started with. kFailedPrecondition, kInvalidArgument, kCorruption:
  // the ResourceManager has not said what an ApplicationMaster needs.
  static Result<std::unique_ptr<FailoverMaster>> Make(platform::EventLoop& owner,
                                                      FailoverJournal& journal,
                                                      const LaunchContext& launch);
  FailoverMaster(platform::EventLoop& owner,
                 FailoverJournal& journal,
                 const am::MasterEnvironment& environment,
                 int32_t workers);

  void Begin();
  void AskForOneMore();
  void GiveBack();

  // Of its last registration; 0 before the first.
  Epoch registered_under() const { return registered_under_; }
  // It is registered, all that it wants runs, and all that it gave back has ended.
  bool Settled() const;
  // What went wrong for good; "" = nothing.
  const std::string& failure() const { return failure_; }
  std::string Describe() const;

 private:
  struct Held {
    wire::ReceivedGrant grant;
    bool started = false;
    bool given_back = false;
  };

  void OnRegistered(const am::MasterRegistration& registration) override;
  void OnAllocation(const wire::ReceivedAllocation& allocation) override;
  void OnMasterLost(const Error& last) override { failure_ = last.ToString(); }
  void OnRejected(const Error& error) override { failure_ = error.ToString(); }

  void Ask(int64_t request_id, int32_t count);
  void StartAt(const wire::ReceivedGrant& grant);
  void OnStarted(const ContainerId& id, const Status& status);
  void EndStarts();

  platform::EventLoop& owner_;
  FailoverJournal& journal_;
  const am::MasterEnvironment environment_;
  size_t wanted_;
  bool begun_ = false;
  int64_t extra_request_ = 1;  // the newest; 1 = that of the workers
  Epoch registered_under_;
  std::string failure_;
  std::map<ContainerId, Held> held_;
  size_t starting_ = 0;
  std::shared_ptr<am::NodeClient> nodes_;  // while something is being started
  am::MasterClient rm_;
};

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_FAILOVER_MASTER_H_
