#include "resourcemanager/server/high_availability_daemon.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "platform/clock.h"
#include "platform/event_loop.h"
#include "platform/log.h"
#include "platform/mutex.h"
#include "platform/peer_watch.h"
#include "platform/watchdog.h"
#include "resourcemanager/core/role_policy.h"
#include "resourcemanager/server/directory_id.h"
#include "resourcemanager/server/election_member.h"
#include "resourcemanager/server/listen_addresses.h"
#include "resourcemanager/server/resource_manager_daemon.h"
#include "resourcemanager/server/standby_server.h"
#include "resourcemanager/server/store_follower.h"
#include "state-store/directory_lock.h"
#include "state-store/zookeeper_election.h"
#include "state-store/zookeeper_store.h"

namespace weir::rm {
namespace {

constexpr char kComponent[] = "rm.role";
// Between the answer to an administrator and the end of the server that gives it.
constexpr Duration kAnswerTime = milliseconds(50);
constexpr Duration kGiveUpPatience = milliseconds(500);
constexpr Duration kLogPatience = milliseconds(500);  // for the last line

// As _exit, of which sanitizers make a function that takes locks, such as that of standard error:
// the thread that hangs may have them.
[[noreturn]] void EndProcess() {
  for (;;) ::syscall(SYS_exit_group, exit_status::kFailure);
}

}  // namespace

// Members are destroyed from the last to the first: whoever calls goes before who is called.
struct HighAvailabilityDaemon::State final : RoleControl {
  explicit State(RmOptions given)
      : options(std::move(given)),
        addresses(options.address_file(), options.last_address_file()),
        policy(options.ha.automatic) {}

  RoleReport Describe() const override;
  Status Health() const override;
  void Change(const RoleChange& change, std::function<void(Status)> done) override;

  void StartFollowing();
  Status StartStandby();
  Status StartElection();
  ElectionMember Leader() const;

  // On the role loop.
  void Reconcile();
  void BecomeActive();
  void BecomeStandby();
  void Ended(uint64_t term, const Error& error);
  void LeaderIs(const std::string& text);
  void WatchLeader(const std::string& text);
  Status Apply(const RoleChange& change);

  // On a watchdog's thread.
  [[noreturn]] void EndHanging(const std::string& silent_loop, Duration silent);

