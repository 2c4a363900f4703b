#include "state-store/zookeeper_election.h"

#include <atomic>
#include <future>
#include <utility>
#include <variant>

#include "platform/clock.h"
#include "platform/event_loop.h"
#include "platform/log.h"
#include "state-store/protocol/leader_election.h"
#include "state-store/records_envelope.h"
#include "state-store/zookeeper_client.h"

namespace weir::store {
namespace {

constexpr char kComponent[] = "rm.election";
constexpr Duration kLookAgain = milliseconds(500);

Error ForeignLock(const std::string& path, const std::string& bytes) {
  return {ErrorCode::kFailedPrecondition,
          "nobody can be elected: " + path +
              " in ZooKeeper is not the lock of a ResourceManager, "
              "but somebody else's node" +
              (bytes.empty() ? "" : ": " + QuotedKey(bytes)),
          "delete it ('zkCli.sh delete " + path +
              "'), or set "
              "yarn.resourcemanager.ha.automatic-failover.zk-base-path to a path of this cluster's "
              "own"};
}

}  // namespace

struct ZookeeperElection::State {
  State(const ZookeeperElectionOptions& given, Handlers calls)
      : options(given),
        handlers(std::move(calls)),
        core(given.lock(), given.member, given.is_member),
        client(given.session, [this](uint64_t session, ZooKeeperSession::State now) {
          loop.Post([this, session, now] { SessionChanged(session, now); });
        }) {}

  // On the loop.
  void SessionChanged(uint64_t session, ZooKeeperSession::State now);
  void Renew();
  void LookAgain();
  void Do(void (LeaderElection::*step)(ElectionActions&));
  void Carry(const ElectionActions& actions);
  void Send(const ElectionOperation& request);
  void Read(uint64_t id);

