// Queues, labels and the administration of applications in them.
#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

Error OneQueueOnly() {
  return {ErrorCode::kFailedPrecondition,
          "this ResourceManager schedules one queue in the order of submission",
          "queues can be administered with the capacity scheduler"};
}

}  // namespace

void ResourceManagerCore::State::On(const MoveApplication& event) {
  Answer(event.call, OneQueueOnly());
}
void ResourceManagerCore::State::On(const UpdatePriority& event) {
  Answer(event.call, OneQueueOnly());
}
void ResourceManagerCore::State::On(const UpdateLifetime& event) {
  Answer(event.call, OneQueueOnly());
}
void ResourceManagerCore::State::On(const ReconfigureQueues& event) {
  Answer(event.call, OneQueueOnly());
}
void ResourceManagerCore::State::On(const RollbackQueues& event) {
  Answer(event.call, OneQueueOnly());
}
void ResourceManagerCore::State::On(const AddLabels& event) {
  Answer(event.call, OneQueueOnly());
}
void ResourceManagerCore::State::On(const RemoveLabels& event) {
  Answer(event.call, OneQueueOnly());
}
void ResourceManagerCore::State::On(const ReplaceLabelsOnNodes& event) {
  Answer(event.call, OneQueueOnly());
}
void ResourceManagerCore::State::On(const UpdateNodeResource& event) {
  Answer(event.call, OneQueueOnly());
}

Result<Explanation> ResourceManagerCore::Explain(const ApplicationId&, Now) const {
  return OneQueueOnly();
}

std::vector<QueueReport> ResourceManagerCore::Queues(Now) const {
  std::vector<QueueReport> reports;
  for (const auto& queue : state_->sched->queues()) {
    QueueReport report;
    report.path = queue.path;
    report.containers = queue.containers;
    report.active_applications = queue.applications;
    report.partitions.emplace_back();
    report.partitions.back().used = queue.used;
    report.partitions.back().pending = queue.pending;
    reports.push_back(std::move(report));
  }
  return reports;
}

QueuePlan ResourceManagerCore::PlanQueues(const QueueProperties&, Now) const {
  QueuePlan plan;
  plan.faults.push_back(OneQueueOnly().message);
  return plan;
}

std::vector<QueueConfigurationVersion> ResourceManagerCore::QueueHistory() const {
  return {};
}

bool ResourceManagerCore::LocalQueuesDiffer() const {
  return false;
}

Result<QueueProperties> ResourceManagerCore::QueuePropertiesOf(int64_t) const {
  return OneQueueOnly();
}

std::vector<ResourceManagerCore::QueueRights> ResourceManagerCore::RightsOf(
    const std::string&, const std::vector<std::string>&) const {
  return {};
}

std::vector<ResourceManagerCore::LabelReport> ResourceManagerCore::Labels() const {
  return {};
}

}  // namespace weir::rm
