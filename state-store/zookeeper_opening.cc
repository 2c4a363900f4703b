#include "state-store/zookeeper_opening.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "common/strings.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "state-store/directory_lock.h"
#include "state-store/epoch_rules.h"
#include "state-store/zookeeper_marks.h"

namespace weir::store {
namespace {

constexpr int kAttempts = 5;
constexpr Duration kHolderLook = milliseconds(100);
constexpr Duration kHolderMargin = seconds(5);

std::string DirectoryWords(const std::string& home) {
  return ", directory " + home;
}

Error Missing(const std::string& servers) {
  const size_t slash = servers.find('/');
  const std::string path = slash == std::string::npos ? "/" : servers.substr(slash);
  return {ErrorCode::kNotFound,
          "the path " + path + " of hadoop.zk.address (" + servers + ") is not there",
          "make it in ZooKeeper ('zkCli.sh create " + path + "'), or leave it out of the address"};
}

}  // namespace

ZookeeperOpening::ZookeeperOpening(ZookeeperClient& client,
                                   const ZkLayout& layout,
                                   const std::string& home)
    : client_(client),
      layout_(layout),
      home_(home),
      place_("the state store " + layout.root() + " in ZooKeeper") {}

std::string ZookeeperOpening::HolderWords(Epoch epoch, const std::string& home) {
  return ThisHolder() + ", epoch " + std::to_string(epoch.value) +
         (home.empty() ? "" : DirectoryWords(home));
}

Status ZookeeperOpening::CheckPlace() {
  WEIR_RETURN_IF_ERROR(client_.AwaitConnection());
  WEIR_ASSIGN_OR_RETURN(const ZkNode top, client_.Get("/"));
  if (!top.exists) return Missing(client_.servers());
  // Whether the nodes are for us shows now and not in the middle of something.
  WEIR_ASSIGN_OR_RETURN(const ZkNode root, client_.Get(layout_.root()));
  static_cast<void>(root);
  return {};
}

Result<TakenEpoch> ZookeeperOpening::TakeEpoch(const OpenRequest& request) {
  WEIR_RETURN_IF_ERROR(client_.AwaitConnection());
  if (!request.take_over) WEIR_RETURN_IF_ERROR(AwaitHolder());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    WEIR_RETURN_IF_ERROR(client_.AwaitConnection());
    WEIR_ASSIGN_OR_RETURN(const std::optional<TakenEpoch> taken, Bump(request));
    if (taken) return *taken;
  }
  return client_.Unavailable("the epoch could not be written");
}

Result<uint64_t> ZookeeperOpening::NumberWithoutHead() {
  std::vector<std::string> slots;
  for (uint64_t slot = 0; slot < ZkLayout::kChangeSlots; ++slot) {
    slots.push_back(layout_.ChangesPath(slot));
  }
  WEIR_ASSIGN_OR_RETURN(const std::vector<ZkNode> nodes, client_.GetAll(slots));
  uint64_t highest = 0;
  for (uint64_t slot = 0; slot < ZkLayout::kChangeSlots; ++slot) {
    const std::optional<ZkChanges> changes = DecodeChanges(nodes[slot].data);
    // They may be damaged, too.
    if (!changes || changes->head.number % ZkLayout::kChangeSlots != slot) continue;
    if (changes->head.number > ZkLayout::kNumberMax / 2) continue;
    highest = std::max(highest, changes->head.number);
  }
  return highest + ZkLayout::kChangeSlots;
}

// The process that wrote it worked in the directory that this one has locked, so it has ended; only
// its session goes on. Should it be wrong, as of a copied directory, the epoch shuts the other out.
bool ZookeeperOpening::IsFormerRun(const std::string& holder) const {
  return !home_.empty() && holder.ends_with(DirectoryWords(home_));
}

Status ZookeeperOpening::AwaitHolder() {
  const std::shared_ptr<ZooKeeperSession> session = client_.session();
  const Duration timeout = session == nullptr ? Duration{} : session->granted_timeout();
  const Instant deadline = platform::MonotonicNow() + timeout + kHolderMargin;
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const ZkNode holder, client_.Get(layout_.holder()));
    if (!holder.exists || !holder.ephemeral) return {};
    if (IsFormerRun(holder.data)) {
      platform::LogInfo("rm.store",
                        "zookeeper",
                        "has a former run of this ResourceManager as its writer: its session is "
                        "not waited for",
                        {{"writer", holder.data}});
      return {};
    }
    if (platform::MonotonicNow() >= deadline) {
      return Error{ErrorCode::kFailedPrecondition,
                   place_ + " is in use by another ResourceManager (" + holder.data + ")",
                   "stop that one, or give this one another yarn.resourcemanager.cluster-id"};
    }
    std::this_thread::sleep_for(kHolderLook);
  }
}

