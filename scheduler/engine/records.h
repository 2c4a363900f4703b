// What the engine holds about applications, their asks and who waits where. Plain data; the
// engine's State keeps them consistent.
//
// Terms: a *line* is what one application wants of one partition: its asks in placement order, of
// which the *head* is tried first. A *group* is the lines of one user in one leaf queue whose heads
// want the same shape of the same partition: whatever keeps one of them from being placed keeps all
// of them, so they are set aside and woken together. A line whose head has constraints of its own
// (locality, gang, spread, bounds, an unwanted node) is alone in a *solo* group. A group is *ready*
// (in its leaf's heap) or *parked*: by the user's limit, by the class (no node has room for the
// shape), or by a queue's limit, alone (gangs, and what need not stop the queue; otherwise the
// queue itself is parked and the group stays ready).
#ifndef WEIR_SCHEDULER_ENGINE_RECORDS_H_
#define WEIR_SCHEDULER_ENGINE_RECORDS_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>  // lookup-only
#include <vector>

#include "common/application.h"
#include "common/ids.h"
#include "common/master_messages.h"
#include "common/time.h"
#include "scheduler/amounts.h"
#include "scheduler/engine/indexed_heap.h"
#include "scheduler/queues/queue_tree.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

// What an ask says beyond size and count.
struct Constraints {
  std::vector<std::string> nodes;
  std::vector<std::string> racks;
  bool relax = true;
  bool gang = false;
  Spread spread = Spread::kPack;
  int32_t max_per_node = 0;
  int32_t max_per_rack = 0;
  bool operator==(const Constraints&) const = default;

  bool plain() const { return *this == Constraints{}; }
  bool has_places() const { return !nodes.empty() || !racks.empty(); }
  bool bounded() const { return max_per_node > 0 || max_per_rack > 0; }
};

struct Ask {
  int64_t request_id = 0;
  int32_t priority = 0;
  int32_t count = 0;
  ShapeSlot shape;
  int32_t line = -1;
  int32_t constraints = -1;  // -1 = a plain one
};

struct AskKey {
  int32_t priority = 0;
  int64_t request_id = 0;
  auto operator<=>(const AskKey&) const = default;
};

struct Line {
  ApplicationSlot application;
  PartitionSlot partition;
  IndexedHeap<AskKey> asks;
  int32_t group = -1;
  Amounts pending;
  int64_t containers = 0;                 // wanted
  std::optional<Instant> locality_since;  // waits for its nodes since then
};

// The place of a line among those of its leaf: smaller first.
struct LineKey {
  int64_t first = 0;  // fifo: -priority; fair: what it uses
  int64_t order = 0;
  int32_t line = -1;
  auto operator<=>(const LineKey&) const = default;
};

enum class Waits { kNowhere, kReady, kUserLimit, kGangUserLimit, kRoom, kQueueLimit };

struct Group {
  QueueSlot leaf;
  UserSlot user;
  PartitionSlot partition;
  ShapeSlot shape;
  bool live = false;
  bool solo = false;
  bool due = false;  // its time has come: try what is only tried after a while
  Waits waits = Waits::kNowhere;
  PendingReason reason = PendingReason::kNone;  // why it is parked
  QueueSlot binding;                            // whose limit, when a queue's
  int32_t parked_at = -1;                       // its place in the list that it is parked in
  int64_t missing = 0;                          // gang: containers without room when it was parked
  std::optional<Instant> since;                 // no room since then
  int64_t others_placed = 0;                    // containers of other shapes, by then
  IndexedHeap<LineKey> lines;
};

// One shape in one partition.
struct ShapeClass {
  bool blocked = false;                    // no open node has room for it
  int64_t placed = 0;                      // containers of it, ever
  std::vector<int32_t> parked;             // groups
  std::optional<Instant> reservation_try;  // the last one
};

// One queue in one partition: who of it and below is ready.
struct QueueLane {
  IndexedHeap<QueueOrder> children;  // of a parent: ready ones
  IndexedHeap<LineKey> groups;       // of a leaf: ready ones, by their first line
  IndexedHeap<Share> over_limit;  // of a leaf: groups parked by the user limit, by usage / weight
  std::vector<int32_t> gangs_over_limit;  // of a leaf: gangs parked by the user limit
  bool gangs_due = false;                 // that limit may have grown
  std::vector<int32_t> alone;             // groups parked by this queue's limit, each alone
  bool in_parent = false;
  bool parked = false;  // at its limit
  PendingReason reason = PendingReason::kNone;

  bool has_ready() const { return !children.empty() || !groups.empty(); }
};

// Why a group cannot be placed now, and where it is to be parked.
struct Refusal {
  Waits waits = Waits::kRoom;
  PendingReason reason = PendingReason::kInsufficient;
  QueueSlot binding{};  // whose limit, when a queue's
};

struct PartitionUse {
  Amounts used;
  Amounts reserved;
};

struct Application {
  AttemptId id;
  std::string user_name;
  QueueSlot leaf;
  UserSlot user;
  int32_t priority = 0;
  int64_t order = 0;
  bool live = false;
  bool activated = false;
  bool asking = false;                            // counted as such in the queue tree
  PendingReason inactive = PendingReason::kNone;  // why it is not activated
  PartitionSlot am_partition;
  Amounts am;
  std::string default_label;
  std::vector<int32_t> lines;                 // by partition, those in use
  std::vector<PartitionUse> uses;             // by partition; grown on demand
  std::unordered_map<int64_t, int32_t> asks;  // lookup-only: request id -> ask slot
  std::vector<std::string> blacklist;         // sorted host names, and ids of nodes
  std::vector<NodeSlot> reservations;
  std::map<int32_t, int32_t> on_node;      // containers by node slot, once a bound was asked for
  std::map<std::string, int32_t> on_rack;  // the same by rack
  bool counts_places = false;
  int32_t containers = 0;
  int32_t next_gang = 1;
  int32_t member_place = -1;  // among those of its leaf
  int64_t wanted = 0;         // containers, over all lines
};

// A node held back: for one container that is too large for what is free, or for a gang.
struct Reservation {
  NodeSlot node;
  ApplicationSlot application;
  int32_t line = -1;
  ShapeSlot shape;
  bool gang = false;
  Instant since;
  uint64_t number = 0;  // grows with every reservation
};

// One gang that has nodes held back; one per leaf.
struct GangPlan {
  int32_t line = -1;
  std::vector<NodeSlot> nodes;
  Instant ends;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ENGINE_RECORDS_H_
