// TaskManagerTable: the registered TaskManagers, their slots, and the long poll with each of them.
//
// Terms: a *session* is one registration of a TaskManager's process; a *poll* carries its reports
// up and commands down, by the rules of Allocate: the same sequence gets the same answer, a gap or
// an unknown session gets kResync, a newer poll ends the parked one with kAborted.
//
// Invariants: used slots never exceed slots; commands to one TaskManager arrive in order, once.
// Bounded: kTaskManagersMax; an answer carries at most about kAnswerBytes. Single-threaded. Pure.
#ifndef WEIR_STREAM_JOBMANAGER_CORE_TASK_MANAGER_TABLE_H_
#define WEIR_STREAM_JOBMANAGER_CORE_TASK_MANAGER_TABLE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "stream/jobmanager/core/job_messages.h"

namespace weir::stream {

inline constexpr size_t kTaskManagersMax = 10'000;
inline constexpr int32_t kSlotsPerTaskManagerMax = 1024;

struct TaskManager {
  ContainerId container;
  HostPort data_address;
  int32_t slots = 0;
  int32_t used = 0;
  int64_t session = 0;
  bool shutting_down = false;
  Instant last_heard;

  struct ParkedPoll {
    CallId call;
    Instant deadline;
  };
  int64_t sequence = 0;  // of the last poll
  std::optional<ParkedPoll> parked;
  std::optional<PollAnswer> last_answer;  // to `sequence`; kept until the next poll confirms it
  std::deque<TaskCommand> commands;

  int32_t free_slots() const { return shutting_down ? 0 : slots - used; }
};

class TaskManagerTable {
 public:
  explicit TaskManagerTable(Duration expiry) : expiry_(expiry) {}

  // kAlreadyExists: the container is registered with other slots or address, or has been polling;
  // kInvalidArgument: slots outside 1..kSlotsPerTaskManagerMax; kResourceExhausted.
  Result<TaskManagerSession> Register(const RegisterTaskManager& event, Instant now);

  enum class PollKind {
    kNew,       // its reports are to be taken in, then FlushPolls() answers or leaves it parked
    kRepeated,  // its reports are known; answered again, or parked in place of the lost call
    kRefused,   // answered with kResync
  };
  PollKind Poll(const PollTaskManager& event, Instant now, std::vector<JobManagerAction>& actions);

  // Answers every parked poll that has commands waiting or whose time is over.
  void FlushPolls(Instant now, std::vector<JobManagerAction>& actions);
  void Abandon(const CallId& call);

  void Send(const ContainerId& container, TaskCommand command);
  // Removes it; its parked poll is answered with `reason`.
  void Remove(const ContainerId& container,
              const Error& reason,
              std::vector<JobManagerAction>& actions);

  TaskManager* Find(const ContainerId& container);
  TaskManager* FindSession(int64_t session);
  const std::map<ContainerId, TaskManager>& all() const { return managers_; }
  std::map<ContainerId, TaskManager>& all() { return managers_; }
  int32_t FreeSlots() const;
  // Those not heard for the expiry.
  std::vector<ContainerId> Expired(Instant now) const;
  Instant NextDeadline() const;
  // Counts all as heard now: nobody could be heard while this process stood still.
  void ForgiveAll(Instant now);
  Duration expiry() const { return expiry_; }

 private:
  static PollAnswer TakeCommands(TaskManager& manager);

  Duration expiry_;
  int64_t sessions_ = 0;
  std::map<ContainerId, TaskManager> managers_;
  std::map<int64_t, ContainerId> by_session_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_TASK_MANAGER_TABLE_H_
