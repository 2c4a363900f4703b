// Removing a store from ZooKeeper.
#include <algorithm>
#include <string>
#include <vector>

#include "state-store/protocol/zk_layout.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_marks.h"
#include "state-store/zookeeper_store.h"

namespace weir::store {
namespace {

// In parts, from the epoch on: with it gone nobody writes any more.
Status RemoveAll(ZookeeperClient& client, const std::vector<std::string>& paths) {
  constexpr size_t kPart = 500;
  for (size_t at = 0; at < paths.size(); at += kPart) {
    std::vector<ZkOperation> part;
    for (size_t i = at; i < std::min(at + kPart, paths.size()); ++i) {
      part.push_back({.kind = ZkOperation::Kind::kDelete, .path = paths[i]});
    }
    WEIR_ASSIGN_OR_RETURN(const ZkOutcome removed, client.Multi(part));
    if (removed.code != ZkCode::kOk) return client.Refused(part[removed.failed].path, removed);
  }
  return {};
}

constexpr char kRemedy[] =
    "stop all ResourceManagers of the cluster first; what one that was killed has here goes with "
    "its session";

// A holder or a lock that is not ephemeral is nobody's.
Status CheckUnused(ZookeeperClient& client, const ZkLayout& layout, const std::string& lock_path) {
  WEIR_ASSIGN_OR_RETURN(const ZkNode holder, client.Get(layout.holder()));
  if (holder.exists && holder.ephemeral) {
    return Error{ErrorCode::kFailedPrecondition,
                 "the state store " + layout.root() +
                     " in ZooKeeper is in use by a ResourceManager (" + holder.data + ")",
                 kRemedy};
  }
  if (lock_path.empty()) return {};
  WEIR_ASSIGN_OR_RETURN(const ZkNode lock, client.Get(lock_path));
  if (!lock.exists || !lock.ephemeral) return {};
  return Error{ErrorCode::kFailedPrecondition,
               "a ResourceManager (" + lock.data + ") is elected: it has the lock " + lock_path +
                   " in ZooKeeper",
               kRemedy};
}

Status Format(ZookeeperClient& client, const ZkLayout& layout) {
  WEIR_ASSIGN_OR_RETURN(const ZkNode root, client.Get(layout.root()));
  if (!root.exists) {
    return Error{
        ErrorCode::kNotFound, "there is no state store " + layout.root() + " in ZooKeeper", ""};
  }
  std::vector<std::string> parents = {layout.changes()};
  for (int bucket = 0; bucket < ZkLayout::kBuckets; ++bucket) {
    parents.push_back(layout.Bucket(bucket));
  }
  WEIR_ASSIGN_OR_RETURN(const auto children, client.ChildrenOfAll(parents));
  WEIR_ASSIGN_OR_RETURN(const ZkNode epoch, client.Get(layout.epoch()));
  std::vector<std::string> paths;
  if (epoch.exists) paths.push_back(layout.epoch());
  for (size_t i = 0; i < parents.size(); ++i) {
    for (const std::string& name : children[i]) paths.push_back(parents[i] + "/" + name);
  }
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> top, client.Children(layout.root()));
  const auto has = [&top](const char* name) {
    return std::find(top.begin(), top.end(), name) != top.end();
  };
  if (has("head")) paths.push_back(layout.head());
  if (has("holder")) paths.push_back(layout.holder());
  if (has("records")) {
    WEIR_ASSIGN_OR_RETURN(const auto buckets, client.Children(layout.records()));
    for (const std::string& bucket : buckets) paths.push_back(layout.records() + "/" + bucket);
    paths.push_back(layout.records());
  }
  if (has("changes")) paths.push_back(layout.changes());
  WEIR_RETURN_IF_ERROR(RemoveAll(client, paths));
  // The root stays if somebody else has something in it.
  WEIR_ASSIGN_OR_RETURN(
      const ZkOutcome removed,
      client.Multi({{.kind = ZkOperation::Kind::kDelete, .path = layout.root()}}));
  if (removed.code == ZkCode::kOk || removed.code == ZkCode::kNotEmpty) return {};
  return client.Refused(layout.root(), removed);
}

}  // namespace

Result<Epoch> ReadZookeeperEpoch(const ZookeeperStoreOptions& options) {
  ZookeeperClient client(options.session, [](uint64_t, ZooKeeperSession::State) {});
  WEIR_RETURN_IF_ERROR(client.Renew());
  WEIR_RETURN_IF_ERROR(client.AwaitConnection());
  const ZkLayout layout(options.parent, options.cluster_id);
  WEIR_ASSIGN_OR_RETURN(const std::vector<ZkNode> nodes,
                        client.GetAll({layout.epoch(), layout.head()}));
  return EpochSaid(nodes[0], nodes[1]).value_or(Epoch{});
}

Status FormatZookeeperStore(const ZookeeperStoreOptions& options) {
  ZookeeperClient client(options.session, [](uint64_t, ZooKeeperSession::State) {});
  WEIR_RETURN_IF_ERROR(client.Renew());
  WEIR_RETURN_IF_ERROR(client.AwaitConnection());
  const ZkLayout layout(options.parent, options.cluster_id);
  WEIR_RETURN_IF_ERROR(CheckUnused(client, layout, options.election_lock));
  return Format(client, layout);
}

}  // namespace weir::store
