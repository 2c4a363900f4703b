#include "state-store/zookeeper_client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "platform/clock.h"

namespace weir::store {
namespace {

constexpr size_t kUnderWay = 512;

// Collects the answers of many calls by their place; shared with callbacks that may come after the
// waiting has ended.
template <typename Value>
class Answers {
 public:
  explicit Answers(size_t count) : values_(count) {}

  void Set(size_t place, const ZkOutcome& outcome, Value value) {
    platform::MutexLock lock(mutex_);
    ++answered_;
    values_[place] = std::move(value);
    const bool answer = outcome.code == ZkCode::kOk || outcome.code == ZkCode::kNoNode;
    if (!answer && !failure_) failure_ = {place, outcome};
    changed_.NotifyAll();
  }
  // Waits until at least `count` are there or one has failed; false when nothing came in time.
  bool Await(size_t count, Duration patience) {
    platform::MutexLock lock(mutex_);
    while (answered_ < count && !failure_) {
      const size_t before = answered_;
      if (!changed_.WaitFor(mutex_, patience) && answered_ == before) return false;
    }
    return true;
  }
  std::optional<std::pair<size_t, ZkOutcome>> failure() {
    platform::MutexLock lock(mutex_);
    return failure_;
  }
  std::vector<Value> Take() {
    platform::MutexLock lock(mutex_);
    return std::move(values_);
  }

 private:
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::vector<Value> values_ WEIR_GUARDED_BY(mutex_);
  size_t answered_ WEIR_GUARDED_BY(mutex_) = 0;
  std::optional<std::pair<size_t, ZkOutcome>> failure_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace

ZookeeperClient::ZookeeperClient(ZooKeeperOptions options, StateHandler changed)
    : options_(std::move(options)), changed_(std::move(changed)) {}

Status ZookeeperClient::Renew() {
  Close();
  const uint64_t number = ++number_;
  {
    platform::MutexLock lock(mutex_);
    state_ = ZooKeeperSession::State::kConnecting;
  }
  WEIR_ASSIGN_OR_RETURN(
      std::shared_ptr<ZooKeeperSession> session,
      ZooKeeperSession::Open(options_, [this, number](ZooKeeperSession::State state) {
        {
          platform::MutexLock lock(mutex_);
          state_ = state;
          state_changed_.NotifyAll();
        }
        changed_(number, state);
      }));
  platform::MutexLock lock(mutex_);
  session_ = std::move(session);
  return {};
}

void ZookeeperClient::Close() {
  std::shared_ptr<ZooKeeperSession> session;
  {
    platform::MutexLock lock(mutex_);
    session.swap(session_);
  }
  // Outside: it waits for callbacks, which take the lock.
  if (session != nullptr) session->Close();
}

std::shared_ptr<ZooKeeperSession> ZookeeperClient::session() const {
  platform::MutexLock lock(mutex_);
  return session_;
}

Error ZookeeperClient::Unavailable(const std::string& what) const {
  return {ErrorCode::kUnavailable,
          "ZooKeeper at " + options_.servers + " cannot be reached: " + what,
          "see that it runs and that hadoop.zk.address names it"};
}

Error ZookeeperClient::Refused(const std::string& path, const ZkOutcome& outcome) const {
  if (outcome.code == ZkCode::kNoAuth) {
    return {ErrorCode::kPermissionDenied,
            "ZooKeeper does not let this ResourceManager see " + path +
                ": it was made with another cluster secret",
            "give all ResourceManagers of a cluster the same weir.cluster.secret.file"};
  }
  if (outcome.code == ZkCode::kUnknown) return Unavailable(outcome.text);
  return {ErrorCode::kUnavailable, "ZooKeeper refused " + path + ": " + outcome.text, ""};
}

Status ZookeeperClient::AwaitConnection() {
  const Instant deadline = platform::MonotonicNow() + options_.patience;
  platform::MutexLock lock(mutex_);
  for (;;) {
    if (state_ == ZooKeeperSession::State::kConnected) return {};
    if (state_ == ZooKeeperSession::State::kRefused) {
      return Error{ErrorCode::kPermissionDenied,
                   "ZooKeeper at " + options_.servers + " refused the credential",
                   "it must take the authentication scheme 'digest'"};
    }
    const Instant now = platform::MonotonicNow();
    if (now >= deadline) {
      return Unavailable("no connection within " +
                         std::to_string(ToMillis(options_.patience) / 1000) + " s");
    }
    state_changed_.WaitFor(mutex_, deadline - now);
  }
}

template <typename Value, typename Ask>
Result<std::vector<Value>> ZookeeperClient::AskAll(const std::vector<std::string>& paths,
                                                   const Ask& ask) {
  const std::shared_ptr<ZooKeeperSession> current = session();
  if (current == nullptr) return Unavailable("the session is closed");
  const auto answers = std::make_shared<Answers<Value>>(paths.size());
  for (size_t i = 0; i < paths.size(); ++i) {
    if (i >= kUnderWay && !answers->Await(i - kUnderWay + 1, options_.patience)) {
      return Unavailable("no answer");
    }
    if (answers->failure()) break;
    ask(*current, paths[i], [answers, i](const ZkOutcome& outcome, Value value) {
      answers->Set(i, outcome, std::move(value));
    });
  }
  if (!answers->failure() && !answers->Await(paths.size(), options_.patience)) {
    return Unavailable("no answer");
  }
  if (const auto failure = answers->failure())
    return Refused(paths[failure->first], failure->second);
  return answers->Take();
}

Result<std::vector<ZkNode>> ZookeeperClient::GetAll(const std::vector<std::string>& paths) {
  return AskAll<ZkNode>(paths, [](ZooKeeperSession& session, const std::string& path, auto done) {
    session.Get(path, std::move(done));
  });
}

Result<std::vector<std::vector<std::string>>> ZookeeperClient::ChildrenOfAll(
    const std::vector<std::string>& paths) {
  return AskAll<std::vector<std::string>>(
      paths, [](ZooKeeperSession& session, const std::string& path, auto done) {
        session.Children(path, std::move(done));
      });
}

Result<ZkNode> ZookeeperClient::Get(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(std::vector<ZkNode> nodes, GetAll({path}));
  return std::move(nodes.front());
}

Result<std::vector<std::string>> ZookeeperClient::Children(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(std::vector<std::vector<std::string>> children, ChildrenOfAll({path}));
  return std::move(children.front());
}

Result<ZkOutcome> ZookeeperClient::Multi(std::vector<ZkOperation> operations) {
  const std::shared_ptr<ZooKeeperSession> current = session();
  if (current == nullptr) return Unavailable("the session is closed");
  const std::string path = operations.front().path;
  const auto answers = std::make_shared<Answers<ZkOutcome>>(1);
  current->Multi(std::move(operations),
                 [answers](const ZkOutcome& outcome) { answers->Set(0, {}, outcome); });
  if (!answers->Await(1, options_.patience)) return Unavailable("no answer");
  ZkOutcome outcome = answers->Take().front();
  if (outcome.code == ZkCode::kNoAuth) return Refused(path, outcome);
  return outcome;
}

}  // namespace weir::store
