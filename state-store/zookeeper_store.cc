#include "state-store/zookeeper_store.h"

#include <deque>
#include <future>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/strings.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/log.h"
#include "platform/mutex.h"
#include "state-store/epoch_rules.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/protocol/zk_writer.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_image.h"
#include "state-store/zookeeper_marks.h"
#include "state-store/zookeeper_opening.h"

namespace weir::store {
namespace {

class ZookeeperStore final : public StateStore {
 public:
  explicit ZookeeperStore(const ZookeeperStoreOptions& options)
      : options_(options),
        layout_(options.parent, options.cluster_id),
        client_(options.session,
                [this](uint64_t session, ZooKeeperSession::State state) {
                  Post([this, session, state] { SessionChanged(session, state); });
                }),
        opening_(client_, layout_, options_.home),
        image_(client_, layout_, opening_.place()) {
    thread_ = std::thread([this] { Run(); });
  }
  ~ZookeeperStore() override { Close(); }

  Status Connect();

  std::string name() const override { return "zookeeper"; }
  bool can_fence() const override { return true; }
  Result<LoadedState> Load() override;
  Result<StoreChanges> Follow() override;
  void FollowAnew() override { image_.ChangeAll(); }
  void EndFollowing() override { image_.Drop(); }
  std::optional<Epoch> FollowedEpoch() const override {
    return EpochSaid(image_.epoch_node(), image_.head_node());
  }
  Result<EpochRecord> Open(const OpenRequest& request) override;
  void Append(std::vector<StoreOperation> batch, Epoch epoch, Done done) override;
  void OnFenced(std::function<void(const Error&)> lost) override;
  void Confirm(std::function<void(bool)> done) override;
  void Close() override;

 private:
  struct Appended {
    std::vector<StoreOperation> batch;
    Epoch epoch;
    Done done;
    bool refused = false;
  };
  struct Task {
    std::optional<Appended> append;
    std::function<void()> call;
  };
  using Ready = std::shared_ptr<std::promise<Status>>;

  // The caller's thread.
  Status Install(const TakenEpoch& taken,
                 std::unordered_set<std::string> existing,
                 uint64_t first_number);
  std::string DamageOfHead() const {
    return HeadDamage(layout_, image_.epoch_node(), image_.head_node());
  }
  void Post(std::function<void()> call);

  // The store's thread.
  void Run();
  void Take(Appended appended);
  void SessionChanged(uint64_t session, ZooKeeperSession::State state);
  void Carry(ZkActions actions);
  void SendOne(SendMulti multi);
  void Read(uint64_t id);
  void ReadEpoch(const std::function<void(bool)>& done);
  void SeeEpoch(const ZkOutcome& outcome,
                const ZkNode& node,
                const std::function<void(bool)>& done);
  void WatchEpoch(const std::shared_ptr<ZooKeeperSession>& session,
                  const std::shared_ptr<ZkHeadView>& view);
  void EndWriter(const Error& error);

  const ZookeeperStoreOptions options_;
  const ZkLayout layout_;

  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::deque<Task> tasks_ WEIR_GUARDED_BY(mutex_);
  size_t waiting_ WEIR_GUARDED_BY(mutex_) = 0;  // appends that are neither in flight nor answered
  bool closing_ WEIR_GUARDED_BY(mutex_) = false;
  bool stopped_ WEIR_GUARDED_BY(mutex_) = false;
  size_t open_appends_ WEIR_GUARDED_BY(mutex_) = 0;  // not answered yet
  std::function<void(const Error&)> lost_ WEIR_GUARDED_BY(mutex_);

  // Only the store's thread touches these.
  std::unique_ptr<ZkWriter> writer_;
  uint64_t writer_number_ = 0;  // callbacks of a former writer are not for this one
  Ready ready_;
  Epoch epoch_;
  bool connected_ = false;
  uint64_t last_ticket_ = 0;
  std::unordered_map<uint64_t, Done> answers_;  // lookup-only

