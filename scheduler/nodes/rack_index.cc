#include "scheduler/nodes/rack_index.h"

#include <algorithm>

#include "common/check.h"

namespace weir::scheduler {
namespace {

// Beyond these a balance no longer tells nodes apart, but never overflows.
constexpr int64_t kMaxRatio = int64_t{1} << 40;
constexpr int64_t kMaxBalancedVcores = int64_t{1} << 20;

}  // namespace

RackIndex::RackIndex(int resource_types)
    : types_(resource_types), over_racks_(resource_types + kBalances) {
  WEIR_CHECK(resource_types >= 2 && resource_types <= Amounts::kMaxTypes,
             "memory and vcores are always scheduled");
}

SearchPosition RackIndex::Insert(NodeSlot node, const std::string& name, const Amounts& capacity) {
  if (rack_places_.taken() == 0) SetRatios(capacity);
  const int32_t rack_place = PlaceOf(name);
  Rack& in = rack(rack_place);
  const int32_t place = in.places.Take();
  if (static_cast<size_t>(place) == in.nodes.size()) in.nodes.emplace_back();
  in.nodes[static_cast<size_t>(place)] = node;
  in.tree.GrowTo(place + 1);
  return {rack_place, place};
}

int32_t RackIndex::PlaceOf(const std::string& name) {
  const auto known = places_by_name_.find(name);
  if (known != places_by_name_.end()) return known->second;
  const int32_t place = rack_places_.Take();
  if (static_cast<size_t>(place) == racks_.size()) {
    racks_.push_back(
        {.name = name, .tree = MaxTree(types_ + kBalances), .nodes = {}, .places = {}});
    over_racks_.GrowTo(place + 1);
  }
  rack(place).name = name;
  places_by_name_.emplace(name, place);
  return place;
}

void RackIndex::Erase(SearchPosition at) {
  Close(at);
  Rack& in = rack(at.rack);
  in.nodes[static_cast<size_t>(at.place)] = NodeSlot{};
  in.places.GiveBack(at.place);
  if (in.places.taken() > 0) return;
  places_by_name_.erase(in.name);
  in = {.name = {}, .tree = MaxTree(types_ + kBalances), .nodes = {}, .places = {}};
  rack_places_.GiveBack(at.rack);
}

void RackIndex::SetRatios(const Amounts& capacity) {
  const int64_t vcores = capacity[Amounts::kVcores];
  if (vcores <= 0) return;
  const int64_t ratio = std::clamp<int64_t>(capacity[Amounts::kMemory] / vcores, 1, kMaxRatio);
  ratios_ = {ratio, std::max<int64_t>(ratio / 2, 1)};
}

// Grows with each of both, which is all that a search relies on.
void RackIndex::SetBalances(MaxTree::Parts& parts) const {
  const int64_t vcores = std::clamp<int64_t>(parts[Amounts::kVcores], 0, kMaxBalancedVcores);
  for (size_t i = 0; i < ratios_.size(); ++i) {
    parts[static_cast<size_t>(types_) + i] = std::min(parts[Amounts::kMemory], vcores * ratios_[i]);
  }
}

void RackIndex::SetFree(SearchPosition at, const Amounts& capacity, const Amounts& used) {
  MaxTree::Parts parts{};
  for (int type = 0; type < types_; ++type) {
    parts[static_cast<size_t>(type)] = capacity[type] - used[type];
  }
  SetBalances(parts);
  MaxTree& tree = rack(at.rack).tree;
  if (tree.Set(at.place, parts)) over_racks_.Set(at.rack, tree.largest());
}

void RackIndex::Close(SearchPosition at) {
  MaxTree& tree = rack(at.rack).tree;
  if (tree.Close(at.place)) over_racks_.Set(at.rack, tree.largest());
}

// A closed place holds the least number, so needs are kept above it.
MaxTree::Parts RackIndex::Need(const Amounts& needed) const {
  MaxTree::Parts parts{};
  for (int type = 0; type < types_; ++type) {
    parts[static_cast<size_t>(type)] = std::max(needed[type], MaxTree::kClosed + 1);
  }
  SetBalances(parts);
  return parts;
}

std::optional<RackIndex::Found> RackIndex::FindAt(int32_t rack_place,
                                                  const MaxTree::Parts& needed,
                                                  int32_t from) const {
  const Rack& in = rack(rack_place);
  const int32_t place = in.tree.Find(needed, from);
  if (place == MaxTree::kNone) return std::nullopt;
  return Found{in.nodes[static_cast<size_t>(place)], {rack_place, place + 1}};
}

std::optional<RackIndex::Found> RackIndex::Find(const Amounts& needed, SearchPosition from) const {
  const MaxTree::Parts parts = Need(needed);
  if (from.place > 0) {
    if (static_cast<size_t>(from.rack) >= racks_.size()) return std::nullopt;
    if (const auto found = FindAt(from.rack, parts, from.place)) return found;
    ++from.rack;
  }
  while (true) {
    const int32_t next = over_racks_.Find(parts, from.rack);
    if (next == MaxTree::kNone) return std::nullopt;
    if (const auto found = FindAt(next, parts, 0)) return found;
    from.rack = next + 1;
  }
}

std::optional<RackIndex::Found> RackIndex::FindInRack(const std::string& name,
                                                      const Amounts& needed,
                                                      SearchPosition from) const {
  const auto known = places_by_name_.find(name);
  if (known == places_by_name_.end() || known->second < from.rack) return std::nullopt;
  return FindAt(known->second, Need(needed), known->second == from.rack ? from.place : 0);
}

std::optional<SearchPosition> RackIndex::NextRack(SearchPosition p) const {
  for (int32_t next = p.rack + 1; static_cast<size_t>(next) < racks_.size(); ++next) {
    if (rack(next).places.taken() > 0) return SearchPosition{next, 0};
  }
  return std::nullopt;
}

Amounts RackIndex::LargestFree() const {
  Amounts largest;
  for (int type = 0; type < types_; ++type) {
    largest.Set(type, std::max<int64_t>(over_racks_.largest(type), 0));
  }
  return largest;
}

std::vector<NodeSlot> RackIndex::Nodes() const {
  std::vector<NodeSlot> nodes;
  for (const Rack& in : racks_) {
    for (const NodeSlot node : in.nodes) {
      if (node.value >= 0) nodes.push_back(node);
    }
  }
  return nodes;
}

std::string RackIndex::CheckPlace(SearchPosition at, NodeSlot node, const Amounts* free) const {
  const Rack& in = rack(at.rack);
  if (in.nodes[static_cast<size_t>(at.place)] != node) return "its place holds another node";
  for (int type = 0; type < types_; ++type) {
    const int64_t expected = free == nullptr ? MaxTree::kClosed : (*free)[type];
    if (in.tree.at(at.place, type) != expected) {
      return "its place says " + std::to_string(in.tree.at(at.place, type)) + " of type " +
             std::to_string(type) + " are free, not " + std::to_string(expected);
    }
  }
  return "";
}

std::string RackIndex::CheckInvariants() const {
  for (size_t i = 0; i < racks_.size(); ++i) {
    const Rack& in = racks_[i];
    const std::string broken = in.tree.CheckInvariants();
    if (!broken.empty()) return "rack " + in.name + ": " + broken;
    if (in.places.taken() == 0) {
      if (!in.name.empty()) return "rack " + in.name + " is named, but has no nodes";
    } else if (!places_by_name_.contains(in.name)) {
      return "rack " + in.name + " has nodes, but no place";
    }
    for (int part = 0; part < types_ + kBalances; ++part) {
      if (over_racks_.at(static_cast<int32_t>(i), part) != in.tree.largest(part)) {
        return "the tree over the racks does not hold the maxima of rack " + in.name;
      }
    }
  }
  if (static_cast<size_t>(rack_places_.taken()) != places_by_name_.size()) {
    return "not as many racks as names of racks";
  }
  return over_racks_.CheckInvariants();
}

}  // namespace weir::scheduler