  const RmOptions options;
  ListenAddresses addresses;
  std::string secret;
  std::string home;  // the directory's id
  std::optional<store::DirectoryLock> lock;
  mutable platform::Mutex mutex;
  ElectionMember leader WEIR_GUARDED_BY(mutex);
  Status followed WEIR_GUARDED_BY(mutex);  // how the last reading of the store ended
  // That of below once it is started; null before, and when failover is manual.
  const store::ZookeeperElection* elector WEIR_GUARDED_BY(mutex) = nullptr;
  platform::EventLoop loop{"rm-role"};
  // Of the role loop, once it runs.
  RolePolicy policy;
  bool standing = false;
  uint64_t term = 0;  // counts the times of being active
  platform::EventLoop::TimerId timer = 0;
  std::unique_ptr<StoreFollower> follower;
  std::unique_ptr<StandbyServer> standby;
  std::unique_ptr<ResourceManagerDaemon> active;
  std::unique_ptr<store::ZookeeperElection> election;  // null: failover is manual
  std::unique_ptr<platform::PeerWatch> leader_watch;   // while another one leads
  std::unique_ptr<platform::Watchdog> watchdog;        // of the role loop
  bool stopped = false;                                // of the owner
};

RoleReport HighAvailabilityDaemon::State::Describe() const {
  platform::MutexLock guard(mutex);
  const bool connected = elector != nullptr && elector->connected();
  return {.id = options.id,
          .leader = leader.id,
          .automatic = options.ha.automatic,
          .zookeeper = !options.ha.automatic ? "automatic failover is off"
                       : connected           ? "CONNECTED"
                                             : "DISCONNECTED"};
}

Status HighAvailabilityDaemon::State::Health() const {
  platform::MutexLock guard(mutex);
  if (options.ha.automatic && (elector == nullptr || !elector->connected())) {
    return Error{ErrorCode::kUnavailable,
                 "the standby " + options.id + " cannot be elected: it has no connection to " +
                     "ZooKeeper at " + options.ha.election.session.servers,
                 "see whether ZooKeeper's servers run and can be reached from there"};
  }
  if (followed.ok()) return {};
  return Error{
      ErrorCode::kUnavailable,
      "the standby " + options.id + " cannot follow the state store: " + followed.error().message,
      followed.error().remedy};
}

ElectionMember HighAvailabilityDaemon::State::Leader() const {
  platform::MutexLock guard(mutex);
  return leader;
}

void HighAvailabilityDaemon::State::Change(const RoleChange& change,
                                           std::function<void(Status)> done) {
  loop.Post([this, change, done = std::move(done)] {
    done(Apply(change));
    loop.At(platform::MonotonicNow() + kAnswerTime, [this] { Reconcile(); });
  });
}

Status HighAvailabilityDaemon::State::Apply(const RoleChange& change) {
  switch (change.kind) {
    case RoleChange::Kind::kToActive:
      return policy.ToActive(change.forced);
    case RoleChange::Kind::kToStandby:
      return policy.ToStandby(change.forced);
    case RoleChange::Kind::kCede:
      break;
  }
  return policy.Cede(change.time, platform::MonotonicNow());
}

void HighAvailabilityDaemon::State::StartFollowing() {
  follower.reset();
  {
    platform::MutexLock guard(mutex);
    followed = {};
  }
  const auto told = [this](const Status& status) {
    platform::MutexLock guard(mutex);
    followed = status;
  };
  follower = std::make_unique<StoreFollower>(options.store, options.core, told);
}

Status HighAvailabilityDaemon::State::StartStandby() {
  StartFollowing();
  standby = std::make_unique<StandbyServer>(options, secret, addresses, *this);
  standby->SetLeader(Leader());
  return standby->Start();
}

Status HighAvailabilityDaemon::State::StartElection() {
  if (!options.ha.automatic) return {};
  store::ZookeeperElectionOptions given = options.ha.election;
  given.session.password = store::ZookeeperPassword(secret);
  const ElectionMember self{options.id, addresses.Get("http"), home};
  given.member = self.ToString();
  given.name = self.Name();
  given.is_member = &ElectionMember::IsOne;
  store::ZookeeperElection::Handlers handlers;
  handlers.elected = [this] {
    loop.Post([this] {
      if (!standing) return;  // it does not want to any more, and the lock is on its way back
      policy.Elected();
      Reconcile();
    });
  };
  handlers.deposed = [this](const std::string&) {
    loop.Post([this] {
      policy.Deposed();
      Reconcile();
    });
  };
  handlers.leader_changed = [this](const std::string& text) {
    loop.Post([this, text] { LeaderIs(text); });
  };
  election = std::make_unique<store::ZookeeperElection>(given, std::move(handlers));
  WEIR_RETURN_IF_ERROR(election->Start());
  platform::MutexLock guard(mutex);
  elector = election.get();
  return {};
}

void HighAvailabilityDaemon::State::LeaderIs(const std::string& text) {
  const ElectionMember member = ElectionMember::Parse(text);
  {
    platform::MutexLock guard(mutex);
    leader = member;
  }
  if (standby != nullptr) standby->SetLeader(member);
  WatchLeader(text);
  if (member.id.empty() || member.id == options.id) return;
  policy.AnotherLeads();
  Reconcile();
}

// The session of a process that has ended goes on for its whole time. Nobody need wait for it: what
// keeps a former leader from doing harm is the epoch, not the lock.
void HighAvailabilityDaemon::State::WatchLeader(const std::string& text) {
  leader_watch.reset();
  const ElectionMember member = ElectionMember::Parse(text);
  const auto http = HostPort::Parse(member.http);
  if (member.id.empty() || member.id == options.id || !http.ok()) return;
  leader_watch = std::make_unique<platform::PeerWatch>(
      loop, *http, [this, text] { election->LeaderGone(text); });
}

void HighAvailabilityDaemon::State::Reconcile() {
  // Before the lock is given back: whoever is elected next finds nobody who still acts, and what
  // was acknowledged is durable.
  if (!policy.to_be_active() && active != nullptr) BecomeStandby();
  if (election != nullptr && policy.stands(platform::MonotonicNow()) != standing) {
    standing = !standing;
    standing ? election->Stand() : election->Retire();
  }
  if (policy.to_be_active() && active == nullptr) BecomeActive();
  loop.Cancel(timer);
  timer = 0;
  const Instant next = policy.NextDeadline(platform::MonotonicNow());
  if (next != kNever) timer = loop.At(next, [this] { Reconcile(); });
}

void HighAvailabilityDaemon::State::BecomeActive() {
  const Instant began = platform::MonotonicNow();
  ResourceManagerDaemon::Hooks hooks;
  hooks.step_down = [this, number = ++term](const Error& error) {
    loop.Post([this, number, error] { Ended(number, error); });
  };
  hooks.take_store = [this] { return follower == nullptr ? FollowedStore{} : follower->Take(); };
  hooks.before_listening = [this] { standby.reset(); };
  hooks.hangs = [this](const std::string& silent_loop, Duration silent) {
    EndHanging(silent_loop, silent);
  };
  hooks.roles = this;
  active = std::make_unique<ResourceManagerDaemon>(options, addresses, std::move(hooks));
  if (const auto failure = active->Start()) {
    platform::LogError(
        kComponent, options.id, "cannot become active", {{"error", failure->error.ToString()}});
    policy.Ended(platform::MonotonicNow());
    BecomeStandby();
    return loop.Post([this] { Reconcile(); });
  }
  const Instant now = platform::MonotonicNow();
  policy.Started(now);
  platform::LogInfo(
      kComponent, options.id, "active", {{"ms", std::to_string(ToMillis(now - began))}});
}

void HighAvailabilityDaemon::State::BecomeStandby() {
  active->Stop();
  active.reset();
  platform::LogInfo(kComponent, options.id, "standby");
  Status status;
  if (standby == nullptr) {
    status = StartStandby();
  } else {  // it had not come so far as to listen, and the standby still does
    StartFollowing();
    status = addresses.Publish();
  }
  if (!status.ok()) {
    // Without its ports it is of no use, and whoever started it starts it again.
    platform::LogError(kComponent, options.id, status.error().ToString());
    kill(getpid(), SIGTERM);
  }
}

void HighAvailabilityDaemon::State::Ended(uint64_t number, const Error& error) {
  if (number != term || active == nullptr) return;
  platform::LogWarn(kComponent, options.id, "no longer active", {{"error", error.ToString()}});
  policy.Ended(platform::MonotonicNow());
  Reconcile();
}

void HighAvailabilityDaemon::State::EndHanging(const std::string& silent_loop, Duration silent) {
  const bool given = election == nullptr || election->GiveUp(kGiveUpPatience);
  // It may be the log that hangs, or the thread that hangs has it: that must not keep us.
  std::thread([id = options.id, silent_loop, silent, given] {
    platform::LogError(kComponent,
                       id,
                       "a loop hangs: the process ends itself",
                       {{"loop", silent_loop},
                        {"ms", std::to_string(ToMillis(silent))},
                        {"lock", given ? "given back" : "goes with the session"}});
    EndProcess();
  }).detach();
  std::this_thread::sleep_for(kLogPatience);
  EndProcess();
}

HighAvailabilityDaemon::HighAvailabilityDaemon(RmOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

HighAvailabilityDaemon::~HighAvailabilityDaemon() {
  Stop();
}

std::optional<platform::StartFailure> HighAvailabilityDaemon::Start() {
  State& state = *state_;
  using namespace exit_status;
  auto secret = PrepareDirectories(state.options);
  if (!secret.ok()) return {{kFailure, secret.error()}};
  state.secret = *std::move(secret);
  auto lock = store::DirectoryLock::Take(state.options.rm_dir);
  if (!lock.ok()) {
    Error error = std::move(lock).error();
    error.remedy = "give each ResourceManager of this machine its own weir.work.dir";
    return {{kLocked, std::move(error)}};
  }
  state.lock = *std::move(lock);
  auto home = ReadOrMakeDirectoryId(state.options.directory_id_file());
  if (!home.ok()) return {{kFailure, home.error()}};
  state.home = *std::move(home);
  if (auto status = state.addresses.ForgetFormerRun(); !status.ok()) {
    return {{kFailure, status.error()}};
  }
  if (auto status = state.StartStandby(); !status.ok()) {
    const bool in_use = status.error().code == ErrorCode::kUnavailable;
    return {{in_use ? kPortInUse : kFailure, status.error()}};
  }
  state.loop.Start();
  if (auto status = state.StartElection(); !status.ok()) {
    return {{kFailure, status.error()}};
  }
  state.watchdog = std::make_unique<platform::Watchdog>(
      state.loop, state.options.ha.transition_limit, [&state](Duration silent) {
        state.EndHanging(state.loop.name(), silent);
      });
  state.loop.Post([&state] { state.Reconcile(); });
  return std::nullopt;
}

void HighAvailabilityDaemon::Stop() {
  State& state = *state_;
  if (std::exchange(state.stopped, true)) return;
  state.watchdog.reset();
  state.loop.Stop();
  // What is acknowledged is durable before anybody else may be elected.
  if (state.active != nullptr) state.active->Stop();
  if (state.election != nullptr) state.election->Stop();
  if (state.standby != nullptr) state.standby->Stop();
  state.addresses.Withdraw();
}

}  // namespace weir::rm
