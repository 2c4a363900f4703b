#include "scheduler/preemption/ideal_assignment.h"

#include <algorithm>
#include <compare>
#include <functional>
#include <queue>
#include <tuple>

namespace weir::scheduler {
namespace {

// An offer is at least this part of what there was to share out.
constexpr int64_t kSmallestOffer = 1024;

// The place of a hungry queue: smaller is served first; equal but for the position is one group.
struct Place {
  int32_t over_guarantee = 0;
  int64_t negated_priority = 0;
  Share served = 0;
  int position = 0;
  auto operator<=>(const Place&) const = default;

  bool SameGroup(const Place& other) const {
    return std::tie(over_guarantee, negated_priority, served) ==
           std::tie(other.over_guarantee, other.negated_priority, other.served);
  }
};

class Assignment {
 public:
  Assignment(const IdealSettings& settings, const std::vector<IdealQueue>& queues)
      : settings_(settings),
        queues_(queues),
        shares_(queues.size()),
        demand_(queues.size()),
        children_(queues.size()) {
    for (size_t i = 0; i < queues.size(); ++i) {
      demand_[i] = queues[i].leaf ? queues[i].demand : Amounts();
      if (queues[i].parent >= 0) children_[Parent(i)].push_back(static_cast<int>(i));
    }
    for (size_t i = queues.size(); i-- > 1;) demand_[Parent(i)] += demand_[i];
  }

  std::vector<IdealShare> Compute() {
    FindUntouchable();
    shares_[0].ideal = settings_.total;
    for (size_t i = 0; i < queues_.size(); ++i) ShareOut(i);
    Scale();
    return std::move(shares_);
  }

 private:
  size_t Parent(size_t i) const { return static_cast<size_t>(queues_[i].parent); }
  IdealShare& share(int i) { return shares_[static_cast<size_t>(i)]; }
  const IdealQueue& queue(int i) const { return queues_[static_cast<size_t>(i)]; }

  void FindUntouchable() {
    std::vector<Amounts> preemptable(queues_.size());  // of a parent: its children's sum, at first
    for (size_t i = queues_.size(); i-- > 0;) {
      const IdealQueue& queue = queues_[i];
      const Amounts extra = FloorAtZero(queue.used - queue.guaranteed);
      if (queue.leaf) {
        shares_[i].untouchable = queue.preemption_disabled ? extra : Least(extra, queue.sheltered);
        preemptable[i] = extra - shares_[i].untouchable;
      } else {
        preemptable[i] = Least(preemptable[i], extra);
        shares_[i].untouchable = extra - preemptable[i];
      }
      if (queue.parent >= 0) preemptable[Parent(i)] += preemptable[i];
    }
  }

  void ShareOut(size_t parent) {
    Amounts unassigned = shares_[parent].ideal;
    std::vector<int> with_guarantee;
    std::vector<int> without;
    for (const int child : children_[parent]) {
      const IdealQueue& of = queue(child);
      const bool over = Compare(settings_.calculator, of.used, of.guaranteed, settings_.total) > 0;
      share(child).ideal =
          over ? Least(of.guaranteed, of.used) + share(child).untouchable : of.used;
      unassigned -= share(child).ideal;
      (of.guaranteed.IsZero() ? without : with_guarantee).push_back(child);
    }
    unassigned = FloorAtZero(unassigned);
    const ParentOrdering ordering = queues_[parent].ordering;
    Offer(with_guarantee, ordering, /*even=*/false, unassigned);
    Offer(without, ordering, /*even=*/true, unassigned);
  }

  // Step 2's loop over `members`.
  void Offer(const std::vector<int>& members,
             ParentOrdering ordering,
             bool even,
             Amounts& unassigned) {
    std::priority_queue<Place, std::vector<Place>, std::greater<>> hungry;
    Amounts guarantees;  // of the hungry
    for (const int member : members) {
      if (!AnyPositive(Wants(member))) continue;
      hungry.push(PlaceOf(member, ordering));
      guarantees += queue(member).guaranteed;
    }
    const Amounts at_start = unassigned;
    std::vector<Place> group;
    while (!hungry.empty() && AnyPositive(unassigned)) {
      const Amounts round = unassigned;
      const Amounts round_guarantees = guarantees;
      const auto count = static_cast<int64_t>(hungry.size());
      group.clear();
      do {
        group.push_back(hungry.top());
        hungry.pop();
      } while (!hungry.empty() && hungry.top().SameGroup(group.front()));
      for (const Place& place : group) {
        const int member = place.position;
        const Amounts weight = even ? Amounts() : queue(member).guaranteed;
        const Amounts offer = Portion(round, weight, round_guarantees, count, at_start);
        const Amounts accepted = FloorAtZero(Least(Least(offer, unassigned), Wants(member)));
        share(member).ideal += accepted;
        unassigned -= accepted;
        if (AnyPositive(accepted) && AnyPositive(Wants(member))) {
          hungry.push(PlaceOf(member, ordering));
        } else {
          guarantees -= queue(member).guaranteed;
        }
      }
    }
  }

