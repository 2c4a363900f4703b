#include "tests/simulation/zookeeper_model.h"

namespace weir::simulation {

using store::ZkCode;
using store::ZkOperation;
using Kind = store::ZkOperation::Kind;

void ZookeeperModel::Stop() {
  trace_.Line(kName, "stops");
  serving_ = false;
}

void ZookeeperModel::Serve() {
  if (serving_) return;
  trace_.Line(kName, "serves again");
  serving_ = true;
  for (auto& [id, session] : sessions_) {
    session.deadline = queue_.now() + session.timeout;
    ExpireLater(id);
  }
}

uint64_t ZookeeperModel::OpenSession(Duration timeout) {
  const uint64_t id = ++last_session_;
  sessions_[id] = {.timeout = timeout, .deadline = queue_.now() + timeout};
  ExpireLater(id);
  return id;
}

bool ZookeeperModel::Touch(uint64_t session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return false;
  found->second.deadline = queue_.now() + found->second.timeout;
  return true;
}

void ZookeeperModel::ExpireLater(uint64_t session) {
  queue_.At(sessions_.at(session).deadline, [this, session] {
    const auto found = sessions_.find(session);
    if (found == sessions_.end() || !serving_) return;
    if (found->second.deadline > queue_.now()) return ExpireLater(session);
    trace_.Line(kName, "session " + std::to_string(session) + " is over");
    EndSession(session);
  });
}

void ZookeeperModel::EndSession(uint64_t session) {
  if (sessions_.erase(session) == 0) return;
  std::erase_if(watchers_, [session](const auto& one) { return one.second.session == session; });
  std::vector<ZkOperation> gone;
  for (const auto& [path, node] : nodes_) {
    if (node.owner == session) gone.push_back({.kind = Kind::kDelete, .path = path, .data = ""});
  }
  for (const ZkOperation& one : gone) {
    nodes_.erase(one.path);
    Fire(one.path);
  }
}

store::ZkOutcome ZookeeperModel::Apply(uint64_t session,
                                       const std::vector<ZkOperation>& operations) {
  Undo undo;
  for (size_t i = 0; i < operations.size(); ++i) {
    const ZkCode code = ApplyOne(session, operations[i], undo);
    if (code == ZkCode::kOk) continue;
    for (auto change = undo.rbegin(); change != undo.rend(); ++change) {
      if (change->second) {
        nodes_[change->first] = *change->second;
      } else {
        nodes_.erase(change->first);
      }
    }
    return {.code = code, .failed = i, .text = "refused"};
  }
  if (applied_) applied_(operations);
  for (const auto& [path, before] : undo) Fire(path);
  return {};
}

ZkCode ZookeeperModel::ApplyOne(uint64_t session, const ZkOperation& operation, Undo& undo) {
  const std::string& path = operation.path;
  const auto found = nodes_.find(path);
  if (operation.kind == Kind::kCreate || operation.kind == Kind::kCreateEphemeral) {
    if (found != nodes_.end()) return ZkCode::kNodeExists;
    const std::string parent = path.substr(0, path.rfind('/'));
    if (!parent.empty() && !nodes_.contains(parent)) return ZkCode::kNoNode;
    undo.emplace_back(path, std::nullopt);
    const bool ephemeral = operation.kind == Kind::kCreateEphemeral;
    nodes_[path] = {.data = operation.data, .version = 0, .owner = ephemeral ? session : 0};
    return ZkCode::kOk;
  }
  if (found == nodes_.end()) return ZkCode::kNoNode;
  const bool any = operation.version == store::kAnyVersion;
  if (!any && operation.version != found->second.version) return ZkCode::kBadVersion;
  if (operation.kind == Kind::kCheck) return ZkCode::kOk;
  if (operation.kind == Kind::kDelete && HasChildren(path)) return ZkCode::kNotEmpty;
  undo.emplace_back(path, found->second);
  if (operation.kind == Kind::kDelete) {
    nodes_.erase(found);
  } else {
    found->second.data = operation.data;
    ++found->second.version;
  }
  return ZkCode::kOk;
}

bool ZookeeperModel::HasChildren(const std::string& path) const {
  const auto next = nodes_.lower_bound(path + "/");
  return next != nodes_.end() && next->first.starts_with(path + "/");
}

store::ZkNode ZookeeperModel::Read(uint64_t session, const std::string& path) const {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return {};
  const Node& node = found->second;
  return {.data = node.data,
          .version = node.version,
          .exists = true,
          .ephemeral = node.owner != 0,
          .ours = node.owner != 0 && node.owner == session};
}

void ZookeeperModel::Watch(uint64_t session,
                           const std::string& path,
                           std::function<void()> changed) {
  watchers_.emplace(path, Watcher{session, std::move(changed)});
}

void ZookeeperModel::Fire(const std::string& path) {
  const auto [first, last] = watchers_.equal_range(path);
  std::vector<std::function<void()>> fired;
  for (auto watcher = first; watcher != last; ++watcher) {
    fired.push_back(std::move(watcher->second.changed));
  }
  watchers_.erase(first, last);
  for (const auto& changed : fired) changed();
}

std::vector<std::pair<std::string, std::string>> ZookeeperModel::Below(
    const std::string& path) const {
  std::vector<std::pair<std::string, std::string>> nodes;
  for (auto at = nodes_.lower_bound(path + "/"); at != nodes_.end(); ++at) {
    if (!at->first.starts_with(path + "/")) break;
    nodes.emplace_back(at->first, at->second.data);
  }
  return nodes;
}

}  // namespace weir::simulation
