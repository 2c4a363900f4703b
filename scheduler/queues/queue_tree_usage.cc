// Applications, users and usage: everything that changes a sum.
#include <algorithm>
#include <utility>

#include "common/check.h"
#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {

QueueUser& QueueTree::LiveUser(UserSlot slot) {
  return const_cast<QueueUser&>(std::as_const(*this).LiveUser(slot));
}

const QueueUser& QueueTree::LiveUser(UserSlot slot) const {
  WEIR_CHECK(slot.value >= 0 && Index(slot) < users_.size() && users_[Index(slot)].live,
             "the user slot is not live");
  return users_[Index(slot)];
}

// Adds the user to the sums of its leaf (sign 1), or takes it out (-1): around every change of its
// counts.
void QueueTree::CountUser(const QueueUser& user, int32_t sign) {
  QueueDetails& leaf = details_[Index(user.leaf)];
  leaf.all_weight += sign * user.weight;
  if (user.asking > 0) {
    leaf.active_weight += sign * user.weight;
    leaf.asking_users += sign;
  }
  if (user.applications > 0 && user.activated == 0) leaf.waiting_users += sign;
}

void QueueTree::BumpPath(const QueueDetails& leaf) {
  for (const QueueSlot slot : leaf.path) ++queues_[Index(slot)].version;
}

std::optional<UserSlot> QueueTree::FindUser(QueueSlot leaf, const std::string& user) const {
  const std::vector<UserSlot>& users = details_[Index(leaf)].users;
  const auto found = std::lower_bound(
      users.begin(), users.end(), user, [&](UserSlot slot, const std::string& name) {
        return users_[Index(slot)].name < name;
      });
  if (found == users.end() || users_[Index(*found)].name != user) return std::nullopt;
  return *found;
}

UserSlot QueueTree::AddApplication(QueueSlot leaf, const std::string& user) {
  QueueDetails& details = details_[Index(leaf)];
  WEIR_CHECK(queues_[Index(leaf)].live && details.settings->children.empty(),
             "an application goes to a leaf");
  std::optional<UserSlot> slot = FindUser(leaf, user);
  if (!slot) {
    if (free_users_.empty()) {
      slot = UserSlot{static_cast<int32_t>(users_.size())};
      users_.emplace_back();
    } else {
      slot = free_users_.back();
      free_users_.pop_back();
    }
    QueueUser& fresh = users_[Index(*slot)];
    fresh.name = user;
    fresh.leaf = leaf;
    fresh.weight = WeightOf(*details.settings, user);
    fresh.live = true;
    fresh.shares.assign(partitions_.size(), UserShare{});
    const auto place = std::lower_bound(
        details.users.begin(), details.users.end(), user, [&](UserSlot a, const std::string& name) {
          return users_[Index(a)].name < name;
        });
    details.users.insert(place, *slot);
    CountUser(fresh, 1);
  }
  QueueUser& of = users_[Index(*slot)];
  CountUser(of, -1);
  ++of.applications;
  CountUser(of, 1);
  for (const QueueSlot queue : details.path) ++queues_[Index(queue)].applications;
  for (const QueueSlot queue : details.path) {
    UpdateState(queues_[Index(queue)], *details_[Index(queue)].settings);
  }
  BumpPath(details);
  return *slot;
}

std::vector<QueueSlot> QueueTree::RemoveApplication(UserSlot slot) {
  QueueUser& user = LiveUser(slot);
  WEIR_CHECK(user.applications > user.activated, "the application is deactivated first");
  const QueueDetails& details = details_[Index(user.leaf)];
  CountUser(user, -1);
  --user.applications;
  CountUser(user, 1);
  std::vector<QueueSlot> stopped;
  for (size_t i = details.path.size(); i-- > 0;) {
    const QueueSlot at = details.path[i];
    Queue& queue = queues_[Index(at)];
    --queue.applications;
    const QueueState before = queue.state;
    UpdateState(queue, *details_[Index(at)].settings);
    if (before == QueueState::kDraining && queue.state == QueueState::kStopped) {
      stopped.push_back(at);
    }
  }
  BumpPath(details);
  FreeUserIfGone(slot);
  return stopped;
}

void QueueTree::FreeUserIfGone(UserSlot slot) {
  QueueUser& user = users_[Index(slot)];
  if (user.applications > 0) return;
  for (const UserShare& share : user.shares) {
    if (!share.used.IsZero()) return;
  }
  CountUser(user, -1);
  std::vector<UserSlot>& users = details_[Index(user.leaf)].users;
  users.erase(std::find(users.begin(), users.end(), slot));
  user = QueueUser{};
  free_users_.push_back(slot);
}

void QueueTree::Activate(UserSlot slot, PartitionSlot partition, const Amounts& am) {
  ++running_of_user_[LiveUser(slot).name];
  ChangeAm(slot, partition, am, 1);
}

