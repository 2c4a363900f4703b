#include "scheduler/preemption/victim_selection.h"

#include <algorithm>
#include <map>

namespace weir::scheduler {
namespace {

// A gang's containers that live, or one container.
struct Unit {
  bool warned = false;
  int32_t priority = 0;  // of the most important member
  int newest = 0;        // member: an index into the application's containers, newest first
  int gang = -1;         // index of the gang; -1 for a single container
};
struct Gang {
  bool master = false;
  bool borrowed = true;  // every member in the partition is
  Unit unit;
  std::vector<int> members;
  Amounts amounts;  // in the partition
};

// Heap order: the top is taken first.
bool TakenLater(const Unit& a, const Unit& b) {
  if (a.warned != b.warned) return b.warned;
  if (a.priority != b.priority) return a.priority < b.priority;
  return a.newest > b.newest;
}

// What one application has to take, in one phase.
class Candidates {
 public:
  Candidates(const PreemptionSource& source, Calculator calculator, ApplicationSlot application)
      : source_(source), calculator_(calculator), containers_(source.ContainersOf(application)) {}

  void Collect(const ContainerMarks& marks,
               TakePhase phase,
               const RoundAllowance& allowance,
               Take& take) {
    for (size_t i = 0; i < containers_.size(); ++i) {
      const PreemptableContainer& container = containers_[i];
      const bool here = container.partition == take.partition;
      if (container.gang == 0 && !here) continue;
      const ContainerMark mark = marks.Of(container.container);
      if (mark == ContainerMark::kTaken) continue;
      const Unit unit{mark == ContainerMark::kWarned, container.priority, static_cast<int>(i), -1};
      if (container.gang != 0) {
        AddToGang(container, unit, here);
        continue;
      }
      if (container.master && phase == TakePhase::kContainers) {
        take.spared_masters += AmountsOf(unit);
      }
      if (SingleInPhase(container, phase)) heap_.push_back(unit);
    }
    for (const Gang& gang : gangs_) AddGang(gang, phase, allowance, take);
    // A heap, not a sort: of many containers few are taken.
    std::make_heap(heap_.begin(), heap_.end(), TakenLater);
  }

  bool empty() const { return heap_.empty(); }
  Unit Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), TakenLater);
    const Unit unit = heap_.back();
    heap_.pop_back();
    return unit;
  }
  Amounts AmountsOf(const Unit& unit) const {
    if (unit.gang >= 0) return gangs_[static_cast<size_t>(unit.gang)].amounts;
    return Size(containers_[static_cast<size_t>(unit.newest)]);
  }
  void Append(const Unit& unit, ApplicationSlot application, Victims& victims) const {
    if (unit.gang < 0) {
      AppendOne(unit.newest, application, victims);
      return;
    }
    for (const int member : gangs_[static_cast<size_t>(unit.gang)].members) {
      AppendOne(member, application, victims);
    }
  }
  int64_t size() const { return static_cast<int64_t>(containers_.size()); }

 private:
  static bool SingleInPhase(const PreemptableContainer& container, TakePhase phase) {
    switch (phase) {
      case TakePhase::kReservations:
      case TakePhase::kLargeGangs:
        return false;
      case TakePhase::kBorrowed:
        return container.borrowed && !container.master;
      case TakePhase::kContainers:
        return !container.master;
      case TakePhase::kMasters:
        return container.master;
    }
    return false;
  }

  void AddToGang(const PreemptableContainer& container, const Unit& unit, bool here) {
    const auto number = static_cast<int>(gangs_.size());
    const int at = gang_of_.emplace(container.gang, number).first->second;
    if (at == number) {
      gangs_.emplace_back();
      gangs_.back().unit = unit;
      gangs_.back().unit.gang = number;
    }
    Gang& gang = gangs_[static_cast<size_t>(at)];
    gang.unit.priority = std::min(gang.unit.priority, unit.priority);
    gang.unit.warned = gang.unit.warned || unit.warned;
    gang.master = gang.master || container.master;
    gang.members.push_back(unit.newest);
    if (!here) return;
    gang.borrowed = gang.borrowed && container.borrowed;
    gang.amounts += Size(container);
  }

  void AddGang(const Gang& gang, TakePhase phase, const RoundAllowance& allowance, Take& take) {
    if (gang.amounts.IsZero()) return;  // it has nothing in this partition
    if (gang.master) {
      if (phase == TakePhase::kContainers) take.spared_masters += gang.amounts;
      if (phase == TakePhase::kMasters) heap_.push_back(gang.unit);
      return;
    }
    const bool large = ShareOf(calculator_, gang.amounts, allowance.total) >
                       ShareOf(calculator_, take.excess, allowance.total);
    const bool borrowed = phase == TakePhase::kBorrowed && gang.borrowed;
    if (phase == TakePhase::kContainers && large) take.passed_large_gang = true;
    if (borrowed || (phase == TakePhase::kContainers && !large) ||
        phase == TakePhase::kLargeGangs) {
      heap_.push_back(gang.unit);
    }
  }

  Amounts Size(const PreemptableContainer& container) const {
    return Relevant(calculator_, source_.shape(container.shape));
  }

  void AppendOne(int index, ApplicationSlot application, Victims& victims) const {
    const PreemptableContainer& container = containers_[static_cast<size_t>(index)];
    victims.containers.push_back(
        VictimContainer{container.container, application, container.partition, Size(container)});
  }

  const PreemptionSource& source_;
  Calculator calculator_;
  std::vector<PreemptableContainer> containers_;
  std::vector<Gang> gangs_;
  std::map<int64_t, int> gang_of_;  // number -> index
  std::vector<Unit> heap_;
};