  const ZookeeperElectionOptions options;
  const Handlers handlers;
  platform::EventLoop loop{"rm-election"};
  LeaderElection core;       // of the loop
  bool renew_due = false;    // of the loop
  std::string last_refusal;  // of the loop: each is told once, until somebody leads
  std::atomic<bool> leads{false};
  std::atomic<bool> connected{false};
  std::atomic<bool> given_up{false};
  bool stopped = false;    // of the owner
  ZookeeperClient client;  // after all that its callbacks use
};

ZookeeperElection::ZookeeperElection(const ZookeeperElectionOptions& options, Handlers handlers)
    : state_(std::make_unique<State>(options, std::move(handlers))) {}

ZookeeperElection::~ZookeeperElection() {
  Stop();
}

Status ZookeeperElection::Start() {
  // Names that cannot be resolved today may be tomorrow; an address that cannot be read stays so.
  Status opened = state_->client.Renew();
  if (!opened.ok() && opened.error().code == ErrorCode::kInvalidArgument) return opened;
  state_->renew_due = !opened.ok();
  if (!opened.ok()) platform::LogError(kComponent, "zookeeper", opened.error().ToString());
  state_->loop.Start();
  state_->loop.Post([state = state_.get()] { state->LookAgain(); });
  return {};
}

void ZookeeperElection::Stand() {
  state_->loop.Post([state = state_.get()] { state->Do(&LeaderElection::Stand); });
}

void ZookeeperElection::Retire() {
  state_->loop.Post([state = state_.get()] { state->Do(&LeaderElection::Retire); });
}

void ZookeeperElection::LeaderGone(const std::string& leader) {
  state_->loop.Post([state = state_.get(), leader] {
    ElectionActions actions;
    state->core.LeaderGone(leader, actions);
    state->Carry(actions);
  });
}

bool ZookeeperElection::GiveUp(Duration patience) {
  state_->given_up = true;  // our own thread is not to claim it again
  const std::shared_ptr<ZooKeeperSession> session = state_->client.session();
  if (session == nullptr || !state_->leads) return true;
  const auto given = std::make_shared<std::promise<bool>>();
  std::future<bool> answer = given->get_future();
  session->Multi({{.kind = ZkOperation::Kind::kDelete, .path = state_->options.lock(), .data = ""}},
                 [given](const ZkOutcome& outcome) {
                   given->set_value(outcome.code == ZkCode::kOk || outcome.code == ZkCode::kNoNode);
                 });
  return answer.wait_for(patience) == std::future_status::ready && answer.get();
}

void ZookeeperElection::Stop() {
  if (std::exchange(state_->stopped, true)) return;
  state_->loop.Stop();
  state_->client.Close();
}

bool ZookeeperElection::connected() const {
  return state_->connected;
}

void ZookeeperElection::State::SessionChanged(uint64_t session, ZooKeeperSession::State now) {
  if (session != client.session_number()) return;
  connected = now == ZooKeeperSession::State::kConnected;
  if (connected) {
    platform::LogInfo(kComponent, "zookeeper", "connected", {{"servers", options.session.servers}});
    return Do(&LeaderElection::Connected);
  }
  core.Disconnected();
  const bool over = now == ZooKeeperSession::State::kExpired;
  platform::LogWarn(kComponent,
                    "zookeeper",
                    over ? "the session is over" : "not connected",
                    {{"servers", options.session.servers}, {"leads", core.leads() ? "yes" : "no"}});
  if (over) Renew();
}

void ZookeeperElection::State::Renew() {
  const Status renewed = client.Renew();
  renew_due = !renewed.ok();
  if (renew_due) platform::LogError(kComponent, "zookeeper", renewed.error().ToString());
}

// From time to time: what nobody tells of, and what did not succeed.
void ZookeeperElection::State::LookAgain() {
  if (renew_due) Renew();
  Do(&LeaderElection::LookAgain);
  loop.At(platform::MonotonicNow() + kLookAgain, [this] { LookAgain(); });
}

void ZookeeperElection::State::Do(void (LeaderElection::*step)(ElectionActions&)) {
  ElectionActions actions;
  (core.*step)(actions);
  Carry(actions);
}

void ZookeeperElection::State::Carry(const ElectionActions& actions) {
  if (given_up) return;
  leads = core.leads();
  for (const ElectionAction& action : actions) {
    if (const auto* request = std::get_if<ElectionOperation>(&action)) {
      if (core.state() == LeaderElection::State::kBreaking) {
        platform::LogWarn(
            kComponent, options.name, "the leader has gone", {{"leader", core.leader()}});
      }
      Send(*request);
    } else if (const auto* read = std::get_if<ReadLock>(&action)) {
      Read(read->id);
    } else if (std::holds_alternative<Elected>(action)) {
      platform::LogInfo(kComponent, options.name, "elected", {{"lock", options.lock()}});
      handlers.elected();
    } else if (const auto* deposed = std::get_if<Deposed>(&action)) {
      platform::LogWarn(kComponent, options.name, "deposed", {{"why", deposed->why}});
      handlers.deposed(deposed->why);
    } else if (const auto* changed = std::get_if<LeaderChanged>(&action)) {
      if (!changed->leader.empty()) last_refusal.clear();
      handlers.leader_changed(changed->leader);
    } else {
      const auto& refused = std::get<ElectionRefused>(action);
      const std::string text = (refused.foreign ? ForeignLock(refused.path, *refused.foreign)
                                                : client.Refused(refused.path, refused.outcome))
                                   .ToString();
      if (text != last_refusal) platform::LogError(kComponent, options.name, text);
      last_refusal = text;
    }
  }
}

void ZookeeperElection::State::Send(const ElectionOperation& request) {
  const auto answered = [this, id = request.id](const ZkOutcome& outcome) {
    loop.Post([this, id, outcome] {
      ElectionActions actions;
      core.OperationDone(id, outcome, actions);
      Carry(actions);
    });
  };
  if (const std::shared_ptr<ZooKeeperSession> session = client.session()) {
    return session->Multi({request.operation}, answered);
  }
  answered({.code = ZkCode::kUnknown, .failed = 0, .text = "the session is closed"});
}

void ZookeeperElection::State::Read(uint64_t id) {
  const std::string lock = options.lock();
  const auto answered = [this, id](const ZkOutcome& outcome, const ZkNode& node) {
    loop.Post([this, id, outcome, node] {
      ElectionActions actions;
      core.LockRead(id, outcome, node, node.ours, actions);
      Carry(actions);
    });
  };
  const std::shared_ptr<ZooKeeperSession> session = client.session();
  if (session == nullptr) {
    return answered({.code = ZkCode::kUnknown, .failed = 0, .text = "the session is closed"}, {});
  }
  session->Sync(lock, [](const ZkOutcome&) {});  // its failure is the reading's too
  session->Get(lock, answered, [this] { loop.Post([this] { Do(&LeaderElection::LockChanged); }); });
}

}  // namespace weir::store
