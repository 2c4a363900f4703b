// Recomputes every sum of the tree from its parts.
#include <string>

#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {
namespace {

std::string Text(const Amounts& amounts) {
  std::string text;
  for (int i = 0; i < amounts.types(); ++i) {
    text += (i == 0 ? "<" : ", ") + std::to_string(amounts[i]);
  }
  return text + ">";
}

std::string Difference(const std::string& where,
                       const char* what,
                       const Amounts& held,
                       const Amounts& sum) {
  if (held == sum) return "";
  return where + ": " + what + " is " + Text(held) + ", its parts are " + Text(sum);
}

std::string Difference(const std::string& where, const char* what, int64_t held, int64_t sum) {
  if (held == sum) return "";
  return where + ": " + what + " is " + std::to_string(held) + ", its parts are " +
         std::to_string(sum);
}

// The first that is not empty.
std::string First(std::initializer_list<std::string> findings) {
  for (const std::string& finding : findings) {
    if (!finding.empty()) return finding;
  }
  return "";
}

}  // namespace

std::string QueueTree::CheckLeafShare(QueueSlot leaf, PartitionSlot partition) const {
  const size_t index = Index(partition);
  const Queue& queue = queues_[Index(leaf)];
  const QueueShare& share = queue.shares[index];
  const ShareDetails& sums = details_[Index(leaf)].shares[index];
  Amounts used;
  Amounts reserved;
  Amounts am_used;
  Amounts by_active;
  Share ratios = 0;
  for (const UserSlot slot : details_[Index(leaf)].users) {
    const QueueUser& user = users_[Index(slot)];
    const UserShare& of_user = user.shares[index];
    used += of_user.used;
    reserved += of_user.reserved;
    am_used += of_user.am_used;
    ratios += partitions_[index].scale.Of(of_user.used);
    if (user.asking > 0) by_active += of_user.used;
    if (!of_user.reserved.FitsIn(of_user.used)) return user.name + " reserves more than it uses";
  }
  return First({Difference(queue.path, "used", share.used, used),
                Difference(queue.path, "reserved", share.reserved, reserved),
                Difference(queue.path, "used by masters", share.am_used, am_used),
                Difference(queue.path, "used by active users", sums.used_by_active, by_active),
                Difference(queue.path, "sum of usage ratios", sums.usage_ratios, ratios)});
}

std::string QueueTree::CheckLeaf(QueueSlot leaf) const {
  const Queue& queue = queues_[Index(leaf)];
  const QueueDetails& details = details_[Index(leaf)];
  int64_t applications = 0;
  int64_t activated = 0;
  int64_t all_weight = 0;
  int64_t active_weight = 0;
  int64_t asking = 0;
  int64_t waiting = 0;
  for (const UserSlot slot : details.users) {
    const QueueUser& user = users_[Index(slot)];
    if (!user.live || user.leaf != leaf) return queue.path + " lists a user that is not its own";
    applications += user.applications;
    activated += user.activated;
    all_weight += user.weight;
    if (user.asking > 0) active_weight += user.weight;
    asking += user.asking > 0 ? 1 : 0;
    waiting += user.applications > 0 && user.activated == 0 ? 1 : 0;
  }
  for (size_t i = 0; i < partitions_.size(); ++i) {
    std::string finding = CheckLeafShare(leaf, PartitionSlot{static_cast<int32_t>(i)});
    if (!finding.empty()) return finding;
  }
  return First({Difference(queue.path, "applications", queue.applications, applications),
                Difference(queue.path, "activated", queue.activated, activated),
                Difference(queue.path, "weight of all users", details.all_weight, all_weight),
                Difference(queue.path, "active weight", details.active_weight, active_weight),
                Difference(queue.path, "asking users", details.asking_users, asking),
                Difference(queue.path, "waiting users", details.waiting_users, waiting)});
}

std::string QueueTree::CheckParent(QueueSlot parent) const {
  const Queue& queue = queues_[Index(parent)];
  int64_t applications = 0;
  int64_t activated = 0;
  for (const QueueSlot child : queue.children) {
    applications += queues_[Index(child)].applications;
    activated += queues_[Index(child)].activated;
  }
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const QueueShare& share = queue.shares[i];
    QueueShare sum;
    for (const QueueSlot child : queue.children) {
      const QueueShare& of_child = queues_[Index(child)].shares[i];
      sum.used += of_child.used;
      sum.reserved += of_child.reserved;
      sum.pending += of_child.pending;
      sum.am_used += of_child.am_used;
      sum.containers += of_child.containers;
      sum.pending_containers += of_child.pending_containers;
    }
    std::string finding = First(
        {Difference(queue.path, "used", share.used, sum.used),
         Difference(queue.path, "reserved", share.reserved, sum.reserved),
         Difference(queue.path, "pending", share.pending, sum.pending),
         Difference(queue.path, "used by masters", share.am_used, sum.am_used),
         Difference(queue.path, "containers", share.containers, sum.containers),
         Difference(
             queue.path, "pending containers", share.pending_containers, sum.pending_containers)});
    if (!finding.empty()) return finding;
  }
  return First({Difference(queue.path, "applications", queue.applications, applications),
                Difference(queue.path, "activated", queue.activated, activated)});
}

std::string QueueTree::CheckRunningCounts() const {
  std::map<std::string, int32_t> running;
  for (const QueueUser& user : users_) {
    if (user.live && user.activated > 0) running[user.name] += user.activated;
  }
  return running == running_of_user_ ? "" : "the activated applications of a user do not add up";
}

std::string QueueTree::CheckInvariants() const {
  for (const QueueSlot slot : order_) {
    const Queue& queue = queues_[Index(slot)];
    std::string finding = queue.children.empty() ? CheckLeaf(slot) : CheckParent(slot);
    if (!finding.empty()) return finding;
    for (size_t i = 0; i < partitions_.size(); ++i) {
      const QueueShare& share = queue.shares[i];
      finding = First(
          {Difference(
               queue.path, "used share", share.absolute_used, partitions_[i].scale.Of(share.used)),
           Difference(queue.path,
                      "used capacity",
                      share.used_capacity,
                      details_[Index(slot)].shares[i].relative.Of(share.used))});
      if (!finding.empty()) return finding;
    }
  }
  return CheckRunningCounts();
}

}  // namespace weir::scheduler
