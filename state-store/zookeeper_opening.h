// ZookeeperOpening: becoming the writer of a store in ZooKeeper. Blocks; see zookeeper_client.h.
// Owner: a ZookeeperStore, on the thread of whoever calls Open.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_OPENING_H_
#define WEIR_STATE_STORE_ZOOKEEPER_OPENING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/state_store.h"
#include "state-store/zookeeper_client.h"

namespace weir::store {

struct TakenEpoch {
  EpochRecord record;
  int32_t node_version = 0;  // of the epoch node, by which all writes under it are checked
};

class ZookeeperOpening {
 public:
  // All three must outlive this. `home` is that of ZookeeperStoreOptions.
  ZookeeperOpening(ZookeeperClient& client, const ZkLayout& layout, const std::string& home);

  // What the holder's node says of a writer: for people, but for the directory at its end.
  static std::string HolderWords(Epoch epoch, const std::string& home);

  // "the state store PATH in ZooKeeper", for messages.
  const std::string& place() const { return place_; }

  // kNotFound: the chroot of the address is missing; kPermissionDenied: the store is
  // another secret's; kUnavailable.
  Status CheckPlace();
  // The conditional write that makes a writer and shuts out the former one; makes the store if it
  // is not there. Errors: StateStore::Open.
  Result<TakenEpoch> TakeEpoch(const OpenRequest& request);

  // What the groups are to go on from when the head does not say it: above all that the changes
  // speak of, and so far that whoever follows them reads everything again.
  Result<uint64_t> NumberWithoutHead();

 private:
  Status AwaitHolder();
  bool IsFormerRun(const std::string& holder) const;
  // Nothing: somebody else was faster, or the outcome is not known; try again.
  Result<std::optional<TakenEpoch>> Bump(const OpenRequest& request);
  Result<std::optional<TakenEpoch>> MakeStore(const OpenRequest& request);
  Status MakeParents();
  // The same request, with an epoch above the head's, for when the epoch's own node does not say
  // it.
  Result<OpenRequest> AboveTheHead(OpenRequest request);

  ZookeeperClient& client_;
  const ZkLayout& layout_;
  const std::string& home_;
  const std::string place_;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_OPENING_H_