  platform::Mutex close_mutex_;
  std::thread thread_;
  ZookeeperClient client_;  // after all that its callbacks use
  ZookeeperOpening opening_;
  ZookeeperImage image_;
  // Of the owner's thread.
  bool opened_ = false;
  std::string head_damage_;  // as it was found when the store was opened, which makes it anew
};

Status ZookeeperStore::Connect() {
  WEIR_RETURN_IF_ERROR(client_.Renew());
  return opening_.CheckPlace();
}

Result<EpochRecord> ZookeeperStore::Open(const OpenRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const TakenEpoch taken, opening_.TakeEpoch(request));
  // From here on no former writer changes anything.
  WEIR_RETURN_IF_ERROR(image_.Refresh());
  WEIR_ASSIGN_OR_RETURN(std::unordered_set<std::string> existing, image_.TakePaths());
  head_damage_ = DamageOfHead();
  uint64_t first_number = 0;
  if (!head_damage_.empty()) {
    WEIR_ASSIGN_OR_RETURN(first_number, opening_.NumberWithoutHead());
  }
  WEIR_RETURN_IF_ERROR(Install(taken, std::move(existing), first_number));
  opened_ = true;
  return taken.record;
}

Result<StoreChanges> ZookeeperStore::Follow() {
  WEIR_RETURN_IF_ERROR(image_.Refresh());
  WEIR_ASSIGN_OR_RETURN(StoreChanges changes, image_.TakeChanges());
  const std::string damage = opened_ ? head_damage_ : DamageOfHead();
  if (!damage.empty()) changes.quarantined.push_back(damage);
  return changes;
}

Result<LoadedState> ZookeeperStore::Load() {
  WEIR_RETURN_IF_ERROR(image_.Refresh());
  const std::string damage = opened_ ? head_damage_ : DamageOfHead();
  // Who writes knows what there is, and follows nobody.
  Result<LoadedState> state = opened_ ? image_.Take() : image_.Copy();
  if (state.ok() && !damage.empty()) state->quarantined.push_back(damage);
  return state;
}

Status ZookeeperStore::Install(const TakenEpoch& taken,
                               std::unordered_set<std::string> existing,
                               uint64_t first_number) {
  ZkWriter::Options options;
  options.first_number = first_number;
  options.multi_bytes = options_.value_bytes;
  options.limit_key = "yarn.resourcemanager.zk-max-znode-size.bytes";
  auto writer =
      std::make_unique<ZkWriter>(options,
                                 layout_,
                                 taken.record.epoch,
                                 taken.node_version,
                                 std::move(existing),
                                 ZookeeperOpening::HolderWords(taken.record.epoch, options_.home));
  const auto ready = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = ready->get_future();
  // A pointer, as a task can be copied.
  const auto shared = std::make_shared<std::unique_ptr<ZkWriter>>(std::move(writer));
  Post([this, shared, ready, epoch = taken.record.epoch] {
    EndWriter({ErrorCode::kFenced, "the state store in ZooKeeper was opened again", ""});
    writer_ = std::move(*shared);
    ++writer_number_;
    epoch_ = epoch;
    ready_ = ready;
    ZkActions actions;
    if (connected_) writer_->Connected(actions);
    Carry(std::move(actions));
  });
  if (outcome.wait_for(3 * options_.session.patience) == std::future_status::ready)
    return outcome.get();
  return client_.Unavailable("the head could not be read");
}

void ZookeeperStore::OnFenced(std::function<void(const Error&)> lost) {
  platform::MutexLock lock(mutex_);
  lost_ = std::move(lost);
}

void ZookeeperStore::Append(std::vector<StoreOperation> batch, Epoch epoch, Done done) {
  {
    platform::MutexLock lock(mutex_);
    if (!closing_) {
      const bool refused = waiting_ >= options_.queue_limit;
      if (refused) batch.clear();
      ++waiting_;
      ++open_appends_;
      tasks_.push_back(
          {.append = Appended{std::move(batch), epoch, std::move(done), refused}, .call = nullptr});
      changed_.NotifyAll();
      return;
    }
  }
  done(ClosedStore(name()));
}

void ZookeeperStore::Post(std::function<void()> call) {
  platform::MutexLock lock(mutex_);
  tasks_.push_back({.append = std::nullopt, .call = std::move(call)});
  changed_.NotifyAll();
}

void ZookeeperStore::Run() {
  for (;;) {
    std::deque<Task> taken;
    {
      platform::MutexLock lock(mutex_);
      while (tasks_.empty() && !stopped_) changed_.Wait(mutex_);
      if (tasks_.empty()) break;
      taken.swap(tasks_);
    }
    for (Task& task : taken) {
      if (task.append) {
        Take(*std::move(task.append));
      } else {
        task.call();
      }
    }
    const size_t queued = writer_ == nullptr ? 0 : writer_->waiting();
    platform::MutexLock lock(mutex_);
    waiting_ = queued;
    for (const Task& task : tasks_) waiting_ += task.append ? 1U : 0U;
  }
  EndWriter(ClosedStore(name()));
}

void ZookeeperStore::Take(Appended appended) {
  std::optional<Error> refusal;
  std::vector<EngineOperation> operations;
  bool final = true;
  if (Status epoch = CheckEpoch(name(), appended.epoch, epoch_); !epoch.ok()) {
    refusal = std::move(epoch).error();
    final = refusal->code != ErrorCode::kFenced;
  } else if (appended.refused) {
    refusal = FullQueue(name(), options_.queue_limit);
  } else {
    size_t bytes = 0;
    Status encoded = EncodeBatch(appended.batch, operations, bytes);
    if (!encoded.ok()) refusal = std::move(encoded).error();
  }
  const uint64_t ticket = ++last_ticket_;
  answers_.emplace(ticket, std::move(appended.done));
  if (writer_ == nullptr) {
    return Carry({AnswerBatch{ticket, refusal ? *refusal : ClosedStore(name())}});
  }
  ZkActions actions;
  writer_->Append(ticket, std::move(operations), std::move(refusal), final, actions);
  Carry(std::move(actions));
}

void ZookeeperStore::SessionChanged(uint64_t session, ZooKeeperSession::State state) {
  if (session != client_.session_number()) return;
  platform::LogInfo("rm.store",
                    "zookeeper",
                    state == ZooKeeperSession::State::kConnected ? "connected" : "not connected",
                    {{"servers", options_.session.servers}});
  connected_ = state == ZooKeeperSession::State::kConnected;
  ZkActions actions;
  if (writer_ != nullptr) {
    if (connected_) {
      writer_->Connected(actions);
    } else {
      writer_->Disconnected();
    }
  }
  Carry(std::move(actions));
  if (state == ZooKeeperSession::State::kRefused) {
    return EndWriter({ErrorCode::kPermissionDenied, "ZooKeeper refused the credential", ""});
  }
  if (state != ZooKeeperSession::State::kExpired) return;
  if (const Status renewed = client_.Renew(); !renewed.ok()) EndWriter(renewed.error());
}

void ZookeeperStore::Carry(ZkActions actions) {
  for (ZkAction& action : actions) {
    if (auto* multi = std::get_if<SendMulti>(&action)) {
      SendOne(std::move(*multi));
    } else if (const auto* read = std::get_if<ReadHead>(&action)) {
      Read(read->id);
    } else if (auto* answer = std::get_if<AnswerBatch>(&action)) {
      const auto found = answers_.find(answer->ticket);
      const Done done = std::move(found->second);
      answers_.erase(found);
      done(std::move(answer->status));
      platform::MutexLock lock(mutex_);
      if (--open_appends_ == 0) changed_.NotifyAll();
    } else if (std::holds_alternative<BecameReady>(action)) {
      if (ready_ != nullptr) std::exchange(ready_, nullptr)->set_value({});
    } else {
      const Error& error = std::get<Ended>(action).error;
      if (ready_ != nullptr) std::exchange(ready_, nullptr)->set_value(error);
      std::function<void(const Error&)> lost;
      {
        platform::MutexLock lock(mutex_);
        lost = lost_;
      }
      if (lost && error.code == ErrorCode::kFenced) lost(error);
    }
  }
}

void ZookeeperStore::SendOne(SendMulti multi) {
  const std::shared_ptr<ZooKeeperSession> session = client_.session();
  const auto answered = [this, writer = writer_number_, id = multi.id](const ZkOutcome& outcome) {
    Post([this, writer, id, outcome] {
      if (writer != writer_number_ || writer_ == nullptr) return;
      ZkActions actions;
      writer_->MultiDone(id, outcome, actions);
      Carry(std::move(actions));
    });
  };
  if (session == nullptr) return answered({.code = ZkCode::kUnknown, .failed = 0, .text = ""});
  session->Multi(std::move(multi.operations), answered);
}

// What is asked in one go is answered in order: the last answer has all.
void ZookeeperStore::Read(uint64_t id) {
  const std::shared_ptr<ZooKeeperSession> session = client_.session();
  const auto view = std::make_shared<ZkHeadView>();
  const auto finish = [this, view, writer = writer_number_, id] {
    Post([this, view, writer, id] {
      if (writer != writer_number_ || writer_ == nullptr) return;
      ZkActions actions;
      writer_->HeadRead(id, *view, actions);
      Carry(std::move(actions));
    });
  };
  const auto note = [view](const ZkOutcome& outcome) {
    const bool fine = outcome.code == ZkCode::kOk || outcome.code == ZkCode::kNoNode;
    if (!fine && view->outcome.code == ZkCode::kOk) view->outcome = outcome;
  };
  if (session == nullptr) {
    view->outcome.code = ZkCode::kUnknown;
    return finish();
  }
  session->Sync(layout_.root(), note);
  WatchEpoch(session, view);
  session->Get(layout_.head(), [view, note](const ZkOutcome& outcome, ZkNode node) {
    note(outcome);
    view->head = std::move(node);
  });
  session->Get(layout_.holder(), [view, note, finish](const ZkOutcome& outcome, ZkNode node) {
    note(outcome);
    view->holder = std::move(node);
    finish();
  });
}

void ZookeeperStore::Confirm(std::function<void(bool)> done) {
  Post([this, done = std::move(done)] { ReadEpoch(done); });
}

// The sync makes what is read at least as new as the question.
void ZookeeperStore::ReadEpoch(const std::function<void(bool)>& done) {
  const std::shared_ptr<ZooKeeperSession> session = client_.session();
  if (session == nullptr || writer_ == nullptr) return done(false);
  const auto synced = std::make_shared<bool>(false);  // of the thread of the client's callbacks
  session->Sync(layout_.root(),
                [synced](const ZkOutcome& outcome) { *synced = outcome.code == ZkCode::kOk; });
  session->Get(
      layout_.epoch(),
      [this, synced, writer = writer_number_, done](const ZkOutcome& outcome, ZkNode node) {
        Post([this, synced = *synced, writer, done, outcome, node = std::move(node)] {
          if (writer != writer_number_ || !synced) return done(false);
          SeeEpoch(outcome, node, done);
        });
      });
}

void ZookeeperStore::SeeEpoch(const ZkOutcome& outcome,
                              const ZkNode& node,
                              const std::function<void(bool)>& done) {
  const bool gone = outcome.code == ZkCode::kNoNode;
  if (writer_ == nullptr || (outcome.code != ZkCode::kOk && !gone)) return done(false);
  ZkActions actions;
  writer_->EpochSeen(gone ? kAnyVersion : node.version, actions);
  Carry(std::move(actions));
  done(!writer_->ended());
}

// Whoever takes the store over changes the epoch: with the watch that is seen even when nothing is
// written.
void ZookeeperStore::WatchEpoch(const std::shared_ptr<ZooKeeperSession>& session,
                                const std::shared_ptr<ZkHeadView>& view) {
  const auto seen = [this, writer = writer_number_] {
    Post([this, writer] {
      const std::shared_ptr<ZooKeeperSession> now = client_.session();
      if (writer != writer_number_ || now == nullptr) return;
      // If it cannot be read, the next connection reads it again.
      now->Get(layout_.epoch(), [this, writer](const ZkOutcome& outcome, ZkNode node) {
        Post([this, writer, outcome, node = std::move(node)] {
          if (writer == writer_number_) SeeEpoch(outcome, node, [](bool) {});
        });
      });
    });
  };
  session->Get(
      layout_.epoch(),
      [view](const ZkOutcome& outcome, ZkNode node) {
        const bool fine = outcome.code == ZkCode::kOk || outcome.code == ZkCode::kNoNode;
        if (!fine && view->outcome.code == ZkCode::kOk) view->outcome = outcome;
        view->epoch = std::move(node);
      },
      seen);
}

void ZookeeperStore::EndWriter(const Error& error) {
  if (writer_ == nullptr) return;
  ZkActions actions;
  writer_->End(error, actions);
  Carry(std::move(actions));
}

// Waits for what was appended as long as ZooKeeper answers; what it does not answer in time
// ends with an unknown outcome, as in a crash.
void ZookeeperStore::Close() {
  platform::MutexLock one(close_mutex_);
  if (!thread_.joinable()) return;
  {
    const Instant deadline = platform::MonotonicNow() + options_.session.patience;
    platform::MutexLock lock(mutex_);
    closing_ = true;
    while (open_appends_ > 0 && platform::MonotonicNow() < deadline) {
      changed_.WaitFor(mutex_, deadline - platform::MonotonicNow());
    }
  }
  client_.Close();  // its callbacks are over, and what they posted is the last
  // A writer that still waits for something would ask again and again for what nobody answers.
  Post([this] { EndWriter(ClosedStore(name())); });
  {
    platform::MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

}  // namespace

std::string ZookeeperPassword(const std::string& cluster_secret) {
  return HexEncode(platform::HmacSha256(cluster_secret, "weir: state store in ZooKeeper"));
}

Result<std::unique_ptr<StateStore>> OpenZookeeperStore(const ZookeeperStoreOptions& options) {
  auto store = std::make_unique<ZookeeperStore>(options);
  WEIR_RETURN_IF_ERROR(store->Connect());
  return std::unique_ptr<StateStore>(std::move(store));
}

}  // namespace weir::store
