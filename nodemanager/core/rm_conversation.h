// RmConversation: what to say to the ResourceManager next, by session and sequence.
//
// Rules. Register until it succeeds, with a back-off from smallest to largest, doubled and spread.
// Then heartbeats 1, 2, 3...: one is always under way or waits to be repeated. When there is news
// while one is parked, the next goes out beside it (two at most), which makes the RM end the parked
// one. After a transport error the same request is repeated, with the back-off; the RM keeps the
// answers of the last two sequences, so no command is lost. The same when the RM is not active: the
// one that becomes active asks for a registration if it knows nothing of the session, and gets it
// at once; while there may be a fail-over the back-off stays short. After any other error it
// registers again (slowly, when the RM refuses the node itself), and the RM starts from what the
// registration says; but a heartbeat that is refused while an older one is under way may only have
// arrived first, and is tried once more. A registration that is refused because a later process of
// this node has registered is wrong about that, since this one lives: it says a larger number from
// then on (the clock was set back, or the disk comes from a copy). Sessions and sequences other
// than those under way are stale and ignored.
//
// It knows no containers: the core fills the requests. Single-threaded value.
#ifndef WEIR_NODEMANAGER_CORE_RM_CONVERSATION_H_
#define WEIR_NODEMANAGER_CORE_RM_CONVERSATION_H_

#include <optional>
#include <string>
#include <vector>

#include "common/node_messages.h"
#include "common/random.h"
#include "common/result.h"
#include "common/time.h"

namespace weir::nm {

class RmConversation {
 public:
  // `process`: CoreOptions.
  RmConversation(Duration smallest_back_off,
                 Duration largest_back_off,
                 uint64_t seed,
                 int64_t process);
  // What an earlier process of this node knew. Call before anything else.
  void Resume(int64_t first_session, Epoch highest_epoch);

  // --- what happened; each returns words for the log, "" when nothing is worth a line
  // A registration under an epoch below the highest seen counts as failed.
  std::string OnRegistered(const RegisterNodeAnswer& answer, Now now);
  std::string OnRegistrationFailed(const Error& error, Now now);
  // Whether the answer is to be acted upon; false when stale or of an old epoch.
  bool OnAnswer(int64_t session, int64_t sequence, const NodeHeartbeatAnswer& answer, Now now);
  std::string OnFailure(int64_t session, int64_t sequence, const Error& error, Now now);
  void Close();  // nothing is said any more

  // --- what to say
  bool MayRegister(Now now) const;
  void RegisterSent(Now now);
  // A request to be repeated, if one is due.
  std::optional<NodeHeartbeatRequest> TakeRepeat(Now now);
  bool MaySendNext(bool news) const;
  // The next request with session and sequence set, already counted as under way once `Sent` has
  // been told the whole.
  int64_t next_sequence() const { return last_sequence_ + 1; }
  void Sent(const NodeHeartbeatRequest& request, Now now);
  Instant NextDeadline() const;

  int64_t process() const { return process_; }
  int64_t registrations() const { return registrations_; }  // sent
  bool registered() const { return phase_ == Phase::kActive; }
  bool registering() const { return phase_ == Phase::kRegistering; }
  int64_t session() const { return session_; }
  // Of the first registration of this process, or of that whose records it resumed: sessions grow,
  // over epochs too.
  int64_t first_session() const { return first_session_; }
  Epoch highest_epoch() const { return highest_epoch_; }
  // The epoch under which the node is registered; 0 when it is not.
  Epoch session_epoch() const { return registered() ? session_epoch_ : Epoch{}; }
  WallTime last_answer() const { return last_answer_; }
  // What the RM's clock says, as far as is known: tokens expire by that one, however wrong either
  // may be.
  WallTime RmWall(Now now) const { return now.wall + rm_ahead_; }
  // When the newest request that was answered was first sent; Instant::min() before that.
  Instant heard() const { return heard_; }
  // The same, less the time for which whoever answered had not known that it leads: the newest
  // moment of which it is known that the RM counts on this node.
  Instant vouched() const { return vouched_; }
  std::string CheckInvariants() const;

 private:
  enum class Phase { kIdle, kRegistering, kActive, kClosed };
  struct Outstanding {
    NodeHeartbeatRequest request;
    Instant sent;             // the first time
    bool answered = false;    // a newer one was answered first: waits for the older
    Instant repeat = kNever;  // set: goes out again then
    bool overtook = false;    // was refused once because the older one had not arrived
  };

  void NoteRmWall(WallTime wall, Now now);
  void NoteHeard(Instant sent, Duration unconfirmed);
  void BackOff(Now now, ErrorCode why);
  void RegisterAgain(Instant at);
  std::vector<Outstanding>::iterator FindOutstanding(int64_t session, int64_t sequence);
  void DropAnsweredHead();

  const Duration smallest_;
  const Duration largest_;
  Random random_;
  Phase phase_ = Phase::kIdle;
  Duration back_off_;
  Instant register_at_;
  int64_t session_ = 0;
  int64_t first_session_ = 0;
  int64_t process_;
  int64_t registrations_ = 0;
  int64_t process_step_ = 1000;
  bool refused_ = false;  // by the RM, as a node that may not be in the cluster
  bool answered_in_session_ = false;
  bool interrupted_in_session_ = false;  // the RM may be another one since
  bool resync_in_vain_ = false;          // registering did not help: the back-off goes on growing
  Epoch session_epoch_;
  Epoch highest_epoch_;
  int64_t last_sequence_ = 0;
  std::vector<Outstanding> outstanding_;  // by sequence, at most two
  WallTime last_answer_;
  milliseconds rm_ahead_{0};
  Instant register_sent_;
  Instant heard_ = Instant::min();
  Instant vouched_ = Instant::min();
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_RM_CONVERSATION_H_
