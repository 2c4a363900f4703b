// A NodeManagerCore with its time in a test's hand: steps it, checks its invariants after every
// step, and keeps what it wanted done. Single-threaded.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_CORE_DRIVER_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_CORE_DRIVER_H_

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nodemanager/core/node_manager_core.h"

namespace weir::nm {

inline constexpr int64_t kClusterTimestamp = 1'700'000'000'000;
inline const AttemptId kAttempt{{kClusterTimestamp, 1}, 1};
inline const NodeId kNode{"node-1"};

inline ContainerId IdOf(int64_t sequence, int64_t epoch = 3) {
  return ContainerId::Make(kAttempt, Epoch{epoch}, sequence);
}

inline CoreOptions SmallNode() {
  CoreOptions options;
  options.id = kNode;
  options.address = {"127.0.0.1", 45454};
  options.http_address = "127.0.0.1:8042";
  options.capacity = {4096, 4};
  return options;
}

inline LaunchContext SleepForEver() {
  LaunchContext launch;
  launch.command = {"/bin/sleep", "1000000"};
  return launch;
}

// Answers of the RM with one thing in them.
inline NodeHeartbeatAnswer Recorded(std::vector<ContainerId> ids) {
  NodeHeartbeatAnswer answer;
  answer.completions_recorded = std::move(ids);
  return answer;
}
inline NodeHeartbeatAnswer StopCommand(ContainerId id,
                                       StopReason reason = StopReason::kKilledByResourceManager) {
  NodeHeartbeatAnswer answer;
  answer.stop.push_back({id, reason});
  return answer;
}
inline NodeHeartbeatAnswer StartCommands(const std::vector<ContainerTokenIdentifier>& tokens) {
  NodeHeartbeatAnswer answer;
  for (const auto& token : tokens) answer.start.push_back({token, SleepForEver()});
  return answer;
}
inline NodeHeartbeatAnswer ApplicationFinished() {
  NodeHeartbeatAnswer answer;
  answer.applications_finished.push_back(kAttempt.application);
  return answer;
}
inline NodeHeartbeatAnswer Under(int64_t epoch, NodeHeartbeatAnswer answer = {}) {
  answer.epoch = Epoch{epoch};
  return answer;
}

class CoreDriver {
 public:
  explicit CoreDriver(const CoreOptions& options = SmallNode(), const Recovery& recovery = {})
      : core(options, recovery, now()) {
    Keep(core.Start(now()));
  }

  Now now() const { return {Instant(elapsed_), WallFromMillis(kClusterTimestamp) + Wall()}; }
  void Step(const Event& event) { Keep(core.Step(event, now())); }
  void Advance(Duration by) {
    elapsed_ += by;
    if (core.NextDeadline() <= now().monotonic) Step(DeadlineReached{});
  }

  // The session of `epoch`; takes the SendRegister and the first heartbeat with it.
  void Register(int64_t epoch = 3) {
    ++session;
    Step(Registered{{Epoch{epoch}, session, seconds(30)}});
    ASSERT_TRUE(Take<SendRegister>());
    const auto heartbeat = Take<SendHeartbeat>();
    ASSERT_TRUE(heartbeat);
    EXPECT_EQ(heartbeat->request.sequence, 1);
    sequence = 1;
  }
  // Answers the newest heartbeat; what follows is kept.
  void Answer(NodeHeartbeatAnswer answer = {}) {
    if (answer.epoch.value == 0) answer.epoch = core.epoch();
    answer.sequence = sequence;
    Step(HeartbeatAnswered{session, sequence++, std::move(answer)});
  }
  ContainerTokenIdentifier Token(int64_t number, Resource resource = {1024, 1}) const {
    return {.id = IdOf(number),
            .node = kNode,
            .resource = resource,
            .user = "ann",
            .expires = now().wall + seconds(600),
            .epoch = Epoch{3},
            .node_session = session};
  }
  // An AM's start of container `number`; its Reply.
  Reply Start(int64_t number, Resource resource = {1024, 1}) {
    const CallId call = NextCall();
    Step(StartContainer{call, kAttempt, Token(number, resource), SleepForEver()});
    return ReplyTo(call);
  }
  Reply Stop(int64_t number) {
    const CallId call = NextCall();
    Step(StopContainer{call, kAttempt, IdOf(number)});
    return ReplyTo(call);
  }
  // From the start to RUNNING, as the executor would do it.
  void Run(int64_t number) {
    EXPECT_TRUE(std::holds_alternative<NoContent>(Start(number).answer));
    EXPECT_TRUE(Take<Localize>());
    Step(LocalizationDone{IdOf(number)});
    EXPECT_TRUE(Take<Launch>());
    Step(Launched{IdOf(number)});
  }
  void End(int64_t number, ExitOutcome outcome = {}) {
    Step(Exited{IdOf(number), std::move(outcome)});
    Step(Drained{IdOf(number)});
  }

