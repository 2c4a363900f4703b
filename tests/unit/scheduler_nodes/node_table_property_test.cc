// Properties over generated histories: the node table against the brute-force model, and a copy of
// it against itself.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "scheduler/nodes/node_table.h"
#include "tests/unit/scheduler_nodes/node_table_model.h"

namespace weir::scheduler {

static std::ostream& operator<<(std::ostream& out, const SearchPosition& p) {
  return out << "{" << p.rack << ", " << p.place << "}";
}

namespace {

// One call of a history; the numbers choose among what exists when it is applied.
struct Call {
  uint32_t kind = 0;
  uint32_t who = 0;
  uint32_t a = 0;
  uint32_t b = 0;
};

std::ostream& operator<<(std::ostream& out, const Call& call) {
  return out << "{" << call.kind << ", " << call.who << ", " << call.a << ", " << call.b << "}";
}

rc::Gen<std::vector<Call>> History() {
  const auto number = rc::gen::inRange<uint32_t>(0, 1000);
  return rc::gen::scale(2.0,
                        rc::gen::container<std::vector<Call>>(rc::gen::build<Call>(
                            rc::gen::set(&Call::kind, rc::gen::inRange<uint32_t>(0, 20)),
                            rc::gen::set(&Call::who, number),
                            rc::gen::set(&Call::a, number),
                            rc::gen::set(&Call::b, number))));
}

constexpr int32_t kPartitions = 3;
constexpr uint32_t kRacks = 4;

std::string RackName(uint32_t number) {
  return "/r" + std::to_string(number % kRacks);
}

class Runner {
 public:
  explicit Runner(int types) : types_(types), table_(types), model_(types) {
    table_.AddPartition("gpu");
    table_.AddPartition("ssd");
  }

  void Apply(const Call& call) {
    if (call.kind < 5) return Add(call);
    if (model_.nodes().empty()) return;
    const auto& nodes = model_.nodes();
    const NodeSlot slot =
        std::next(nodes.begin(), static_cast<ptrdiff_t>(call.who % nodes.size()))->first;
    switch (call.kind) {
      case 5:
      case 6:
        return Remove(slot);
      case 7:
        model_.node(slot).schedulable = call.a % 2 == 0;
        return table_.SetSchedulable(slot, call.a % 2 == 0);
      case 8:
      case 9:
        model_.node(slot).reserved = call.a % 3 == 0;
        return table_.SetReserved(slot, call.a % 3 == 0);
      case 10:
        model_.node(slot).capacity = SizeOf(call, 9);
        return table_.SetCapacity(slot, SizeOf(call, 9));
      case 11:
        model_.SetPartition(slot, PartitionOf(call.a));
        return table_.SetPartition(slot, PartitionOf(call.a));
      case 12:
      case 13:
      case 14:
        return Discharge(slot);
      default:
        return Charge(slot, SizeOf(call, 4), static_cast<int32_t>(call.who % 3));
    }
  }

  // The numbers of `call` choose what is searched for, and from where.
  void Check(const Call& call, const NodeTable& table) const {
    RC_ASSERT(table.CheckInvariants() == "");
    const Amounts needed = SizeOf(call, 5);
    const SearchPosition from{static_cast<int32_t>(call.who % 5), static_cast<int32_t>(call.a % 4)};
    for (const SearchPosition start : {SearchPosition{}, from}) {
      for (int32_t i = 0; i < kPartitions; ++i) CheckSearches(table, {i}, needed, start, call);
    }
    for (int32_t i = 0; i < kPartitions; ++i) {
      CheckSums(table, {i}, needed);
      CheckRefusals(table, {i}, needed);
    }
    CheckNodes(table);
  }

  const NodeTable& table() const { return table_; }

 private:
  struct Charged {
    Amounts each;
    int32_t count = 0;
  };

  static PartitionSlot PartitionOf(uint32_t number) {
    return {static_cast<int32_t>(number % kPartitions)};
  }
  // Small, so that nodes fill up and sizes meet; memory in other steps than vcores.
  Amounts SizeOf(const Call& call, uint32_t steps) const {
    Amounts size;
    uint32_t number = call.a + call.b * 7;
    for (int type = 0; type < types_; ++type) {
      size.Set(type, static_cast<int64_t>(number % steps) * (type == 0 ? 512 : 1));
      number /= steps;
    }
    return size;
  }

  void Add(const Call& call) {
    Node node;
    node.id = {"id" + std::to_string(next_++)};
    node.name = "host" + std::to_string(call.who % 7);
    node.rack = RackName(call.a);
    node.partition = PartitionOf(call.b / 3);
    node.capacity = SizeOf(call, 9);
    node.live = true;
    const int64_t version = table_.capacity_version();
    const NodeSlot slot = table_.Add(node.id, node.name, node.rack, node.partition, node.capacity);
    RC_ASSERT(table_.capacity_version() != version);
    RC_ASSERT(slot == model_.Add(node));
  }
  void Remove(NodeSlot slot) {
    while (model_.node(slot).containers > 0) Discharge(slot);
    model_.node(slot).reserved = false;
    table_.SetReserved(slot, false);
    model_.Remove(slot);
    table_.Remove(slot);
    RC_ASSERT(!table_.IsLive(slot));
  }
  void Charge(NodeSlot slot, const Amounts& each, int32_t count) {
    if (count == 0) return;
    model_.node(slot).used += each * count;
    model_.node(slot).containers += count;
    charged_[slot].push_back({each, count});
    const int64_t version = table_.capacity_version();
    table_.Charge(slot, each, count);
    RC_ASSERT(table_.capacity_version() == version);
  }
  // One container of the last charge.
  void Discharge(NodeSlot slot) {
    std::vector<Charged>& charged = charged_[slot];
    if (charged.empty()) return;
    model_.node(slot).used -= charged.back().each;
    --model_.node(slot).containers;
    table_.Discharge(slot, charged.back().each, 1);
    if (--charged.back().count == 0) charged.pop_back();
  }