Status ZookeeperOpening::MakeParents() {
  for (size_t at = 1; at != std::string::npos && !layout_.parent().empty();) {
    at = layout_.parent().find('/', at + 1);
    const std::string path = layout_.parent().substr(0, at);
    WEIR_ASSIGN_OR_RETURN(
        const ZkOutcome made,
        client_.Multi({{.kind = ZkOperation::Kind::kCreate, .path = path, .open = true}}));
    if (made.code != ZkCode::kOk && made.code != ZkCode::kNodeExists) {
      return client_.Refused(path, made);
    }
  }
  return {};
}

Result<OpenRequest> ZookeeperOpening::AboveTheHead(OpenRequest request) {
  WEIR_ASSIGN_OR_RETURN(const ZkNode head, client_.Get(layout_.head()));
  request.at_least = std::max(request.at_least, EpochSaid({}, head).value_or(Epoch{}));
  return request;
}

Result<std::optional<TakenEpoch>> ZookeeperOpening::MakeStore(const OpenRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const ZkNode root, client_.Get(layout_.root()));
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> children, client_.Children(layout_.root()));
  const bool ours = std::find(children.begin(), children.end(), "records") != children.end();
  if (!children.empty() && !ours) {
    return Error{ErrorCode::kFailedPrecondition,
                 "the node " + layout_.root() +
                     " in ZooKeeper holds something else: " + CutMiddle(Join(children, ", "), 200),
                 "set yarn.resourcemanager.zk-state-store.parent-path or the cluster id to "
                 "another one"};
  }
  if (ours && request.at_least.value == 0) return EpochIsGone(place_);
  if (!ours) WEIR_RETURN_IF_ERROR(CheckMayBegin(place_, request));
  WEIR_ASSIGN_OR_RETURN(const OpenRequest above, AboveTheHead(request));
  WEIR_ASSIGN_OR_RETURN(const EpochRecord next, NextEpoch(place_, std::nullopt, above));
  WEIR_ASSIGN_OR_RETURN(const std::string bytes, Encode(next));
  WEIR_RETURN_IF_ERROR(MakeParents());
  std::vector<ZkOperation> all = layout_.MakeAll(!root.exists, bytes);
  if (ours) all.erase(all.begin(), all.end() - 1);  // the epoch alone is missing
  WEIR_ASSIGN_OR_RETURN(const ZkOutcome made, client_.Multi(std::move(all)));
  if (made.code == ZkCode::kOk) return std::optional<TakenEpoch>(TakenEpoch{next, 0});
  if (made.code == ZkCode::kNodeExists || made.code == ZkCode::kUnknown) {
    return std::optional<TakenEpoch>();
  }
  return client_.Refused(layout_.root(), made);
}

Result<std::optional<TakenEpoch>> ZookeeperOpening::Bump(const OpenRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const ZkNode node, client_.Get(layout_.epoch()));
  if (!node.exists) return MakeStore(request);
  WEIR_ASSIGN_OR_RETURN(const std::optional<EpochRecord> stored,
                        ReadEpoch(place_, node.data, request.at_least));
  OpenRequest above = request;
  if (!stored) {
    WEIR_ASSIGN_OR_RETURN(above, AboveTheHead(request));
  }
  WEIR_ASSIGN_OR_RETURN(const EpochRecord next, NextEpoch(place_, stored, above));
  WEIR_ASSIGN_OR_RETURN(std::string bytes, Encode(next));
  WEIR_ASSIGN_OR_RETURN(const ZkOutcome set,
                        client_.Multi({{.kind = ZkOperation::Kind::kSet,
                                        .path = layout_.epoch(),
                                        .data = std::move(bytes),
                                        .version = node.version}}));
  if (set.code == ZkCode::kOk) return std::optional<TakenEpoch>(TakenEpoch{next, node.version + 1});
  if (set.code == ZkCode::kUnknown) return std::optional<TakenEpoch>();
  if (set.code == ZkCode::kBadVersion || set.code == ZkCode::kNoNode) {
    return Error{ErrorCode::kFenced,
                 place_ + " was taken over by another ResourceManager at the same moment",
                 ""};
  }
  return client_.Refused(layout_.epoch(), set);
}

}  // namespace weir::store
