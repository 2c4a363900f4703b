// SimClient: a person with a `weir` command: submits one application, with the same idempotency key
// until there is an answer, watches it to its end, and may kill it. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_CLIENT_H_
#define WEIR_TESTS_SIMULATION_SIM_CLIENT_H_

#include <optional>
#include <string>

#include "resourcemanager/core/actions.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

class SimClient {
 public:
  SimClient(World& world, const ApplicationPlan& plan, const std::string& name);

  void Start();
  // From now on what would run for ever is killed.
  void EndServices();

  bool done() const { return last_ && IsTerminal(last_->state); }
  // The last report that was seen.
  const std::optional<ApplicationReport>& last() const { return last_; }
  const ApplicationPlan& plan() const { return plan_; }

 private:
  using Answer = decltype(rm::Reply::answer);

  void Submit();
  void OnSubmitted(const Answer& answer);
  void SubmitAgain();
  void Watch();
  void OnReport(const Answer& answer);
  void Kill();
  void KillGuessed();
  void Call(const std::string& what,
            Duration time_limit,
            const rm::Event& event,
            std::function<void(const Answer&)> done);
  rm::Event Submission() const;
  Duration RetryDelay() { return world_.Between(milliseconds(20), seconds(1)); }

  World& world_;
  const ApplicationPlan& plan_;
  const std::string name_;
  std::optional<ApplicationId> id_;
  std::optional<ApplicationReport> last_;
  int64_t known_version_ = -1;
  bool killing_ = false;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_CLIENT_H_
