// MasterClient: an ApplicationMaster's conversation with the ResourceManager, the active one of
// several: registration, the allocate long poll, the final status.
//
// MasterProtocol decides what is sent; this class sends it: one thread and one connection per lane,
// blocking, results posted to the owner's loop. Nothing it does blocks the owner. Each connection
// is made with the newest token that it was given.
//
// Threads: every method and every callback on the owner's loop, but Close() and the destructor,
// which any thread may call once the owner's loop has stopped. Owner: the ApplicationMaster; the
// listener must outlive it.
#ifndef WEIR_APPMASTER_CLIENT_MASTER_CLIENT_H_
#define WEIR_APPMASTER_CLIENT_MASTER_CLIENT_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "appmaster/client/master_environment.h"
#include "appmaster/core/master_protocol.h"
#include "platform/event_loop.h"
#include "wire/codec.h"

namespace weir::am {

struct MasterRegistration {
  RegisterMasterAnswer answer;
  std::map<int, std::string> client_keys;  // verify the client tokens of this attempt, by key id
  // Of attempts before this one, kept for it, and not told before: it holds them now.
  std::vector<wire::ReceivedGrant> containers{};
};

// What the ResourceManager has to say. Called on the owner's loop.
class MasterListener {
 public:
  virtual ~MasterListener() = default;
  // Again after every resync; asks have been sent again by then.
  virtual void OnRegistered(const MasterRegistration& registration) = 0;
  // Granted, inherited and completed containers, other sizes, headroom, why an ask waits. Each
  // container is completed at least once. When the keys that sign tokens are replaced: credentials,
  // whose client keys stand in place of those before, and new tokens for nodes, which are for
  // NodeClient::Renew.
  virtual void OnAllocation(const wire::ReceivedAllocation& allocation) = 0;
  // Nothing was heard for MasterProtocolOptions::lost_after; tries go on. Once per loss.
  virtual void OnMasterLost(const Error& last) = 0;
  // The RM refuses this attempt for good. The last call.
  virtual void OnRejected(const Error& error) = 0;
};

class MasterClient {
 public:
  MasterClient(platform::EventLoop& owner,
               const MasterEnvironment& environment,
               const MasterProtocolOptions& options,
               MasterListener& listener);
  ~MasterClient();
  MasterClient(const MasterClient&) = delete;
  MasterClient& operator=(const MasterClient&) = delete;

  void Start(RegisterMasterRequest registration);
  void SetAsk(const ContainerAsk& ask);
  void Release(const ContainerId& id);
  // What comes of it is in OnAllocation's sizes.
  void SetSize(const SizeAsk& ask);
  void SetProgress(float progress);
  int32_t Outstanding(int64_t request_id) const;
  // Tells the final status until it is acknowledged. `done` gets kDeadlineExceeded when it was not
  // by `deadline`, or the RM's refusal. No more listener calls follow.
  void Finish(const FinishMasterRequest& request,
              Instant deadline,
              std::function<void(Status)> done);
  // Ends calls in flight and joins the threads.
  void Close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CLIENT_MASTER_CLIENT_H_
