// HeldNodes: the nodes on which an ApplicationMaster holds containers, and how old its token for
// each is.
//
// A token's age is the id of the key that it is signed with: tokens of keys that have been replaced
// are refused some time later, so that the ApplicationMaster asks for new ones, a few at a time.
// Single-threaded. Pure.
#ifndef WEIR_APPMASTER_CORE_HELD_NODES_H_
#define WEIR_APPMASTER_CORE_HELD_NODES_H_

#include <cstddef>
#include <map>
#include <vector>

#include "common/ids.h"

namespace weir::am {

class HeldNodes {
 public:
  // A container more there, with a token of that key for its node; a container less.
  void Add(const NodeId& node, int key_id);
  void Remove(const NodeId& node);
  void Renewed(const NodeId& node, int key_id);
  // The first nodes, at most `most`, with a token of a key before `key_id`.
  std::vector<NodeId> WithTokensBefore(int key_id, size_t most) const;

 private:
  struct Held {
    int containers = 0;
    int key_id = 0;
  };
  std::map<NodeId, Held> nodes_;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_HELD_NODES_H_