void QueueTree::Deactivate(UserSlot slot, PartitionSlot partition, const Amounts& am) {
  const auto running = running_of_user_.find(LiveUser(slot).name);
  WEIR_CHECK(running != running_of_user_.end() && running->second > 0,
             "only what was activated is deactivated");
  if (--running->second == 0) running_of_user_.erase(running);
  ChangeAm(slot, partition, am * -1, -1);
}

void QueueTree::ChangeAm(UserSlot slot,
                         PartitionSlot partition,
                         const Amounts& difference,
                         int32_t count) {
  QueueUser& user = LiveUser(slot);
  CountUser(user, -1);
  user.activated += count;
  CountUser(user, 1);
  UserShare& share = user.shares[Index(partition)];
  share.am_used += difference;
  WEIR_CHECK(
      user.activated >= 0 && user.activated <= user.applications && share.am_used.IsNonNegative(),
      "an application is activated once, and deactivated with the same amount");
  for (const QueueSlot at : details_[Index(user.leaf)].path) {
    Queue& queue = queues_[Index(at)];
    queue.activated += count;
    queue.shares[Index(partition)].am_used += difference;
    ++queue.version;
  }
}

void QueueTree::SetAsking(UserSlot slot, bool asking) {
  QueueUser& user = LiveUser(slot);
  QueueDetails& leaf = details_[Index(user.leaf)];
  CountUser(user, -1);
  const bool was_active = user.asking > 0;
  user.asking += asking ? 1 : -1;
  WEIR_CHECK(user.asking >= 0, "an application that ends asking has begun");
  CountUser(user, 1);
  const bool active = user.asking > 0;
  if (active == was_active) return;
  for (size_t i = 0; i < leaf.shares.size(); ++i) {
    if (active) {
      leaf.shares[i].used_by_active += user.shares[i].used;
    } else {
      leaf.shares[i].used_by_active -= user.shares[i].used;
    }
  }
  ++queues_[Index(user.leaf)].version;
}

void QueueTree::ChangeUsage(UserSlot slot,
                            PartitionSlot partition,
                            const Amounts& difference,
                            int32_t containers) {
  const size_t index = Index(partition);
  const ShareScale& scale = partitions_[index].scale;
  QueueUser& user = LiveUser(slot);
  UserShare& share = user.shares[index];
  QueueDetails& leaf = details_[Index(user.leaf)];
  share.used += difference;
  WEIR_CHECK(share.used.IsNonNegative(), "more is given back than was taken");
  const Share ratio = scale.Of(share.used);
  leaf.shares[index].usage_ratios += ratio - share.ratio;
  share.ratio = ratio;
  if (user.asking > 0) leaf.shares[index].used_by_active += difference;
  for (const QueueSlot at : leaf.path) {
    Queue& queue = queues_[Index(at)];
    QueueShare& of_queue = queue.shares[index];
    of_queue.used += difference;
    of_queue.containers += containers;
    of_queue.absolute_used = scale.Of(of_queue.used);
    of_queue.used_capacity = details_[Index(at)].shares[index].relative.Of(of_queue.used);
    ++queue.version;
  }
}

void QueueTree::Charge(UserSlot user,
                       PartitionSlot partition,
                       const Amounts& amounts,
                       int32_t containers) {
  ChangeUsage(user, partition, amounts, containers);
}

void QueueTree::Discharge(UserSlot user,
                          PartitionSlot partition,
                          const Amounts& amounts,
                          int32_t containers) {
  ChangeUsage(user, partition, amounts * -1, -containers);
  FreeUserIfGone(user);
}

void QueueTree::ChangeReserved(UserSlot slot, PartitionSlot partition, const Amounts& difference) {
  QueueUser& user = LiveUser(slot);
  UserShare& share = user.shares[Index(partition)];
  share.reserved += difference;
  WEIR_CHECK(share.reserved.IsNonNegative(), "more is unreserved than was reserved");
  for (const QueueSlot at : details_[Index(user.leaf)].path) {
    queues_[Index(at)].shares[Index(partition)].reserved += difference;
  }
}

void QueueTree::Reserve(UserSlot user, PartitionSlot partition, const Amounts& amounts) {
  ChangeUsage(user, partition, amounts, 0);
  ChangeReserved(user, partition, amounts);
}

void QueueTree::Unreserve(UserSlot user, PartitionSlot partition, const Amounts& amounts) {
  const Amounts back = amounts * -1;
  ChangeReserved(user, partition, back);
  ChangeUsage(user, partition, back, 0);
  FreeUserIfGone(user);
}

void QueueTree::ChangePending(QueueSlot leaf,
                              PartitionSlot partition,
                              const Amounts& difference,
                              int64_t containers) {
  for (const QueueSlot at : details_[Index(leaf)].path) {
    QueueShare& share = queues_[Index(at)].shares[Index(partition)];
    share.pending += difference;
    share.pending_containers += containers;
  }
}

}  // namespace weir::scheduler