  static void CheckFound(const std::optional<NodeTable::Found>& found,
                         const std::optional<NodeTable::Found>& expected) {
    RC_ASSERT(found.has_value() == expected.has_value());
    if (!found) return;
    RC_ASSERT(found->node.value == expected->node.value);
    RC_ASSERT(found->next == expected->next);
  }
  void CheckSearches(const NodeTable& table,
                     PartitionSlot partition,
                     const Amounts& needed,
                     SearchPosition from,
                     const Call& call) const {
    CheckFound(table.Find(partition, needed, from), model_.Find(partition, needed, from));
    for (uint32_t i = 0; i <= kRacks; ++i) {
      const std::string rack = i == kRacks ? "/elsewhere" : RackName(i);
      CheckFound(table.FindInRack(partition, rack, needed, from),
                 model_.Find(partition, needed, from, &rack));
    }
    const std::optional<SearchPosition> next = table.NextRack(partition, from);
    RC_ASSERT(next == model_.NextRack(partition, from));
    const int64_t enough = call.b % 30;
    const int64_t per_node = call.a % 3;
    RC_ASSERT(table.Room(partition, needed, enough, per_node) ==
              model_.Room(partition, needed, enough, per_node));
  }
  void CheckSums(const NodeTable& table, PartitionSlot partition, const Amounts& needed) const {
    const NodeTableModel::Sums sums{.capacity = table.capacity(partition),
                                    .used = table.used(partition),
                                    .open_free = table.open_free(partition),
                                    .largest_capacity = table.LargestCapacity(partition),
                                    .largest_free = table.LargestFree(partition),
                                    .nodes = table.nodes(partition),
                                    .schedulable = table.schedulable_nodes(partition)};
    RC_ASSERT((sums == model_.SumsOf(partition)));
    RC_ASSERT(table.SomeCapacityFits(partition, needed) ==
              model_.SomeCapacityFits(partition, needed));
  }
  void CheckRefusals(const NodeTable& table, PartitionSlot partition, const Amounts& needed) const {
    const NodeTable::Refusals found = table.CountRefusals(partition, needed);
    const NodeTable::Refusals expected = model_.CountRefusals(partition, needed);
    RC_ASSERT(found.unschedulable == expected.unschedulable);
    RC_ASSERT(found.reserved == expected.reserved);
    RC_ASSERT(found.too_small == expected.too_small);
    RC_ASSERT(found.no_room == expected.no_room);
    RC_ASSERT(found.fits == expected.fits);
    RC_ASSERT(found.short_of == expected.short_of);
  }
  void CheckNodes(const NodeTable& table) const {
    std::vector<NodeSlot> slots;
    for (const auto& [slot, member] : model_.nodes()) {
      slots.push_back(slot);
      const Node& node = table.at(slot);
      RC_ASSERT(node.id == member.node.id);
      RC_ASSERT(node.partition == member.node.partition);
      RC_ASSERT(node.used == member.node.used);
      RC_ASSERT(node.capacity == member.node.capacity);
      RC_ASSERT(node.containers == member.node.containers);
      RC_ASSERT(node.overcommitted == !member.node.used.FitsIn(member.node.capacity));
    }
    RC_ASSERT((table.All() == slots));
    RC_ASSERT(table.size() == slots.size());
    for (uint32_t i = 0; i < 8; ++i) {
      const std::string name = "host" + std::to_string(i);
      RC_ASSERT((table.Named(name) == model_.Named(name)));
    }
    for (uint32_t i = 0; i <= kRacks; ++i) {
      const std::string rack = i == kRacks ? "/elsewhere" : RackName(i);
      RC_ASSERT(table.KnowsRack(rack) == model_.KnowsRack(rack));
    }
  }

  int types_;
  NodeTable table_;
  NodeTableModel model_;
  std::map<NodeSlot, std::vector<Charged>> charged_;
  int64_t next_ = 1;
};

RC_GTEST_PROP(NodeTableProperty, AnswersAsLookingAtEveryNodeDoesAfterEveryCall, ()) {
  const int types = *rc::gen::inRange(2, 6);
  const std::vector<Call> history = *History();
  Runner runner(types);
  for (const Call& call : history) {
    runner.Apply(call);
    runner.Check(call, runner.table());
  }
}

// A copy answers like the table, goes on like it, and neither sees what happens to the other.
RC_GTEST_PROP(NodeTableProperty, ACopyIsATableOfItsOwn, ()) {
  const std::vector<Call> history = *History();
  const std::vector<Call> later = *History();
  Runner runner(3);
  for (const Call& call : history) runner.Apply(call);
  Runner copy = runner;
  const Call last{.kind = 0, .who = 1, .a = 9, .b = 20};
  for (const Call& call : later) {
    copy.Apply(call);
    copy.Check(call, copy.table());
  }
  runner.Check(last, runner.table());
  for (const Call& call : later) runner.Apply(call);
  copy.Check(last, runner.table());
}

}  // namespace
}  // namespace weir::scheduler
