#include "scheduler/queues/queue_tree.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace weir::scheduler {
namespace {

constexpr QueueSlot kRoot{0};

// What a queue has of a label that it may use and that its configuration does not mention.
const PartitionCapacity& Unmentioned() {
  static const PartitionCapacity capacity = [] {
    PartitionCapacity nothing;
    for (CapacityPart& part : nothing.maximum.parts) part.value = kWholePercent;
    return nothing;
  }();
  return capacity;
}

Share ToShare(int64_t fraction) {
  if (fraction <= 0) return 0;
  __extension__ typedef __int128 Wide;
  const Wide share = static_cast<Wide>(fraction) * kWholeShare / kWholeFraction;
  return std::max<Share>(1, static_cast<Share>(share));  // a small capacity is not no capacity
}

}  // namespace

QueueTree::QueueTree(const ResourceTypes& types)
    : types_(types.count()), step_(types.minimum(), types.count()), partitions_(1) {
  partitions_[0].label = "";
}

void QueueTree::Configure(std::shared_ptr<const QueueConfiguration> configuration,
                          const std::map<std::string, PartitionSlot>& labels) {
  configuration_ = std::move(configuration);
  for (Partition& partition : partitions_) partition.label.reset();
  partitions_[0].label = "";
  for (const auto& [label, slot] : labels) {
    EnsurePartitions(Index(slot) + 1);
    partitions_[Index(slot)].label = label;
  }
  RemoveMissing();
  const QueueSlot root = Take("root");
  WEIR_CHECK(root == kRoot, "root is the first queue");
  order_.clear();
  Place(root, QueueSlot{}, 0);
  for (size_t i = 0; i < order_.size(); ++i) {  // grows while it goes: parents before children
    const QueueSlot parent = order_[i];
    const std::vector<std::string>& children = details_[Index(parent)].settings->children;
    std::vector<QueueSlot> slots;
    for (const std::string& child : children) {
      slots.push_back(Take(child));
      Place(slots.back(), parent, static_cast<int32_t>(slots.size()) - 1);
    }
    queues_[Index(parent)].children = std::move(slots);
  }
  for (size_t i = 0; i < partitions_.size(); ++i) Recompute(PartitionSlot{static_cast<int32_t>(i)});
}

void QueueTree::EnsurePartitions(size_t count) {
  if (count <= partitions_.size()) return;
  partitions_.resize(count);
  for (Queue& queue : queues_) queue.shares.resize(count);
  for (QueueDetails& details : details_) details.shares.resize(count);
  for (QueueUser& user : users_) user.shares.resize(count);
}

void QueueTree::RemoveMissing() {
  for (auto it = by_path_.begin(); it != by_path_.end();) {
    Queue& queue = queues_[Index(it->second)];
    if (configuration_->queues.contains(it->first)) {
      ++it;
      continue;
    }
    WEIR_CHECK(queue.applications == 0 && details_[Index(it->second)].users.empty(),
               "queue " + it->first + " is removed while it is used");
    const int64_t version =
        queue.version + 1;  // a slot that is reused is not taken for the old one
    queue = Queue{};
    queue.version = version;
    details_[Index(it->second)] = QueueDetails{};
    free_queues_.push_back(it->second);
    it = by_path_.erase(it);
  }
}

QueueSlot QueueTree::Take(const std::string& path) {
  const auto [it, fresh] = by_path_.emplace(path, QueueSlot{});
  if (!fresh) return it->second;
  if (free_queues_.empty()) {
    it->second = QueueSlot{static_cast<int32_t>(queues_.size())};
    queues_.emplace_back();
    details_.emplace_back();
  } else {
    it->second = free_queues_.back();
    free_queues_.pop_back();
  }
  Queue& queue = queues_[Index(it->second)];
  queue.path = path;
  queue.live = true;
  queue.shares.resize(partitions_.size());
  details_[Index(it->second)].shares.resize(partitions_.size());
  return it->second;
}