  // `round` x weight / weights by part, or an equal share of a part without weights; rounded up.
  static Amounts Portion(const Amounts& round,
                         const Amounts& weight,
                         const Amounts& weights,
                         int64_t count,
                         const Amounts& at_start) {
    Amounts portion;
    for (int i = 0; i < round.types(); ++i) {
      if (round[i] <= 0) continue;
      const Amounts part{round[i]};
      const int64_t offered =
          weights[i] > 0 ? ScaleUp(part, weight[i], weights[i])[0] : ScaleUp(part, 1, count)[0];
      portion.Set(i, std::max(offered, at_start[i] / kSmallestOffer + 1));
    }
    return portion;
  }

  // What it would still accept; parts may be negative.
  Amounts Wants(int member) {
    const IdealQueue& of = queue(member);
    Amounts upto = Least(of.used + demand_[static_cast<size_t>(member)], of.maximum);
    if (of.leaf && !settings_.balance) upto = Least(upto, Most(of.guaranteed, of.used));
    return upto - share(member).ideal;
  }

  Place PlaceOf(int member, ParentOrdering ordering) {
    Place place;
    place.position = member;
    place.served = ShareOf(settings_.calculator, share(member).ideal, queue(member).guaranteed);
    if (ordering == ParentOrdering::kPriorityUtilization) {
      place.over_guarantee = place.served >= kWholeShare ? 1 : 0;
      place.negated_priority = -int64_t{queue(member).priority};
    }
    return place;
  }

  // Steps 3 and 4.
  void Scale() {
    Amounts need;
    Amounts lacking;
    for (size_t i = 0; i < queues_.size(); ++i) {
      const IdealQueue& of = queues_[i];
      if (!of.leaf) continue;
      IdealShare& share = shares_[i];
      share.lacks = FloorAtZero(share.ideal - of.used);
      const Amounts entitled = Least(of.used + of.demand, of.guaranteed);
      share.excess = FloorAtZero(of.used - of.leaving - Most(share.ideal, entitled));
      need += share.excess;
      lacking += share.lacks;
    }
    // No more than others lack, type by type; then all types by what one round may take.
    const Amounts wanted = Least(need, lacking);
    const int type = DominantType(wanted);
    if (type < 0) return;
    const int64_t allowed = ScaleDown(settings_.total, settings_.per_round, kWholeFactor)[type];
    for (size_t i = 0; i < queues_.size(); ++i) {
      if (!queues_[i].leaf || !BeyondDeadZone(queues_[i])) continue;
      Amounts taken;
      for (int t = 0; t < need.types(); ++t) {
        if (need[t] <= 0) continue;
        taken.Set(t, ScaleUp(Amounts{shares_[i].excess[t]}, wanted[t], need[t])[0]);
      }
      if (allowed < wanted[type]) taken = ScaleUp(taken, allowed, wanted[type]);
      shares_[i].to_take = ScaleUp(taken, settings_.natural_termination, kWholeFactor);
    }
  }

  // The type with the largest share of the total; -1 when there is nothing of any.
  int DominantType(const Amounts& amounts) const {
    int dominant = -1;
    Share largest = 0;
    for (int t = 0; t < amounts.types(); ++t) {
      Amounts part;
      part.Set(t, amounts[t]);
      const Share share = ShareOf(settings_.calculator, part, settings_.total);
      if (share > largest) {
        largest = share;
        dominant = t;
      }
    }
    return dominant;
  }

  bool BeyondDeadZone(const IdealQueue& of) const {
    const Amounts ignored =
        ScaleDown(of.guaranteed, kWholeFactor + settings_.dead_zone, kWholeFactor);
    return Compare(settings_.calculator, of.used, ignored, settings_.total) > 0;
  }

  const IdealSettings& settings_;
  const std::vector<IdealQueue>& queues_;
  std::vector<IdealShare> shares_;
  std::vector<Amounts> demand_;
  std::vector<std::vector<int>> children_;
};

}  // namespace

bool AnyPositive(const Amounts& amounts) {
  for (int i = 0; i < amounts.types(); ++i) {
    if (amounts[i] > 0) return true;
  }
  return false;
}

std::vector<IdealShare> ComputeIdeal(const IdealSettings& settings,
                                     const std::vector<IdealQueue>& queues) {
  if (queues.empty()) return {};
  return Assignment(settings, queues).Compute();
}

}  // namespace weir::scheduler
