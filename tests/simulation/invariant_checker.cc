#include "tests/simulation/invariant_checker.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace weir::simulation {

void InvariantChecker::Fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

void InvariantChecker::Acknowledged(const std::string& key, const ApplicationId& id) {
  const auto [known, inserted] = acknowledged_.emplace(key, id);
  if (!inserted && known->second != id) {
    Fail("idempotency key " + key + " got " + known->second.ToString() + " and " + id.ToString());
  }
  const std::optional<store::Record> record = store_.Find(store::ApplicationKey(id));
  if (!record || std::get<store::ApplicationRecord>(*record).idempotency_key != key) {
    Fail(id.ToString() + " is acknowledged before its record is durable");
  }
}

void InvariantChecker::Reported(const ApplicationReport& report) {
  const Outcome outcome{report.state, report.final_status};
  const auto ended = ends_.find(report.id);
  if (ended != ends_.end() && !(ended->second == outcome)) {
    Fail(report.id.ToString() + " was reported as " +
         std::string(ApplicationStateName(ended->second.state)) + ", then as " +
         std::string(ApplicationStateName(report.state)));
  }
  if (!IsTerminal(report.state) || ended != ends_.end()) return;
  ends_.emplace(report.id, outcome);
  const std::optional<store::Record> stored = store_.Find(store::ApplicationKey(report.id));
  const auto* record = stored ? std::get_if<store::ApplicationRecord>(&*stored) : nullptr;
  if (record == nullptr || record->state != report.state ||
      record->final_status != report.final_status) {
    Fail(report.id.ToString() + " is reported as " +
         std::string(ApplicationStateName(report.state)) + " before that is durable");
  }
}

void InvariantChecker::Accepted(const AttemptId& attempt) {
  int32_t& latest = accepted_[attempt.application];
  if (attempt.number < latest) {
    Fail(attempt.ToString() + " is accepted after attempt " + std::to_string(latest));
  }
  latest = attempt.number;
  if (const auto ended = ends_.find(attempt.application); ended != ends_.end()) {
    Fail(attempt.ToString() + " is accepted although its application has ended");
  }
}

void InvariantChecker::StartTold(const StartContainerCommand& command) {
  const AttemptId& attempt = command.token.id.attempt;
  const std::optional<store::Record> stored = store_.Find(store::AttemptKey(attempt));
  if (!stored || std::get<store::AttemptRecord>(*stored).am_container != command.token.id) {
    Fail(command.token.id.ToString() + " is to be started before its attempt's record is durable");
  }
}

void InvariantChecker::Launched(const ContainerId& container, int64_t retry) {
  if (!launched_.emplace(container, retry).second)
    Fail(container.ToString() + " is launched twice");
  if (completed_.contains(container)) {
    Fail(container.ToString() + " is launched after its completion was recorded");
  }
}

void InvariantChecker::CompletionRecorded(const ContainerId& container) {
  completed_.insert(container);
}

void InvariantChecker::Registered(Epoch epoch, const AttemptId& attempt) {
  told_ends_.erase({epoch, attempt});
}

void InvariantChecker::Released(Epoch epoch,
                                const AttemptId& attempt,
                                const std::vector<ContainerId>& containers) {
  const auto told = told_ends_.find({epoch, attempt});
  if (told == told_ends_.end()) return;
  for (const ContainerId& id : containers) told->second.erase(id);
}

void InvariantChecker::Polled(const AttemptId& attempt, const AllocateAnswer& answer) {
  std::map<ContainerId, int64_t>& told = told_ends_[{answer.epoch, attempt}];
  for (const ContainerStatus& status : answer.completed) {
    const std::string name = status.id.ToString();
    const int64_t told_in = told.emplace(status.id, answer.sequence).first->second;
    if (told_in != answer.sequence) Fail("the end of " + name + " is told twice");
    if (status.exit_code != exit_code::kSuccess && status.diagnostics.empty()) {
      Fail("the end of " + name + ", " + std::to_string(status.exit_code) + ", has no cause");
    }
  }
}

void InvariantChecker::NodeExpired(Instant when, size_t nodes) {
  constexpr size_t kPercent = 100;
  constexpr size_t kLimitPercent = 10;  // the default
  std::erase_if(expired_, [when](Instant one) { return one + seconds(60) <= when; });
  expired_.push_back(when);
  if (expired_.size() > std::max<size_t>(1, nodes * kLimitPercent / kPercent)) {
    Fail(std::to_string(expired_.size()) + " of " + std::to_string(nodes) +
         " nodes were given up within a minute");
  }
}

void InvariantChecker::ResourceManagerBegan() {
  expired_.clear();
  for (const auto& [id, used] : used_) {
    Resource& most = used_earlier_[id];
    most.memory_mib = std::max(most.memory_mib, used.memory_mib);
    most.vcores = std::max(most.vcores, used.vcores);
  }
}

void InvariantChecker::AfterResourceManagerStep(const rm::ResourceManagerCore& core,
                                                Now now,
                                                bool newest) {
  if (const std::string fault = core.CheckInvariants(); !fault.empty()) Fail("RM: " + fault);
  if (!store_.fault().empty()) Fail("store: " + store_.fault());
  if (!newest) return;
  for (const auto& [key, id] : acknowledged_) {
    const std::optional<ApplicationReport> report = core.Report(id, now);
    if (!report) {
      Fail(id.ToString() + " was acknowledged and is lost");
    } else {
      Reported(*report);
    }
  }
  for (const NodeReport& node : core.Nodes()) {
    const bool goes = node.state == NodeState::kDecommissioning;
    // What an earlier ResourceManager gave is taken over as it is.
    const bool taken_over = node.used.FitsIn(used_earlier_[node.id]);
    if (goes && going_.contains(node.id) && !node.used.FitsIn(used_[node.id]) && !taken_over) {
      Fail("node " + node.name + " is to go, and got something new");
    }
    if (goes) {
      going_.insert(node.id);
    } else {
      going_.erase(node.id);
    }
    // What was given before the node offered less may stay; nothing is given on top of it.
    const Resource before = std::exchange(used_[node.id], node.used);
    if (!node.used.FitsIn(node.capacity) && !node.used.FitsIn(before) && !taken_over) {
      Fail("node " + node.name + " has " + node.capacity.ToString() + ", and " +
           node.used.ToString() + " of it are taken");
    }
  }
}

}  // namespace weir::simulation
