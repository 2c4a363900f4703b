// RackIndex: where in one partition a container fits: its nodes by rack, in trees of free amounts.
//
// Terms: the *order* of a partition is that of its racks, then of the places in a rack. A rack gets
// the lowest free place when its first node comes and gives it back with its last; a node likewise
// within its rack. A *balance* of amounts is min(memory, vcores x ratio); there are two, with the
// ratio of the first node that came and with half of it.
//
// Algorithm: a MaxTree per rack and one over the racks' maxima. The balances are further parts of
// the trees: they can only prune (what fits part by part has no smaller balance either), and prune
// well where a cluster is full: of nodes that lack memory here and vcores there, the maxima say
// that all is there, a balance says that no node has both. A need of m and c > 1 vcores is told
// from every node that lacks either by any ratio from m / c to below m / (c - 1), of c = 1 by any
// from m on. Needs of quite another shape, and named types that are scarce on alternate nodes, may
// still have a search look at all nodes.
//
// Invariants: racks without nodes have no name and only closed places; the tree over the racks
// holds their maxima.
// Owner: NodeTable. Single-threaded. Copyable as a value.
#ifndef WEIR_SCHEDULER_NODES_RACK_INDEX_H_
#define WEIR_SCHEDULER_NODES_RACK_INDEX_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/amounts.h"
#include "scheduler/nodes/dense_places.h"
#include "scheduler/nodes/max_tree.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

// A place in the order of a search; to go on after the node found.
struct SearchPosition {
  int32_t rack = 0;
  int32_t place = 0;
  auto operator<=>(const SearchPosition&) const = default;
};

class RackIndex {
 public:
  struct Found {
    NodeSlot node;
    SearchPosition next;  // just after it
  };

  explicit RackIndex(int resource_types);

  // At a closed place. `capacity` only says what the balance should look like.
  SearchPosition Insert(NodeSlot node, const std::string& rack, const Amounts& capacity);
  void Erase(SearchPosition at);
  // Opens the place: capacity - used is free there.
  void SetFree(SearchPosition at, const Amounts& capacity, const Amounts& used);
  void Close(SearchPosition at);

  std::optional<Found> Find(const Amounts& needed, SearchPosition from) const;
  std::optional<Found> FindInRack(const std::string& rack,
                                  const Amounts& needed,
                                  SearchPosition from) const;
  // The start of the next rack with nodes.
  std::optional<SearchPosition> NextRack(SearchPosition p) const;
  bool KnowsRack(const std::string& rack) const { return places_by_name_.contains(rack); }
  // Over the open places; 0 where all have less or none is open.
  Amounts LargestFree() const;
  // In the order.
  std::vector<NodeSlot> Nodes() const;

  // That `at` holds `node`, closed or with these amounts free; "" when it does.
  std::string CheckPlace(SearchPosition at, NodeSlot node, const Amounts* free) const;
  std::string CheckInvariants() const;

 private:
  static constexpr int kBalances = MaxTree::kMaxParts - Amounts::kMaxTypes;

  struct Rack {
    std::string name;
    MaxTree tree;
    std::vector<NodeSlot> nodes;  // by place; -1 where there is none
    DensePlaces places;
  };

  const Rack& rack(int32_t place) const { return racks_[static_cast<size_t>(place)]; }
  Rack& rack(int32_t place) { return racks_[static_cast<size_t>(place)]; }
  int32_t PlaceOf(const std::string& name);
  void SetRatios(const Amounts& capacity);
  void SetBalances(MaxTree::Parts& parts) const;
  MaxTree::Parts Need(const Amounts& needed) const;
  std::optional<Found> FindAt(int32_t rack_place, const MaxTree::Parts& needed, int32_t from) const;

  int types_;
  std::array<int64_t, kBalances> ratios_{1024, 512};  // MiB per vcore
  MaxTree over_racks_;
  std::vector<Rack> racks_;
  DensePlaces rack_places_;
  std::map<std::string, int32_t> places_by_name_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_NODES_RACK_INDEX_H_