bool Helps(const Amounts& amounts, const Take& take) {
  for (int i = 0; i < amounts.types(); ++i) {
    if (amounts[i] > 0 && take.open[i] > 0) return true;
  }
  return false;
}

bool KeepsFloor(const Amounts& amounts, const Take& take) {
  bool has_floor = false;
  for (int i = 0; i < take.floor.types(); ++i) {
    if (take.floor[i] <= 0) continue;
    if (take.held[i] - amounts[i] >= take.floor[i]) return true;
    has_floor = true;
  }
  return !has_floor;
}

void Book(const Amounts& amounts, Take& take, RoundAllowance& allowance) {
  take.open -= amounts;
  take.excess -= amounts;
  take.held -= amounts;
  allowance.taken += amounts;
}

int64_t TakeReservations(const PreemptionSource& source,
                         const ContainerMarks& marks,
                         ApplicationSlot application,
                         Take& take,
                         RoundAllowance& allowance,
                         Victims& victims) {
  const std::vector<PreemptionSource::Reservation> all = source.ReservationsOf(application);
  for (const PreemptionSource::Reservation& reservation : all) {
    if (!take.Open() || !allowance.Left()) break;
    if (reservation.partition != take.partition) continue;
    if (marks.GivenUp(application, reservation.node)) continue;
    const Amounts amounts = Relevant(allowance.calculator, reservation.amounts);
    if (!Helps(amounts, take) || !KeepsFloor(amounts, take)) continue;
    Book(amounts, take, allowance);
    victims.reservations.push_back(
        VictimReservation{reservation.node, application, take.partition, amounts});
  }
  return static_cast<int64_t>(all.size());
}

// The next master may be taken: those spared are more than the limit.
bool SparesEnough(const Take& take, const RoundAllowance& allowance) {
  return Compare(allowance.calculator, take.spared_masters, take.am_limit, allowance.total) > 0;
}

}  // namespace

bool Take::Open() const {
  bool open_somewhere = false;
  for (int i = 0; i < asked.types(); ++i) {
    if (asked[i] <= 0) continue;
    if (open[i] > 0) {
      open_somewhere = true;
    } else if (conservative) {
      return false;
    }
  }
  return open_somewhere;
}

int64_t TakeFrom(const PreemptionSource& source,
                 const ContainerMarks& marks,
                 ApplicationSlot application,
                 TakePhase phase,
                 Take& take,
                 RoundAllowance& allowance,
                 Victims& victims) {
  if (phase == TakePhase::kReservations) {
    return TakeReservations(source, marks, application, take, allowance, victims);
  }
  Candidates candidates(source, allowance.calculator, application);
  candidates.Collect(marks, phase, allowance, take);
  while (!candidates.empty() && take.Open() && allowance.Left()) {
    if (phase == TakePhase::kMasters && !SparesEnough(take, allowance)) break;
    const Unit unit = candidates.Pop();
    const Amounts amounts = candidates.AmountsOf(unit);
    if (!Helps(amounts, take) || !KeepsFloor(amounts, take)) continue;
    Book(amounts, take, allowance);
    if (phase == TakePhase::kMasters) take.spared_masters -= amounts;
    candidates.Append(unit, application, victims);
  }
  return candidates.size();
}

}  // namespace weir::scheduler
