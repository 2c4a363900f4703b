#include "tests/simulation/sim_client.h"

#include <utility>
#include <variant>

#include "tests/simulation/sim_resource_manager.h"

namespace weir::simulation {

SimClient::SimClient(World& world, const ApplicationPlan& plan, const std::string& name)
    : world_(world), plan_(plan), name_(name) {}

void SimClient::Start() {
  world_.queue.After(plan_.submit_after, [this] {
    Submit();
    if (plan_.kill_guessed) KillGuessed();
    if (plan_.submit_twice) {
      world_.queue.After(world_.Between(Duration(0), seconds(20)), [this] { SubmitAgain(); });
    }
  });
  if (plan_.kill_after) {
    world_.queue.After(plan_.submit_after + *plan_.kill_after, [this] { Kill(); });
  }
}

void SimClient::EndServices() {
  if (!done()) Kill();
}

void SimClient::Call(const std::string& what,
                     Duration time_limit,
                     const rm::Event& event,
                     std::function<void(const Answer&)> done) {
  CallResourceManager(
      world_,
      name_,
      {.from = name_, .to = "", .what = plan_.key + " " + what, .time_limit = time_limit},
      event,
      std::move(done));
}

rm::Event SimClient::Submission() const {
  return rm::SubmitApplication{
      .call = {}, .user = "ann", .idempotency_key = plan_.key, .context = plan_.context};
}

void SimClient::Submit() {
  Call("submit", seconds(2), Submission(), [this](const Answer& answer) { OnSubmitted(answer); });
}

void SimClient::OnSubmitted(const Answer& answer) {
  if (const auto* id = std::get_if<ApplicationId>(&answer)) {
    id_ = *id;
    Watch();
    return;
  }
  const Error& error = std::get<Error>(answer);
  const bool queue_is_away = world_.loses_queues && error.code == ErrorCode::kNotFound;
  const bool queue_is_stopped =
      world_.workload.stops_queues &&
      (error.code == ErrorCode::kFailedPrecondition || error.code == ErrorCode::kInvalidArgument);
  if (!queue_is_away && !queue_is_stopped && error.code != ErrorCode::kUnavailable &&
      error.code != ErrorCode::kDeadlineExceeded && error.code != ErrorCode::kNotActive) {
    world_.checker.Fail(plan_.key + " is refused: " + error.ToString());
    return;
  }
  world_.queue.After(RetryDelay(), [this] { Submit(); });
}

void SimClient::SubmitAgain() {
  Call("submit again", seconds(2), Submission(), [this](const Answer& answer) {
    if (std::holds_alternative<Error>(answer)) {
      world_.queue.After(RetryDelay(), [this] { SubmitAgain(); });
    }
  });
}

void SimClient::Watch() {
  Call("watch",
       seconds(4),
       rm::WatchApplication{
           .call = {}, .id = *id_, .known_version = known_version_, .park = seconds(2)},
       [this](const Answer& answer) { OnReport(answer); });
}

void SimClient::OnReport(const Answer& answer) {
  if (const auto* report = std::get_if<ApplicationReport>(&answer)) {
    last_ = *report;
    known_version_ = report->version;
    if (done()) return;
    world_.queue.After(milliseconds(1), [this] { Watch(); });
    return;
  }
  // One that was deposed and does not know it may know nothing of it.
  known_version_ = -1;  // a new RM counts anew
  world_.queue.After(RetryDelay(), [this] { Watch(); });
}

void SimClient::Kill() {
  if (std::exchange(killing_, true)) return;
  if (!id_) {  // not yet acknowledged
    killing_ = false;
    world_.queue.After(RetryDelay(), [this] { Kill(); });
    return;
  }
  Call("kill",
       seconds(2),
       rm::KillApplication{
           .call = {}, .user = "ann", .may_administer = false, .id = *id_, .diagnostics = ""},
       [this](const Answer& answer) {
         killing_ = false;
         if (std::holds_alternative<Error>(answer)) {
           world_.queue.After(RetryDelay(), [this] { Kill(); });
         }
       });
}

// Whatever comes of it: the id may be another's, or nobody's.
void SimClient::KillGuessed() {
  const ApplicationId guessed = world_.GuessNextId();
  world_.queue.After(world_.Between(Duration(0), milliseconds(3)), [this, guessed] {
    Call("kill guessed",
         seconds(2),
         rm::KillApplication{.call = {},
                             .user = "root",
                             .may_administer = true,
                             .id = guessed,
                             .diagnostics = "guessed"},
         [](const Answer&) {});
  });
}

}  // namespace weir::simulation