void QueueTree::Place(QueueSlot slot, QueueSlot parent, int32_t position) {
  Queue& queue = queues_[Index(slot)];
  QueueDetails& details = details_[Index(slot)];
  const auto found = configuration_->queues.find(queue.path);
  WEIR_CHECK(found != configuration_->queues.end(), "queue " + queue.path + " has no settings");
  details.settings = &found->second;
  details.position = position;
  details.path.clear();
  if (parent.value >= 0) details.path = details_[Index(parent)].path;
  details.path.push_back(slot);
  queue.parent = parent;
  WEIR_CHECK(details.settings->children.empty() || details.users.empty(),
             "queue " + queue.path + " becomes a parent while it is used");
  UpdateState(queue, *details.settings);
  ResetUserSums(slot);
  order_.push_back(slot);
}

void QueueTree::UpdateState(Queue& queue, const QueueSettings& settings) {
  if (settings.state == QueueState::kRunning) {
    queue.state = QueueState::kRunning;
  } else {
    queue.state = queue.applications > 0 ? QueueState::kDraining : QueueState::kStopped;
  }
}

int64_t QueueTree::WeightOf(const QueueSettings& settings, const std::string& user) const {
  const auto found = settings.user_weights.find(user);
  return found == settings.user_weights.end() ? kWholeWeight : found->second;
}

void QueueTree::ResetUserSums(QueueSlot leaf) {
  QueueDetails& details = details_[Index(leaf)];
  details.all_weight = details.active_weight = 0;
  details.asking_users = details.waiting_users = 0;
  for (const UserSlot slot : details.users) {
    QueueUser& user = users_[Index(slot)];
    user.weight = WeightOf(*details.settings, user.name);
    CountUser(user, 1);
  }
}

void QueueTree::SetPartitionTotal(PartitionSlot partition, const Amounts& total) {
  EnsurePartitions(Index(partition) + 1);
  if (partitions_[Index(partition)].total == total) return;
  partitions_[Index(partition)].total = total;
  Recompute(partition);
}

bool QueueTree::MayUse(const QueueSettings& settings, PartitionSlot partition) const {
  if (partition == kDefaultPartition || settings.parent.empty() || settings.every_label)
    return true;
  const std::optional<std::string>& label = partitions_[Index(partition)].label;
  return label && std::binary_search(settings.labels.begin(), settings.labels.end(), *label);
}

const PartitionCapacity* QueueTree::CapacityOf(QueueSlot slot, PartitionSlot partition) const {
  const QueueSettings& settings = *details_[Index(slot)].settings;
  if (!queues_[Index(slot)].shares[Index(partition)].accessible) return nullptr;
  const std::optional<std::string>& label = partitions_[Index(partition)].label;
  if (!label) return &Unmentioned();
  const auto found = settings.partitions.find(*label);
  return found == settings.partitions.end() ? &Unmentioned() : &found->second;
}

void QueueTree::Recompute(PartitionSlot partition) {
  if (configuration_ == nullptr) return;
  Partition& changed = partitions_[Index(partition)];
  const Calculator calculator = configuration_->calculator;
  changed.scale = ShareScale(calculator, changed.total, types_);
  std::vector<EffectiveCapacity> capacities(queues_.size());
  capacities[Index(kRoot)] = WholeCapacity(changed.total, types_);
  queues_[Index(kRoot)].shares[Index(partition)].accessible = true;
  for (const QueueSlot slot : order_) {
    const Queue& queue = queues_[Index(slot)];
    std::vector<const PartitionCapacity*> of_children;
    for (const QueueSlot child : queue.children) {
      queues_[Index(child)].shares[Index(partition)].accessible =
          queue.shares[Index(partition)].accessible &&
          MayUse(*details_[Index(child)].settings, partition);
      of_children.push_back(CapacityOf(child, partition));
    }
    const std::vector<EffectiveCapacity> divided =
        DivideCapacity(capacities[Index(slot)], of_children, changed.total, types_, calculator);
    for (size_t i = 0; i < divided.size(); ++i) capacities[Index(queue.children[i])] = divided[i];
    SetCapacity(slot, partition, capacities[Index(slot)]);
    RecomputeUsers(slot, partition);
    FixUserLimit(slot, partition);
  }
}