  CallId NextCall() { return {++last_call_}; }
  Reply ReplyTo(CallId call) {
    const auto reply = Take<Reply>([&](const Reply& r) { return r.call == call; });
    EXPECT_TRUE(reply) << "call " << call.value << " was not answered";
    return reply.value_or(Reply{});
  }
  // The oldest kept action of the type (for which `wanted` holds), removed.
  template <typename A>
  std::optional<A> Take() {
    return Take<A>([](const A&) { return true; });
  }
  template <typename A, typename Wanted>
  std::optional<A> Take(Wanted wanted) {
    for (auto it = kept.begin(); it != kept.end(); ++it) {
      const A* action = std::get_if<A>(&*it);
      if (action == nullptr || !wanted(*action)) continue;
      A taken = *action;
      kept.erase(it);
      return taken;
    }
    return std::nullopt;
  }
  State StateOf(int64_t number) const {
    const auto view = core.Find(IdOf(number));
    return view ? view->state : State::kDone;
  }
  ContainerStatus StatusOf(int64_t number) const {
    const auto view = core.Find(IdOf(number));
    return view ? view->status : ContainerStatus{};
  }

  // What the next NodeManager would find of the records.
  Recovery Records() const {
    Recovery recovery;
    for (const auto& [key, record] : records) {
      if (const auto* container = std::get_if<ContainerRecord>(&record)) {
        recovery.containers.push_back({.record = *container});
        const auto held = records.find(IndicesKey(container->token.id));
        if (held != records.end()) {
          recovery.containers.back().indices = std::get<IndicesRecord>(held->second).indices;
        }
        const auto launch = records.find(LaunchKey(container->token.id));
        if (launch == records.end()) continue;
        recovery.containers.back().launch = std::get<LaunchRecord>(launch->second).launch;
      }
      if (const auto* conversation = std::get_if<ConversationRecord>(&record)) {
        recovery.conversation = *conversation;
      }
    }
    return recovery;
  }
  // Of the newest record of the key; 0 when there is none.
  int64_t SequenceOf(const std::string& key) const {
    const auto it = sequences_.find(key);
    return it == sequences_.end() ? 0 : it->second;
  }
  bool HasReply(CallId call) const {
    for (const Action& action : kept) {
      const auto* reply = std::get_if<Reply>(&action);
      if (reply != nullptr && reply->call == call) return true;
    }
    return false;
  }
  // Says so of all that is not yet.
  void KeepRecords() {
    const int64_t newest = unkept_;
    if (newest > 0) Step(RecordsKept{newest});
  }

 private:
  Duration elapsed_ = seconds(1);  // the core is made at this time: so it comes first

 public:
  NodeManagerCore core;
  Actions kept;
  std::map<std::string, NodeRecord> records;  // by key
  bool keep_at_once = true;                   // records; else KeepRecords does
  int64_t session = 0;
  int64_t sequence = 0;  // of the newest heartbeat
  bool expect_valid = true;

 private:
  milliseconds Wall() const { return std::chrono::duration_cast<milliseconds>(elapsed_); }
  void Keep(Actions actions) {
    for (Action& action : actions) {
      if (const auto* invalid = std::get_if<InvalidEvent>(&action); invalid && expect_valid) {
        ADD_FAILURE() << invalid->event << " in " << invalid->state;
      }
      if (auto* keep = std::get_if<KeepRecord>(&action)) {
        unkept_ = keep->sequence;
        const std::string key = KeyOf(keep->record);
        const auto bytes = Encode(keep->record);
        EXPECT_TRUE(bytes.ok());
        EXPECT_EQ(Decode(key, *bytes).value(), keep->record);
        records[key] = std::move(keep->record);
        sequences_[key] = keep->sequence;
      } else if (const auto* drop = std::get_if<DropRecord>(&action)) {
        unkept_ = drop->sequence;
        records.erase(drop->key);
      } else {
        kept.push_back(std::move(action));
      }
    }
    if (keep_at_once && unkept_ > 0) Step(RecordsKept{std::exchange(unkept_, 0)});
    EXPECT_EQ(core.CheckInvariants(), "");
  }

  int64_t unkept_ = 0;
  std::map<std::string, int64_t> sequences_;
  uint64_t last_call_ = 0;
};

inline bool IsError(const Reply& reply, ErrorCode code) {
  const Error* error = std::get_if<Error>(&reply.answer);
  return error != nullptr && error->code == code;
}

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_CORE_DRIVER_H_
