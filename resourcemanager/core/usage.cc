// Usage: memory-seconds and vcore-seconds by application, queue and user.
//
// Each application counts what it used in each queue it was in. That is stored every minute while
// it holds containers and once when it has given back the last one; when the application's
// records are dropped, it is added to the totals of queue and user in the same batch. So the totals
// are the sums over what was dropped and what is stored, and a crash loses a minute of what ran at
// most.
#include <algorithm>
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr size_t kUsagesPerStep = 500;
constexpr size_t kTotalsKept = 100'000;
constexpr char kOtherUsers[] = "*";  // of the users beyond the bound
constexpr int64_t kMillisPerSecond = 1000;

void Add(store::UsedAmounts& sum, const store::UsedAmounts& amounts) {
  sum.memory_mib_ms += amounts.memory_mib_ms;
  sum.vcore_ms += amounts.vcore_ms;
}

}  // namespace

void ResourceManagerCore::State::Charge(Application& application) {
  const int64_t elapsed = ToMillis(now.monotonic - application.charged_until);
  if (elapsed <= 0) return;
  application.used.memory_mib_ms += application.allocated.memory_mib * elapsed;
  application.used.vcore_ms += application.allocated.vcores * elapsed;
  application.charged_until += milliseconds(elapsed);
}

store::UsedAmounts ResourceManagerCore::State::UsedInQueue(const Application& application,
                                                           Now at) const {
  const int64_t uncharged =
      std::max<int64_t>(0, ToMillis(at.monotonic - application.charged_until));
  store::UsedAmounts used = application.used;
  used.memory_mib_ms += application.allocated.memory_mib * uncharged;
  used.vcore_ms += application.allocated.vcores * uncharged;
  return used;
}

store::UsedAmounts ResourceManagerCore::State::Used(const Application& application, Now at) const {
  store::UsedAmounts used = UsedInQueue(application, at);
  for (const auto& [queue, amounts] : application.used_before) Add(used, amounts);
  return used;
}

store::ApplicationUsageRecord ResourceManagerCore::State::UsageOf(
    const Application& application) const {
  store::ApplicationUsageRecord usage{.id = application.id(), .queues = application.used_before};
  if (application.used != store::UsedAmounts{}) {
    Add(usage.queues[application.record.queue], application.used);
  }
  return usage;
}

void ResourceManagerCore::State::StoreUsage(Application& application) {
  Charge(application);
  store::ApplicationUsageRecord usage = UsageOf(application);
  if (usage.queues.empty() || usage == application.stored_usage) return;
  application.stored_usage = usage;
  Append({store::Put{std::move(usage)}});
}

void ResourceManagerCore::State::StoreUsages() {
  std::vector<store::StoreOperation> batch;
  auto it = usage_stored_to ? applications.upper_bound(*usage_stored_to) : applications.begin();
  for (size_t seen = 0; it != applications.end() && seen < kUsagesPerStep; ++it, ++seen) {
    Application& application = *it->second;
    usage_stored_to = application.id();
    if (application.held_containers == 0) continue;
    Charge(application);
    store::ApplicationUsageRecord usage = UsageOf(application);
    // Copied, not moved: what there is for an application's life stays where it is in memory.
    application.stored_usage = usage;
    batch.push_back(store::Put{std::move(usage)});
  }
  if (!batch.empty()) Append(std::move(batch));
  if (it != applications.end()) return;  // the deadline stays due: on in the next step
  usage_stored_to.reset();
  usage_deadline = containers.size() > 0 ? now.monotonic + options.usage_interval : kNever;
}

void ResourceManagerCore::State::ForgetUsage(const Application& application,
                                             std::vector<store::StoreOperation>& batch) {
  const store::ApplicationUsageRecord usage = UsageOf(application);
  for (const auto& [queue, amounts] : usage.queues) {
    std::pair<std::string, std::string> key{queue, application.record.user};
    if (!forgotten_usage.contains(key) && forgotten_usage.size() >= kTotalsKept) {
      key.second = kOtherUsers;
    }
    store::UsedAmounts& total = forgotten_usage[key];
    Add(total, amounts);
    batch.push_back(
        store::Put{store::QueueUsageRecord{.queue = key.first, .user = key.second, .used = total}});
  }
  if (!usage.queues.empty()) {
    batch.push_back(store::Delete{store::ApplicationUsageKey(application.id())});
  }
}

void ResourceManagerCore::State::LoadUsage(Application& application,
                                           const store::ApplicationUsageRecord& record) {
  application.stored_usage = record;
  application.used_before = record.queues;
  if (const auto now_in = application.used_before.extract(application.record.queue);
      !now_in.empty()) {
    application.used = now_in.mapped();
  }
}

void ResourceManagerCore::State::AddUsage(std::vector<QueueReport>& reports, Now at) const {
  std::map<std::string, std::map<std::string, store::UsedAmounts>> used;  // queue -> user
  for (const auto& [key, amounts] : forgotten_usage) Add(used[key.first][key.second], amounts);
  for (const auto& [id, application] : applications) {
    if (application->usage_forgotten) continue;
    const std::string& user = application->record.user;
    Add(used[application->record.queue][user], UsedInQueue(*application, at));
    for (const auto& [queue, amounts] : application->used_before) Add(used[queue][user], amounts);
  }
  std::map<std::string, QueueReport*> by_path;
  for (QueueReport& report : reports) by_path.emplace(report.path, &report);
  for (const auto& [queue, users] : used) {
    store::UsedAmounts sum;
    for (const auto& [user, amounts] : users) Add(sum, amounts);
    // A queue counts for its ancestors, also when it is gone itself.
    for (std::string path = queue; !path.empty();
         path.resize(path.rfind('.') == std::string::npos ? 0 : path.rfind('.'))) {
      const auto found = by_path.find(path);
      if (found == by_path.end()) continue;
      found->second->memory_seconds += sum.memory_mib_ms / kMillisPerSecond;
      found->second->vcore_seconds += sum.vcore_ms / kMillisPerSecond;
    }
    const auto leaf = by_path.find(queue);
    if (leaf == by_path.end() || !leaf->second->leaf) continue;
    std::map<std::string, QueueUserReport> of_users;
    for (QueueUserReport& user : leaf->second->users) of_users.emplace(user.name, std::move(user));
    for (const auto& [name, amounts] : users) {
      QueueUserReport& user = of_users[name];
      user.name = name;
      user.memory_seconds = amounts.memory_mib_ms / kMillisPerSecond;
      user.vcore_seconds = amounts.vcore_ms / kMillisPerSecond;
    }
    leaf->second->users.clear();
    for (auto& [name, user] : of_users) leaf->second->users.push_back(std::move(user));
  }
}

}  // namespace weir::rm
