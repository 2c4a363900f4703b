// AskClasses: the applications that wait in a leaf queue, grouped by the size of the container that
// each wants next, so that one failed search for a node sets aside all who want the same.
//
// Terms: a *class* is one container size and the applications whose head ask has it, in placement
// order. A class is *blocked* after no node had room for its size, else *ready*. A blocked class
// becomes ready only when some node gets enough room for it (NodeHasRoom): the event that helps.
//
// Invariant: no node that may get containers has room for the size of a blocked class.
// Set elements move between sets and are never made anew: a decision uses no heap.
// Owner: LeafQueue. Single-threaded.
#ifndef WEIR_SCHEDULER_ASK_CLASSES_H_
#define WEIR_SCHEDULER_ASK_CLASSES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/resource.h"
#include "scheduler/scheduler.h"

namespace weir::scheduler {

// The place of an application among those of its leaf queue: higher priority first, then order.
struct ApplicationOrder {
  int64_t negated_priority = 0;
  int64_t order = 0;
  ApplicationSlot application;
  auto operator<=>(const ApplicationOrder&) const = default;
};

class AskClasses {
 public:
  // The waiting place of one application; it goes from class to class as its head changes.
  class Member {
   public:
    explicit Member(const ApplicationOrder& order);
    const ApplicationOrder& order() const { return order_; }
    bool waits() const { return class_ >= 0; }

   private:
    friend class AskClasses;
    ApplicationOrder order_;
    std::set<ApplicationOrder>::node_type handle_;  // held while it waits nowhere
    int32_t class_ = -1;
  };

  // Waits for a container of `size` from now on, and for nothing else.
  void Wait(Member& member, const Resource& size);
  void StopWaiting(Member& member);

  // The first application in placement order whose class is ready.
  std::optional<ApplicationSlot> FirstReady() const;
  bool HasReady() const { return !ready_.empty(); }
  // Sets aside everyone who wants what `member` wants. Requires: it waits, its class is ready.
  void Block(const Member& member);
  bool IsBlocked(const Member& member) const;
  // A node has `free`: every class that fits in it becomes ready.
  void NodeHasRoom(const Resource& free);

  // The sizes of blocked classes with a member; for checks.
  std::vector<Resource> BlockedSizes() const;
  std::string CheckInvariants() const;

 private:
  using Size = std::pair<int64_t, int64_t>;  // memory, vcores
  using Ready = std::pair<ApplicationOrder, int32_t>;

  struct Class {
    Resource size;
    bool blocked = false;
    std::set<ApplicationOrder> members;
    std::set<Ready>::node_type ready;                     // held while it is not in ready_
    std::set<std::pair<Size, int32_t>>::node_type aside;  // held while it is not in blocked_
  };

  int32_t Intern(const Resource& size);
  void DropEmptyClasses();
  // To be called around every change of a class's first member.
  void TakeFromReady(Class& c);
  void PutToReady(int32_t index);
  Class& at(int32_t index) { return classes_[static_cast<size_t>(index)]; }
  const Class& at(int32_t index) const { return classes_[static_cast<size_t>(index)]; }

  std::vector<Class> classes_;
  std::vector<int32_t> unused_;
  std::map<Size, int32_t> by_size_;
  std::set<Ready> ready_;                       // ready classes with members, by their first
  std::set<std::pair<Size, int32_t>> blocked_;  // blocked classes, smallest memory first
  size_t drop_above_ = 1024;  // classes; beyond it those without members are dropped
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ASK_CLASSES_H_
