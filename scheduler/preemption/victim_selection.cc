#include "scheduler/preemption/victim_selection.h"

#include <algorithm>
#include <map>

namespace weir::scheduler {
namespace {

struct Unit {
  bool master = false;
  bool borrowed = true;  // every member here is
  bool gang = false;
  bool warned = false;
  int32_t priority = 0;      // of the most important member
  std::vector<int> members;  // indices into the application's containers, newest first
  Amounts amounts;           // in the partition

  int newest() const { return members.front(); }
};

// Heap order: the top is taken first.
bool TakenLater(const Unit& a, const Unit& b) {
  if (a.warned != b.warned) return b.warned;
  if (a.priority != b.priority) return a.priority < b.priority;
  return a.newest() > b.newest();
}

void AddMember(Unit& unit,
               const PreemptableContainer& container,
               int index,
               const Take& take,
               const Amounts& amounts,
               ContainerMark mark) {
  unit.priority =
      unit.members.empty() ? container.priority : std::min(unit.priority, container.priority);
  unit.members.push_back(index);
  unit.master = unit.master || container.master;
  unit.warned = unit.warned || mark == ContainerMark::kWarned;
  if (container.partition != take.partition) return;
  unit.borrowed = unit.borrowed && container.borrowed;
  unit.amounts += amounts;
}

// The units with something in the take's partition.
std::vector<Unit> UnitsOf(const PreemptionSource& source,
                          const ContainerMarks& marks,
                          const std::vector<PreemptableContainer>& containers,
                          const Take& take,
                          Calculator calculator) {
  std::vector<Unit> units;
  std::map<int64_t, size_t> gangs;  // number -> unit
  for (size_t i = 0; i < containers.size(); ++i) {
    const PreemptableContainer& container = containers[i];
    if (container.gang == 0 && container.partition != take.partition) continue;
    const ContainerMark mark = marks.Of(container.container);
    if (mark == ContainerMark::kTaken) continue;
    size_t at = units.size();
    if (container.gang != 0) at = gangs.emplace(container.gang, at).first->second;
    if (at == units.size()) {
      units.emplace_back();
      units.back().gang = container.gang != 0;
    }
    AddMember(units[at],
              container,
              static_cast<int>(i),
              take,
              Relevant(calculator, source.shape(container.shape)),
              mark);
  }
  return units;
}

bool InPhase(const Unit& unit, TakePhase phase, const RoundAllowance& allowance, Take& take) {
  if (unit.amounts.IsZero()) return false;
  if (unit.master) return phase == TakePhase::kMasters;
  switch (phase) {
    case TakePhase::kReservations:
    case TakePhase::kMasters:
      return false;
    case TakePhase::kBorrowed:
      return unit.borrowed;
    case TakePhase::kLargeGangs:
      return unit.gang;
    case TakePhase::kContainers:
      break;
  }
  const bool large = unit.gang && ShareOf(allowance.calculator, unit.amounts, allowance.total) >
                                      ShareOf(allowance.calculator, take.excess, allowance.total);
  take.passed_large_gang = take.passed_large_gang || large;
  return !large;
}

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
  const std::vector<PreemptableContainer> containers = source.ContainersOf(application);
  std::vector<Unit> units = UnitsOf(source, marks, containers, take, allowance.calculator);
  std::vector<Unit> candidates;
  for (Unit& unit : units) {
    if (unit.master && phase == TakePhase::kContainers) take.spared_masters += unit.amounts;
    if (InPhase(unit, phase, allowance, take)) candidates.push_back(std::move(unit));
  }
  // A heap, not a sort: of many containers few are taken.
  std::make_heap(candidates.begin(), candidates.end(), TakenLater);
  while (!candidates.empty() && take.Open() && allowance.Left()) {
    if (phase == TakePhase::kMasters && !SparesEnough(take, allowance)) break;
    std::pop_heap(candidates.begin(), candidates.end(), TakenLater);
    const Unit unit = std::move(candidates.back());
    candidates.pop_back();
    if (!Helps(unit.amounts, take) || !KeepsFloor(unit.amounts, take)) continue;
    Book(unit.amounts, take, allowance);
    if (unit.master) take.spared_masters -= unit.amounts;
    for (const int member : unit.members) {
      const PreemptableContainer& container = containers[static_cast<size_t>(member)];
      victims.containers.push_back(
          VictimContainer{container.container,
                          application,
                          container.partition,
                          Relevant(allowance.calculator, source.shape(container.shape))});
    }
  }
  return static_cast<int64_t>(containers.size());
}

}  // namespace weir::scheduler
