// Who may change an application: every operation of the table that is about somebody's, as the core
// decides it. Who may not gets an answer, and nothing else happens.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "security/operations.h"
#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using security::Operation;
using security::Role;
using security::Roles;

// Ann's application is in a queue that the group keepers administers and testers may submit to.
CoreOptions Options() {
  CoreOptions options = SmallOptions();
  const std::string prefix = "yarn.scheduler.capacity.";
  options.local_queues = {{prefix + "root.queues", "work"},
                          {prefix + "root.acl_administer_queue", " "},
                          {prefix + "root.acl_submit_applications", " "},
                          {prefix + "root.work.capacity", "100"},
                          {prefix + "root.work.acl_submit_applications", "ann testers"},
                          {prefix + "root.work.acl_administer_queue", " keepers"},
                          {prefix + "maximum-am-resource-percent", "1"},
                          {"yarn.cluster.max-application-priority", "10"}};
  return options;
}

struct Person {
  std::string user;
  std::vector<std::string> groups;
  bool administrator = false;
  Roles roles;  // towards ann's application and its queue
};

// One ResourceManager with ann's application and a container of it.
struct Scene {
  Scene() {
    driver.AddNode("n1", {8192, 8});
    SubmissionContext context = Context("work");
    context.queue = "work";
    attempt = driver.RunApplication(context, "1", "n1");
    const auto granted = driver.Ask(attempt, {AskFor(1, 1, {512, 1})}).granted;
    EXPECT_EQ(granted.size(), 1u);
    container = granted[0].token.id;
    driver.Beat("n1", {Running(container)});
  }

  // Asks for `event` in the person's name.
  template <typename Event>
  CallId Ask(Event event, const Person& person) {
    event.call = driver.NewCall();
    event.user = person.user;
    event.groups = person.groups;
    if constexpr (requires { event.may_administer; }) event.may_administer = person.administrator;
    driver.Step(event);
    return event.call;
  }

  CoreDriver driver{Options()};
  AttemptId attempt;
  ContainerId container;
};

using Asking = std::function<CallId(Scene&, const Person&)>;

// How each of the operations is asked for.
const std::map<std::string_view, Asking>& AllAskings() {
  static const std::map<std::string_view, Asking> askings = {
      {"submitApplication",
       [](Scene& scene, const Person& person) {
         SubmitApplication submit;
         submit.idempotency_key = "2";
         submit.context = Context("more");
         submit.context.queue = "work";
         return scene.Ask(submit, person);
       }},
      {"killApplication",
       [](Scene& scene, const Person& person) {
         KillApplication kill;
         kill.id = scene.attempt.application;
         return scene.Ask(kill, person);
       }},
      {"moveApplication",
       [](Scene& scene, const Person& person) {
         MoveApplication move;
         move.id = scene.attempt.application;
         move.queue = "work";  // where it is: nobody needs a right on another queue
         return scene.Ask(move, person);
       }},
      {"updatePriority",
       [](Scene& scene, const Person& person) {
         UpdatePriority update;
         update.id = scene.attempt.application;
         update.priority = 3;
         return scene.Ask(update, person);
       }},
      {"updateLifetime",
       [](Scene& scene, const Person& person) {
         UpdateLifetime update;
         update.id = scene.attempt.application;
         update.lifetime = seconds(100);
         return scene.Ask(update, person);
       }},
      {"resizeContainer",
       [](Scene& scene, const Person& person) {
         ResizeContainer resize;
         resize.container = scene.container;
         resize.memory_mib = 1024;
         resize.park = seconds(10);
         return scene.Ask(resize, person);
       }},
      {"signalContainer", [](Scene& scene, const Person& person) {
         SignalContainer signal;
         signal.container = scene.container;
         signal.park = seconds(10);
         return scene.Ask(signal, person);
       }}};
  return askings;
}

std::vector<Person> AllPersons() {
  return {{"ann", {"people"}, false, Role::kOwner | Role::kQueueSubmitter},
          {"tom", {"people", "testers"}, false, Role::kQueueSubmitter},
          {"kim", {"keepers"}, false, Role::kQueueAdministrator | Role::kQueueSubmitter},
          {"root", {"root"}, true, Role::kAdministrator},
          {"eve", {"people"}, false, {}},
          // Names of groups are no names of users.
          {"keepers", {"people"}, false, {}},
          {"", {}, false, {}}};
}

// Those that the door cannot decide.
std::vector<const Operation*> OperationsOnApplications() {
  constexpr Roles kTowards = Role::kOwner | Role::kQueueSubmitter | Role::kQueueAdministrator;
  std::vector<const Operation*> found;
  for (const Operation& operation : security::OperationsOf(security::Service::kClient)) {
    if (operation.may.Meets(kTowards)) found.push_back(&operation);
  }
  return found;
}

TEST(Rights, AreThoseOfTheTable) {
  size_t refused = 0;
  for (const Operation* operation : OperationsOnApplications()) {
    ASSERT_TRUE(AllAskings().contains(operation->name))
        << operation->name << " is new: say here how it is asked for";
    for (const Person& person : AllPersons()) {
      SCOPED_TRACE("'" + person.user + "' does " + std::string(operation->name));
      Scene scene;
      CoreDriver& driver = scene.driver;
      const auto lines = std::count(driver.trace.begin(), driver.trace.end(), '\n');
      const CallId call = AllAskings().at(operation->name)(scene, person);
      const auto code = driver.Code(call);
      if (operation->may.Meets(person.roles)) {
        EXPECT_EQ(code, std::nullopt) << "it is done, or waits for the record or the node";
        continue;
      }
      ++refused;
      // The text of a submission is looked at before it is known where it would go.
      const bool nameless = person.user.empty() && operation->name == "submitApplication";
      EXPECT_EQ(code, nameless ? ErrorCode::kInvalidArgument : ErrorCode::kPermissionDenied);
      EXPECT_EQ(std::count(driver.trace.begin(), driver.trace.end(), '\n'), lines + 1)
          << "the refusal is all that happens";
      EXPECT_TRUE(driver.uncommitted.empty());
      EXPECT_TRUE(driver.Beat("n1", {Running(scene.container)}).signal.empty());
    }
  }
  EXPECT_GT(refused, 20u);
}

}  // namespace
}  // namespace weir::rm
