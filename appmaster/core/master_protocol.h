// MasterProtocol: what an ApplicationMaster sends to the ResourceManager next, and what an answer
// or an error means for that: registration, the sequence of long polls, the table of asks.
//
// Terms: a *lane* is one connection (two exist); a *poll* is an allocate call that the RM may park;
// *news* are changed asks, releases, sizes or progress that no call has carried yet. One poll is
// always out. When there is news, a newer poll goes out at once on the other lane and the RM ends
// the parked one (kAborted).
//
// Invariants: sequences are sent in order without gaps within one registration; a sequence whose
// answer was lost is sent again with the same content; nothing else is sent twice. Asks are
// absolute: after a new registration all of them are sent again. Every wait is bounded by
// Backoff. Single-threaded. Pure.
#ifndef WEIR_APPMASTER_CORE_MASTER_PROTOCOL_H_
#define WEIR_APPMASTER_CORE_MASTER_PROTOCOL_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "appmaster/core/backoff.h"
#include "common/master_messages.h"
#include "common/result.h"

namespace weir::am {

inline constexpr int kMasterLanes = 2;

struct MasterProtocolOptions {
  Duration park = seconds(10);
  Duration backoff_first = milliseconds(100);
  Duration backoff_most = seconds(3);
  Duration lost_after = seconds(60);  // without a word from the RM
};

struct MasterCall {
  enum class Kind { kRegister, kAllocate, kFinish };
  Kind kind = Kind::kRegister;
  int lane = 0;
  AllocateRequest allocate;    // of kAllocate
  FinishMasterRequest finish;  // of kFinish
};

// What an error of a call means to the owner.
enum class MasterErrorMeaning {
  kIgnored,   // normal: a parked poll that a newer one ended
  kRetrying,  // tried again after a back-off
  kResync,    // the RM asks for a new registration, which follows by itself
  kRejected,  // the RM will have nothing to do with this attempt any more: give up
};

class MasterProtocol {
 public:
  explicit MasterProtocol(const MasterProtocolOptions& options);

  // Registration begins with the next Next().
  void Start(Instant now);
  // The count for ask.request_id is now ask.count; a count of 0 withdraws it.
  void SetAsk(const ContainerAsk& ask);
  void Release(const ContainerId& id);
  // A running container is to have that size. One ask for a container is out at a time; what was
  // wanted last goes out when that is answered. Asked for again after a new registration.
  void SetSize(const SizeAsk& ask);
  void SetProgress(float progress);  // carried along; no reason for a call of its own
  // Polls end; the final status is sent until it is acknowledged.
  void Finish(const FinishMasterRequest& request);

  // The next call to send now, or nothing. Ask again until nothing.
  std::optional<MasterCall> Next(Instant now);
  // When Next() should be asked although nothing happened; kNever when no such time is known.
  Instant NextDeadline() const;

  void OnRegistered(int lane, Instant now);
  // `granted_requests`: the request id of every container granted by this answer.
  void OnAllocated(int lane, const std::vector<int64_t>& granted_requests, Instant now);
  // A notice that the container has the size that was asked for, or why not.
  void OnSizeAnswered(const ContainerId& id);
  void OnEnded(const ContainerId& id);
  void OnFinished(int lane, Instant now);
  MasterErrorMeaning OnError(int lane, const Error& error, Instant now);
  // A completed container was never granted to us: an answer was lost, so are our counts.
  void ResendAsks();

  bool registered() const { return phase_ == Phase::kActive; }
  bool finished() const { return phase_ == Phase::kFinished; }
  // True while the RM has not been heard for options.lost_after.
  bool Lost(Instant now) const;
  int64_t last_sequence() const { return sequence_; }
  // Still wanted of one ask.
  int32_t Outstanding(int64_t request_id) const;

 private:
  enum class Phase { kIdle, kRegistering, kActive, kFinishing, kFinished, kRejected };
  struct InFlight {
    MasterCall::Kind kind = MasterCall::Kind::kRegister;
    AllocateRequest request;
    Instant sent;
    bool overtakes = false;  // sent while an older poll was out
    int64_t generation = 0;
  };

  std::optional<MasterCall> NextAllocate(Instant now);
  MasterCall Send(int lane, MasterCall::Kind kind, AllocateRequest request, Instant now);
  AllocateRequest TakeNews();
  bool HasNews() const {
    return !changed_.empty() || !releases_.empty() || !sizes_to_send_.empty();
  }
  std::optional<int> FreeLane() const;
  const InFlight* Parked() const;  // the poll of this registration, if it is the only call out
  // An older poll that is still out although a newer one was answered: its answer may be lost, and
  // the RM keeps the answers of the last two sequences only. It has to be settled first.
  bool MayBeOvertaken(const InFlight& parked) const { return parked.request.sequence == sequence_; }
  static MasterCall::Kind SoleCallOf(Phase phase);
  bool Out(MasterCall::Kind kind) const;
  void ForgetSettledAsks();
  MasterErrorMeaning OnPollError(int lane, const InFlight& call, const Error& error, Instant now);
  MasterErrorMeaning BackOff(Instant now, ErrorCode why);
  MasterErrorMeaning Resync(const InFlight& failed, Instant now);
  void ResendEverything(const InFlight& failed);

  MasterProtocolOptions options_;
  Phase phase_ = Phase::kIdle;
  std::array<std::optional<InFlight>, kMasterLanes> lanes_;
  std::array<bool, kMasterLanes> warm_{};  // the lane's connection has answered something
  std::map<int64_t, ContainerAsk> asks_;
  std::set<int64_t> changed_;
  std::vector<ContainerId> releases_;
  struct WantedSize {
    Resource resource;
    std::optional<Resource> asked{};  // as a call has said, and no notice has answered yet
  };
  std::map<ContainerId, WantedSize> sizes_;
  std::set<ContainerId> sizes_to_send_;
  float progress_ = 0;
  int64_t sequence_ = 0;    // last one sent
  int64_t generation_ = 0;  // registrations
  std::optional<AllocateRequest> repeat_;
  bool repeat_overtakes_ = false;
  std::optional<FinishMasterRequest> finish_;
  bool interrupted_ = false;  // since the registration: the RM may be another one
  Backoff backoff_;
  Instant not_before_;
  Instant last_contact_;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_MASTER_PROTOCOL_H_
