#include "scheduler/placement/rights.h"

#include <algorithm>

#include "scheduler/placement/queue_names.h"

namespace weir::scheduler {

bool IsOn(const AccessList& list, const Submitter& submitter) {
  if (list.everybody) return true;
  if (std::binary_search(list.users.begin(), list.users.end(), submitter.user)) return true;
  return std::any_of(
      submitter.groups.begin(), submitter.groups.end(), [&list](const std::string& group) {
        return std::binary_search(list.groups.begin(), list.groups.end(), group);
      });
}

const QueueSettings* NearestQueue(const QueueConfiguration& configuration, std::string path) {
  if (path.size() > kQueuePathBytes) return nullptr;
  while (true) {
    const auto found = configuration.queues.find(path);
    if (found != configuration.queues.end()) return &found->second;
    const size_t dot = path.rfind('.');
    if (dot == std::string::npos) return nullptr;
    path.resize(dot);
  }
}

bool HasRight(const QueueConfiguration& configuration,
              const std::string& path,
              QueueRight right,
              const Submitter& submitter) {
  const QueueSettings* queue = NearestQueue(configuration, path);
  while (queue != nullptr) {
    if (IsOn(queue->administer, submitter)) return true;
    if (right == QueueRight::kSubmit && IsOn(queue->submit, submitter)) return true;
    const auto parent = configuration.queues.find(queue->parent);
    queue = parent == configuration.queues.end() ? nullptr : &parent->second;
  }
  return false;
}

// The first mapping of the workflow for the queue itself, else for its nearest ancestor.
std::optional<int32_t> WorkflowPriorityOf(const QueueConfiguration& configuration,
                                          const std::string& path,
                                          const std::vector<std::string>& tags) {
  constexpr std::string_view kTag = "workflowid:";  // YARN's yarn.workflow-id.tag-prefix
  const auto tag = std::find_if(tags.begin(), tags.end(), [&](const std::string& each) {
    return each.starts_with(kTag) && each.size() > kTag.size();
  });
  if (tag == tags.end()) return std::nullopt;
  const std::string_view workflow = std::string_view(*tag).substr(kTag.size());
  const auto& mappings = configuration.workflow_priorities;
  const QueueSettings* queue = NearestQueue(configuration, path);
  while (queue != nullptr) {
    const auto found = std::find_if(mappings.begin(), mappings.end(), [&](const auto& each) {
      return each.workflow == workflow && (each.queue == queue->path || each.queue == queue->name);
    });
    if (found != mappings.end()) return found->priority;
    const auto parent = configuration.queues.find(queue->parent);
    queue = parent == configuration.queues.end() ? nullptr : &parent->second;
  }
  return std::nullopt;
}

int32_t EffectivePriority(const QueueConfiguration& configuration,
                          const std::string& path,
                          const Submitter& submitter,
                          std::optional<int32_t> asked,
                          const std::vector<std::string>& tags) {
  if (!asked || configuration.workflow_priorities_override) {
    if (const auto mapped = WorkflowPriorityOf(configuration, path, tags)) asked = mapped;
  }
  int32_t bound = std::max(configuration.cluster_maximum_priority, 0);
  int32_t without_asking = 0;
  const auto found = configuration.queues.find(path);
  if (found != configuration.queues.end()) {
    const QueueSettings& queue = found->second;
    without_asking = queue.default_application_priority;
    const auto grant =
        std::find_if(queue.priority_grants.begin(),
                     queue.priority_grants.end(),
                     [&submitter](const PriorityGrant& each) { return IsOn(each.who, submitter); });
    if (grant != queue.priority_grants.end()) {
      bound = std::min(bound, grant->max_priority.value_or(bound));
      without_asking = grant->default_priority.value_or(without_asking);
    } else if (!queue.priority_grants.empty()) {
      bound = std::min(bound, queue.default_application_priority);
    }
  }
  return std::clamp(asked.value_or(without_asking), 0, std::max(bound, 0));
}

Duration EffectiveLifetime(const QueueConfiguration& configuration,
                           const std::string& path,
                           Duration asked) {
  const QueueSettings* queue = NearestQueue(configuration, path);
  Duration lifetime = std::max(asked, Duration{0});
  if (queue == nullptr) return lifetime;
  if (lifetime == Duration{0}) lifetime = std::max(queue->default_lifetime, Duration{0});
  if (queue->maximum_lifetime <= Duration{0}) return lifetime;
  if (lifetime == Duration{0}) return queue->maximum_lifetime;
  return std::min(lifetime, queue->maximum_lifetime);
}

}  // namespace weir::scheduler
