// What the ResourceManager core wants done, as values, in order.
//
// Durable before visible: `after_record` is the sequence of the Append that an action depends on;
// the shell holds the action back until that record is committed (0 = at once). Actions of one call
// to Step keep their order among those with the same dependence. When the store fails, the shell
// drops what it still holds back, and the core answers those calls again (kUnavailable). Immutable
// values.
#ifndef WEIR_RESOURCEMANAGER_CORE_ACTIONS_H_
#define WEIR_RESOURCEMANAGER_CORE_ACTIONS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/application.h"
#include "common/master_messages.h"
#include "common/node_messages.h"
#include "common/queue.h"
#include "common/result.h"
#include "resourcemanager/core/events.h"
#include "state-store/records.h"

namespace weir::rm {

struct NoContent {};

// A text that several actions have in common; made once, copied for nothing.
class SharedText {
 public:
  SharedText() = default;
  explicit SharedText(std::string text)
      : text_(std::make_shared<const std::string>(std::move(text))) {}
  bool empty() const { return text_ == nullptr || text_->empty(); }
  std::string ToString() const { return text_ == nullptr ? std::string() : *text_; }

 private:
  std::shared_ptr<const std::string> text_;
};

// What an action is about. Its text is made when somebody reads it.
class Subject {
 public:
  Subject(const ApplicationId& id) : value_(id) {}       // NOLINT: implicit by design
  Subject(const AttemptId& id) : value_(id) {}           // NOLINT: implicit by design
  Subject(const ContainerId& id) : value_(id) {}         // NOLINT: implicit by design
  Subject(SharedText text) : value_(std::move(text)) {}  // NOLINT: implicit by design
  std::string ToString() const {
    return std::visit([](const auto& value) { return value.ToString(); }, value_);
  }

 private:
  std::variant<ApplicationId, AttemptId, ContainerId, SharedText> value_;
};

// The answer to one call.
struct Reply {
  CallId call;
  std::variant<Error,
               NoContent,
               ApplicationId,              // SubmitApplication
               ApplicationReport,          // Kill-, Watch-, MoveApplication, Update...
               ContainerReport,            // ResizeContainer, SignalContainer
               QueueConfigurationVersion,  // ReconfigureQueues, RollbackQueues
               RegisterNodeAnswer,
               NodeHeartbeatAnswer,
               RegisterMasterAnswer,
               AllocateAnswer>
      answer;
};

// Sequences are 1, 2, 3... without gaps; a batch is applied as a whole.
struct Append {
  uint64_t sequence = 0;
  std::vector<store::StoreOperation> batch;
};

// The application is over and durable: its staged files may go.
struct ForgetStagedFiles {
  ApplicationId application;
  std::vector<std::string> sha256;
};

// For the log, the metrics and the audit: one per state change.
struct Transitioned {
  std::string_view machine;  // "application", "attempt", "container", "node"
  Subject subject;
  std::string_view from;
  std::string_view event;
  std::string_view to;
  SharedText detail;  // "" or key=value words
};

// For the log and the audit: what an administrator did, or what recovery found.
struct Noted {
  std::string_view component;  // "queues", "labels", "nodes"
  std::string subject;         // the queue, label or node; "-" when it is all of them
  std::string message;
  bool warning = false;
};

// A (state, event) pair that the tables call invalid: a fault of ours or of a peer, to be logged.
struct InvalidEvent {
  std::string_view machine;
  Subject subject;
  std::string_view state;
  std::string_view event;
};

// The store, and perhaps all other ResourceManagers, are to be asked whether this one still leads.
// Each answers with a StoreSaid or OtherSaid of this round, or not at all.
struct ConfirmLeadership {
  uint64_t round = 0;
  bool ask_others = false;
};

// The core is inert: the process must stop being active at once.
struct StepDown {
  Error error;
};

struct Action {
  uint64_t after_record = 0;
  std::variant<Reply,
               Append,
               ForgetStagedFiles,
               Transitioned,
               Noted,
               InvalidEvent,
               ConfirmLeadership,
               StepDown>
      body;
};
using Actions = std::vector<Action>;

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_ACTIONS_H_