void QueueTree::FixUserLimit(QueueSlot leaf, PartitionSlot partition) {
  ShareDetails& details = details_[Index(leaf)].shares[Index(partition)];
  const UserLimitTerms terms = TermsOf(leaf, partition);
  const std::optional<Amounts> fixed = FixedPlacementLimit(terms, step_.minimum());
  details.fixed_user_limit = fixed.has_value();
  details.user_limit_version = -1;
  if (fixed) details.user_limit = *fixed;
}

void QueueTree::SetCapacity(QueueSlot slot,
                            PartitionSlot partition,
                            const EffectiveCapacity& capacity) {
  Queue& queue = queues_[Index(slot)];
  QueueShare& share = queue.shares[Index(partition)];
  ShareDetails& details = details_[Index(slot)].shares[Index(partition)];
  const Partition& of = partitions_[Index(partition)];
  share.guaranteed = capacity.Guaranteed(types_);
  share.maximum = capacity.Maximum(types_);
  share.capacity_fraction = capacity.capacity;
  share.maximum_fraction = capacity.maximum_capacity;
  share.absolute_fraction = capacity.absolute;
  share.absolute_maximum_fraction = capacity.absolute_maximum;
  share.absolute_capacity = ToShare(capacity.absolute);
  share.in_amounts = capacity.in_amounts;
  details.relative = ShareScale::RelativeTo(configuration_->calculator,
                                            of.scale.Larger(share.guaranteed, step_.minimum()),
                                            of.total,
                                            types_);
  share.absolute_used = of.scale.Of(share.used);
  share.used_capacity = details.relative.Of(share.used);

  const QueueSettings& settings = *details_[Index(slot)].settings;
  details.configured_minimum = 0;
  details.am_share = settings.am_share;
  const PartitionCapacity* configured = CapacityOf(slot, partition);
  if (configured != nullptr) {
    const CapacityPart& memory = configured->capacity.parts[Amounts::kMemory];
    if (memory.kind == CapacityKind::kAbsolute) details.configured_minimum = memory.value;
    details.am_share = configured->am_share.value_or(settings.am_share);
  }
  ++queue.version;
}

void QueueTree::RecomputeUsers(QueueSlot leaf, PartitionSlot partition) {
  QueueDetails& details = details_[Index(leaf)];
  ShareDetails& share = details.shares[Index(partition)];
  share.used_by_active = Amounts{};
  share.usage_ratios = 0;
  for (const UserSlot slot : details.users) {
    QueueUser& user = users_[Index(slot)];
    UserShare& of_user = user.shares[Index(partition)];
    of_user.ratio = partitions_[Index(partition)].scale.Of(of_user.used);
    share.usage_ratios += of_user.ratio;
    if (user.asking > 0) share.used_by_active += of_user.used;
  }
}

const Amounts& QueueTree::total(PartitionSlot partition) const {
  return partitions_[Index(partition)].total;
}

std::optional<QueueSlot> QueueTree::Find(const std::string& path) const {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return std::nullopt;
  return found->second;
}

const Queue& QueueTree::at(QueueSlot queue) const {
  return queues_[Index(queue)];
}

const QueueSettings& QueueTree::settings(QueueSlot queue) const {
  return *details_[Index(queue)].settings;
}

const QueueConfiguration& QueueTree::configuration() const {
  return *configuration_;
}

std::vector<QueueSlot> QueueTree::All() const {
  return order_;
}

const QueueUser& QueueTree::user(UserSlot user) const {
  return users_[Index(user)];
}

const std::vector<UserSlot>& QueueTree::UsersOf(QueueSlot leaf) const {
  return details_[Index(leaf)].users;
}

}  // namespace weir::scheduler
