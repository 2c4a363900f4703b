// ZookeeperStore: the state store in ZooKeeper, which several ResourceManagers share and which
// fences: see protocol/zk_layout.h for where things are and protocol/zk_writer.h for how they are
// written.
//
// It does without ZooKeeper for as long as that is away: what was appended waits (bounded) and is
// written when it is back, on a new session if need be. Being the writer does not depend on a
// session: only another writer ends it. Nodes are readable and writable by whoever knows the
// cluster secret (a digest made from it) and by nobody else.
//
// Threads: one of its own runs the writer and calls every `done`; the client's two only post to it.
// Open and Load run on the caller's and wait for answers, each at most as long as the options say.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_STORE_H_
#define WEIR_STATE_STORE_ZOOKEEPER_STORE_H_

#include <memory>
#include <string>

#include "common/result.h"
#include "common/time.h"
#include "state-store/state_store.h"
#include "state-store/zookeeper_session.h"

namespace weir::store {

struct ZookeeperStoreOptions {
  ZooKeeperOptions session;
  std::string parent = "/weir";  // absolute, without a slash at the end; made if need be
  std::string cluster_id;
  size_t value_bytes = 1'000'000;  // of one request: below the servers' jute.maxbuffer
  size_t queue_limit = 65'536;
  std::string election_lock;  // whose holder leads; "" = there is no election
  std::string home;           // the id of the directory that this process has locked; "" = not told
};

// Waits for the first connection. kUnavailable: none in time; kNotFound: the chroot of the
// address is missing; kPermissionDenied: made with another secret.
Result<std::unique_ptr<StateStore>> OpenZookeeperStore(const ZookeeperStoreOptions& options);

// The digest's password for a cluster's secret: ZooKeeper never sees the secret itself.
std::string ZookeeperPassword(const std::string& cluster_secret);

// The highest epoch that is written down in the store, without opening it; 0 = there is no store,
// or none can be read. Errors: as OpenZookeeperStore.
Result<Epoch> ReadZookeeperEpoch(const ZookeeperStoreOptions& options);

// Removes the whole store. kFailedPrecondition: somebody has it open for writing, or is elected to,
// with the name; kNotFound: there is none. Else as OpenZookeeperStore.
Status FormatZookeeperStore(const ZookeeperStoreOptions& options);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_STORE_H_
