#include "scheduler/config/configuration_change.h"

#include <map>
#include <utility>

#include "scheduler/config/capacity_text.h"
#include "scheduler/config/configuration_text.h"

namespace weir::scheduler {
namespace {

constexpr std::string_view kRemoveRule =
    "a queue is STOPPED and has no applications when it is removed";
constexpr std::string_view kMoveRule =
    "a queue stays where it is; stop it, let its applications end or move them, and name it anew";
constexpr std::string_view kParentRule =
    "a leaf is STOPPED and has no applications when it becomes a parent";
constexpr std::string_view kManagedRule =
    "auto-create-child-queue.enabled of a parent stays as it is; remove the queue first";

class ChangeCheck {
 public:
  ChangeCheck(const QueueConfiguration& from,
              const QueueConfiguration& to,
              const std::function<bool(const std::string&)>& has_applications)
      : from_(from), to_(to), has_applications_(has_applications) {
    for (const auto& [path, queue] : to.queues) {
      if (from.Find(path) == nullptr) new_places_.emplace(queue.name, path);
    }
  }

  std::vector<ConfigFault> Run() {
    for (const auto& [path, old] : from_.queues) {
      const QueueSettings* const now = to_.Find(path);
      if (now == nullptr) {
        CheckRemoval(old);
      } else {
        CheckKind(old, *now);
      }
    }
    return std::move(faults_);
  }

 private:
  void Fault(const QueueSettings& queue, std::string_view rule, std::string message) {
    const QueueSettings* place = to_.Find(queue.path);
    for (std::string path = queue.path; place == nullptr && path.rfind('.') != std::string::npos;) {
      path.resize(path.rfind('.'));
      place = to_.Find(path);
    }
    faults_.push_back({.file = place == nullptr ? "" : place->file,
                       .line = place == nullptr ? 0 : place->line,
                       .queue = queue.path,
                       .rule = std::string(rule),
                       .message = std::move(message)});
  }

  // Why the queue cannot go or change now; "" when it can.
  std::string Busy(const QueueSettings& queue) const {
    if (!queue.dynamic && queue.state != QueueState::kStopped) return "it is RUNNING";
    if (queue.leaf && has_applications_(queue.path)) return "it still has applications";
    return "";
  }

  void CheckRemoval(const QueueSettings& old) {
    const std::string busy = Busy(old);
    if (busy.empty()) return;
    const auto place = new_places_.find(old.name);
    if (old.leaf && !old.dynamic && place != new_places_.end()) {
      return Fault(old, kMoveRule, "it would move to " + place->second + ", but " + busy);
    }
    Fault(old,
          old.dynamic ? "a queue that was made automatically has no applications when the "
                        "configuration has no place for it any more"
                      : kRemoveRule,
          "it would be removed, but " + busy);
  }

  void CheckKind(const QueueSettings& old, const QueueSettings& now) {
    if (old.leaf && !now.leaf) {
      const std::string busy = Busy(old);
      if (!busy.empty()) Fault(old, kParentRule, "it would become a parent, but " + busy);
      return;
    }
    if (old.leaf) return;
    const bool was_managed = old.auto_creation.managed;
    if (was_managed == now.auto_creation.managed) return;
    Fault(old,
          kManagedRule,
          was_managed ? "it would not be a managed parent any more"
                      : "it would become a managed parent");
  }

  const QueueConfiguration& from_;
  const QueueConfiguration& to_;
  const std::function<bool(const std::string&)>& has_applications_;
  std::map<std::string, std::string> new_places_;  // name -> path, of queues that come
  std::vector<ConfigFault> faults_;
};

// Where one has no entry, its text is "".
void DiffTexts(const std::string& path,
               const std::map<std::string, std::string>& before,
               const std::map<std::string, std::string>& after,
               std::vector<QueueChange>& changes) {
  for (const auto& [what, value] : before) {
    const auto now = after.find(what);
    const std::string& text = now == after.end() ? "" : now->second;
    if (text != value) changes.push_back({path, what, value, text});
  }
  for (const auto& [what, value] : after) {
    if (!before.contains(what)) changes.push_back({path, what, "", value});
  }
}

std::string CapacityOf(const QueueSettings& queue, const std::vector<std::string>& type_names) {
  return FormatCapacity(queue.partitions.at("").capacity, type_names);
}

}  // namespace

std::vector<ConfigFault> CheckChange(
    const QueueConfiguration& from,
    const QueueConfiguration& to,
    const std::function<bool(const std::string& path)>& has_applications) {
  return ChangeCheck(from, to, has_applications).Run();
}

std::vector<QueueChange> DiffConfigurations(const QueueConfiguration& from,
                                            const QueueConfiguration& to) {
  std::vector<QueueChange> changes;
  DiffTexts("", GlobalProperties(from), GlobalProperties(to), changes);
  for (const auto& [path, old] : from.queues) {
    const QueueSettings* const now = to.Find(path);
    if (now == nullptr) {
      changes.push_back({path, "removed", CapacityOf(old, from.type_names), ""});
    } else if (*now != old) {
      DiffTexts(path,
                QueueProperties(old, from.type_names),
                QueueProperties(*now, to.type_names),
                changes);
    }
  }
  for (const auto& [path, now] : to.queues) {
    if (from.Find(path) == nullptr) {
      changes.push_back({path, "added", "", CapacityOf(now, to.type_names)});
    }
  }
  return changes;
}

}  // namespace weir::scheduler
