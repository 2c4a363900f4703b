#include "tests/simulation/sim_election.h"

#include <utility>
#include <variant>

#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

constexpr char kLock[] = "/weir-leader-election/simulation/lock";
constexpr Duration kLookAgain = seconds(1);

}  // namespace

SimElection::SimElection(World& world,
                         SimProcess& process,
                         const std::string& member,
                         std::function<void()> changed)
    : world_(world),
      process_(process),
      member_(member),
      changed_(std::move(changed)),
      connection_(world, process, member, "the election's"),
      policy_(std::make_unique<rm::RolePolicy>(true)) {}

void SimElection::Begin() {
  core_ = std::make_unique<store::LeaderElection>(kLock, member_);
  policy_ = std::make_unique<rm::RolePolicy>(true);
  standing_ = false;
  connection_.Open({.connected = [this] { Do(&store::LeaderElection::Connected); },
                    .disconnected = [this] { core_->Disconnected(); }});
  Stand();
  LookAgain();
}

void SimElection::End() {
  connection_.Close(false);
  policy_ = std::make_unique<rm::RolePolicy>(true);
}

void SimElection::Started() {
  policy_->Started(world_.queue.now());
}

void SimElection::Ended() {
  policy_->Ended(world_.queue.now());
  Stand();
}

// As the policy says, now and when it says something else.
void SimElection::Stand() {
  const Instant now = world_.queue.now();
  if (policy_->stands(now) != standing_) {
    standing_ = !standing_;
    Do(standing_ ? &store::LeaderElection::Stand : &store::LeaderElection::Retire);
  }
  const Instant next = policy_->NextDeadline(now);
  if (next != kNever) process_.At(next, [this] { Stand(); });
}

void SimElection::LookAgain() {
  Do(&store::LeaderElection::LookAgain);
  process_.After(kLookAgain, [this] { LookAgain(); });
}

void SimElection::Do(void (store::LeaderElection::*step)(store::ElectionActions&)) {
  store::ElectionActions actions;
  (*core_.*step)(actions);
  Carry(actions);
}

void SimElection::Carry(const store::ElectionActions& actions) {
  for (const store::ElectionAction& action : actions) {
    if (const auto* request = std::get_if<store::ElectionOperation>(&action)) {
      connection_.Apply({request->operation},
                        [this, id = request->id](const store::ZkOutcome& outcome) {
                          store::ElectionActions next;
                          core_->OperationDone(id, outcome, next);
                          Carry(next);
                        });
    } else if (const auto* read = std::get_if<store::ReadLock>(&action)) {
      connection_.Read(
          {kLock},
          [this] { Do(&store::LeaderElection::LockChanged); },
          [this, id = read->id](const ZookeeperConnection::View& view) {
            const store::ZkNode lock = view.nodes.empty() ? store::ZkNode{} : view.nodes[0];
            store::ElectionActions next;
            core_->LockRead(id, view.outcome, lock, lock.ours, next);
            Carry(next);
          });
    } else if (std::holds_alternative<store::Elected>(action)) {
      world_.trace.Line(member_, "is elected");
      policy_->Elected();
      Changed();
    } else if (const auto* deposed = std::get_if<store::Deposed>(&action)) {
      world_.trace.Line(member_, "is deposed: " + deposed->why);
      policy_->Deposed();
      Changed();
    } else if (const auto* refused = std::get_if<store::ElectionRefused>(&action)) {
      world_.checker.Fail("the election is refused: " +
                          refused->foreign.value_or(refused->outcome.text));
    }
  }
}

// Not in the midst of what led to it.
void SimElection::Changed() {
  process_.After(Duration(0), changed_);
}

}  // namespace weir::simulation
