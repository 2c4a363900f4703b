#include "scheduler/preemption/intra_queue.h"

#include "scheduler/preemption/ideal_assignment.h"

namespace weir::scheduler {
namespace {

class IntraAssignment {
 public:
  IntraAssignment(const IntraSettings& settings,
                  const std::vector<IntraUser>& users,
                  const std::vector<IntraApplication>& applications)
      : settings_(settings),
        applications_(applications),
        shares_(applications.size()),
        lacks_(applications.size()),
        surplus_(applications.size()),
        user_room_(users.size()),
        over_limit_(users.size()) {
    for (size_t i = 0; i < users.size(); ++i) {
      user_room_[i] = users[i].limit;
      over_limit_[i] = FloorAtZero(users[i].used - users[i].limit);
    }
  }

  std::vector<IntraShare> Compute() {
    FindIdeal();
    Match();
    return std::move(shares_);
  }

 private:
  size_t User(size_t application) const {
    return static_cast<size_t>(applications_[application].user);
  }

  void FindIdeal() {
    Amounts left = settings_.room;
    Amounts free = settings_.room;
    for (size_t i = 0; i < applications_.size(); ++i) {
      left -= applications_[i].masters;
      free -= applications_[i].used;
      user_room_[User(i)] -= applications_[i].masters;
    }
    left = FloorAtZero(left);
    free = FloorAtZero(free);
    for (size_t i = 0; i < applications_.size(); ++i) {
      const IntraApplication& of = applications_[i];
      const Amounts workers = FloorAtZero(of.used - of.masters);
      const Amounts ideal =
          FloorAtZero(Least(Least(left, user_room_[User(i)]), workers + of.pending));
      shares_[i].ideal = ideal;
      left -= ideal;
      user_room_[User(i)] -= ideal;
      lacks_[i] = FloorAtZero(ideal - workers);
      const Amounts from_free = Least(lacks_[i], free);
      lacks_[i] -= from_free;
      free -= from_free;
      surplus_[i] = FloorAtZero(workers - of.selected - ideal);
    }
  }

  void Match() {
    Amounts maximum = settings_.maximum;
    int64_t pairs = kIntraQueuePairs;
    for (size_t wants = 0; wants < applications_.size() && AnyPositive(maximum); ++wants) {
      for (size_t gives = applications_.size(); gives-- > 0 && AnyPositive(lacks_[wants]);) {
        if (gives == wants || !AnyPositive(surplus_[gives])) continue;
        if (--pairs < 0) return;
        if (MayTake(wants, gives)) Move(wants, gives, maximum);
      }
    }
  }

  bool MayTake(size_t wants, size_t gives) const {
    const bool lower = applications_[gives].priority < applications_[wants].priority;
    return lower || (!settings_.priority_first && User(gives) != User(wants));
  }

  void Move(size_t wants, size_t gives, Amounts& maximum) {
    const bool guarded = !settings_.priority_first && User(gives) != User(wants);
    Amounts moved = Least(Least(lacks_[wants], surplus_[gives]), maximum);
    if (guarded) moved = Least(moved, over_limit_[User(gives)]);
    moved = FloorAtZero(moved);
    if (!AnyPositive(moved)) return;
    lacks_[wants] -= moved;
    surplus_[gives] -= moved;
    maximum -= moved;
    shares_[gives].to_take += moved;
    if (!guarded) return;
    over_limit_[User(gives)] -= moved;
    shares_[gives].keep_user_limit = true;
  }

  const IntraSettings& settings_;
  const std::vector<IntraApplication>& applications_;
  std::vector<IntraShare> shares_;
  std::vector<Amounts> lacks_;
  std::vector<Amounts> surplus_;
  std::vector<Amounts> user_room_;   // by user: limit - what its applications have been given
  std::vector<Amounts> over_limit_;  // by user: what others may take
};

}  // namespace

std::vector<IntraShare> ComputeIntraQueue(const IntraSettings& settings,
                                          const std::vector<IntraUser>& users,
                                          const std::vector<IntraApplication>& applications) {
  return IntraAssignment(settings, users, applications).Compute();
}

std::vector<Amounts> AllUsersLimits(const QueueSnapshot& snapshot,
                                    const SnapshotQueue& leaf,
                                    PartitionSlot partition,
                                    const std::vector<SnapshotUser>& users,
                                    const Amounts& expected) {
  const Amounts& total = snapshot.totals[Index(partition)];
  const SnapshotShare& share = leaf.shares[Index(partition)];
  const Amounts& required = snapshot.minimum_allocation;
  int64_t weights = 0;
  Share ratios = 0;
  for (const SnapshotUser& user : users) {
    weights += user.weight;
    ratios += ShareOf(snapshot.calculator, user.used, total);
  }
  const Amounts cap = Most(share.guaranteed, required);
  const Amounts consumed = RoundUp(ScaleUp(total, ratios, kWholeShare), required);
  const bool below = Compare(snapshot.calculator, consumed, cap, total) < 0;
  const Amounts current = Most(below ? cap : consumed + required, expected);
  Amounts limit = ScaleUp(current, leaf.minimum_user_limit, kWholePercent);
  if (weights > 0) limit = Most(limit, ScaleUp(current, kWholeWeight, weights));
  const bool unlimited = !leaf.user_limit_factor || share.guaranteed.IsZero();
  const Amounts maximum =
      unlimited ? share.maximum : ScaleUp(cap, *leaf.user_limit_factor, kWholeFactor);
  limit = RoundUp(Least(limit, maximum), required);
  std::vector<Amounts> limits;
  for (const SnapshotUser& user : users) {
    limits.push_back(ScaleDown(limit, user.weight, kWholeWeight));
  }
  return limits;
}

}  // namespace weir::scheduler
