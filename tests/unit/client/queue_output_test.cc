#include "client/queue_output.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "client/explain_output.h"

namespace weir::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

QueueReport MakeQueue() {
  QueueReport queue;
  queue.path = "root.etl";
  queue.name = "etl";
  queue.state = "RUNNING";
  queue.ordering_policy = "fifo";
  queue.labels = {"*"};
  queue.maximum_applications = 4000;
  queue.partitions = {{.label = "",
                       .capacity = 40,
                       .maximum_capacity = 80,
                       .used_capacity = 12.5,
                       .used = {1024, 1}},
                      {.label = "gpu", .capacity = 50, .maximum_capacity = 100}};
  queue.users = {{.name = "mia", .active = true, .used = {1024, 1}, .user_limit = {4096, 4}}};
  return queue;
}

TEST(QueueOutput, ListsQueuesInYarnsBox) {
  EXPECT_EQ(FormatQueueList({MakeQueue()}),
            "1 queues were found\n"
            "+------------+------------+---------+----------+------------------+------------------"
            "+--------+-----------------------+\n"
            "| Queue Name | Queue Path | State   | Capacity | Current Capacity | Maximum Capacity "
            "| Weight | Maximum Parallel Apps |\n"
            "+------------+------------+---------+----------+------------------+------------------"
            "+--------+-----------------------+\n"
            "| etl        | root.etl   | RUNNING | 40.00%   | 12.50%           | 80.00%           "
            "| -1.00  | 2147483647            |\n"
            "+------------+------------+---------+----------+------------------+------------------"
            "+--------+-----------------------+\n");
}

TEST(QueueOutput, ShowsAQueueInYarnsLinesAndThenItsUsersAndLabels) {
  const std::string text = FormatQueue(MakeQueue());
  EXPECT_TRUE(
      text.starts_with("Queue Information : \n"
                       "Scheduler Name : CapacityScheduler\n"
                       "Queue Name : etl\n"
                       "Queue Path : root.etl\n"
                       "\tState : RUNNING\n"
                       "\tCapacity : 40.00%\n"
                       "\tCurrent Capacity : 12.50%\n"
                       "\tMaximum Capacity : 80.00%\n"
                       "\tWeight : -1.00\n"
                       "\tMaximum Parallel Apps : 2147483647\n"
                       "\tDefault Node Label expression : <DEFAULT_PARTITION>\n"
                       "\tAccessible Node Labels : *\n"
                       "\tPreemption : enabled\n"
                       "\tIntra-queue Preemption : enabled\n"))
      << text;
  EXPECT_THAT(text,
              AllOf(HasSubstr("mia"), HasSubstr("<memory:4096, vCores:4>"), HasSubstr("gpu")));
  const json queue = json::parse(QueueJson(MakeQueue())).at("queue");
  EXPECT_EQ(queue.at("queuePath"), "root.etl");
  EXPECT_EQ(queue.at("partitions").at(0).at("used").at("memory"), 1024);
  EXPECT_EQ(queue.at("users").at(0).at("username"), "mia");
}

TEST(QueueOutput, ShowsWhatAPlanWouldDo) {
  QueuePlan plan;
  plan.base_version = 3;
  EXPECT_EQ(FormatPlan(plan), "No queue differs from version 3.\nNo application is affected.\n");
  plan.changes = {{"root.a", "capacity", "40", "60"}, {"", "maximum-applications", "1", "2"}};
  plan.effects = {{PlannedEffect::Kind::kOverLimit, {1, 2}, "root.b", "uses 5 of 4"}};
  EXPECT_EQ(FormatPlan(plan),
            "Changes against version 3:\n"
            "Queue   What                  Before  After\n"
            "root.a  capacity              40      60\n"
            "(all)   maximum-applications  1       2\n"
            "Effects:\n"
            "Application         Queue   Effect      Detail\n"
            "application_1_0002  root.b  OVER_LIMIT  uses 5 of 4\n");
  plan.faults = {"q.xml:3: a", "q.xml:4: b"};
  EXPECT_THAT(FormatPlan(plan), HasSubstr("It would be refused:\n  q.xml:3: a\n  q.xml:4: b\n"));
  const json shown = json::parse(PlanJson(plan)).at("plan");
  EXPECT_EQ(shown.at("faults").size(), 2u);
  EXPECT_EQ(shown.at("effects").at(0).at("kind"), "OVER_LIMIT");
}

TEST(QueueOutput, ShowsVersionsAndLabels) {
  const QueueConfigurationVersion version{.version = 2,
                                          .applied = WallFromMillis(1'700'000'000'000),
                                          .by = "ada",
                                          .origin = "apply",
                                          .sha256 = "0123456789abcdef"};
  EXPECT_THAT(FormatHistory({version}),
              AllOf(HasSubstr("2        2023-11-14T22:13:20"),
                    HasSubstr("ada  apply   0123456789ab"),
                    Not(HasSubstr("0123456789abc"))));
  EXPECT_EQ(json::parse(HistoryJson({version})).at("versions").at(0).at("sha256"),
            "0123456789abcdef");
  EXPECT_EQ(FormatLabels({{.name = ""}, {.name = "gpu"}, {.name = "fast", .exclusive = false}}),
            "Node Labels: <gpu:exclusivity=true>,<fast:exclusivity=false>\n");
}

TEST(ExplainOutput, TellsTheReasonItsRemedyAndTheNumbersOfEveryLimit) {
  Explanation explanation;
  explanation.application = {1, 2};
  explanation.user = "mia";
  explanation.queue = "root.etl";
  explanation.state = ApplicationState::kAccepted;
  explanation.reason = PendingReason::kAmLimit;
  explanation.detail = "AMs use all of it";
  explanation.unblock = "an application ends";
  explanation.applications_ahead = 2;
  explanation.limits = {{"AM limit of root.etl", {1024, 1}, {1024, 1}, true},
                        {"maximum capacity of root", {8192, 8}, {1024, 1}, false}};
  explanation.asks = {{.request_id = 1,
                       .priority = 5,
                       .count = 3,
                       .resource = {2048, 1},
                       .label = "gpu",
                       .reason = PendingReason::kInsufficient,
                       .detail = "no room",
                       .unblock = "something ends",
                       .refused = {{"free memory too small", 7}}}};
  PastTheScheduler past;
  past.starting.emplace_back();
  past.starting.back().node_name = "n1:1";
  past.jobs = {"Job j RUNNING : waits for slots"};
  EXPECT_EQ(FormatExplanation(explanation, past),
            "Application Explanation : \n"
            "\tApplication-Id : application_1_0002\n"
            "\tUser : mia\n"
            "\tQueue : root.etl\n"
            "\tState : ACCEPTED\n"
            "\tReason : AM_LIMIT\n"
            "\tDetail : AMs use all of it\n"
            "\tWould unblock it : an application ends\n"
            "\tApplications ahead : 2\n"
            "\nLimits (* binds):\n"
            "   Limit                     Used                     Of\n"
            "*  AM limit of root.etl      <memory:1024, vCores:1>  <memory:1024, vCores:1>\n"
            "   maximum capacity of root  <memory:1024, vCores:1>  <memory:8192, vCores:8>\n"
            "\nAsk 1 : 3 x <memory:2048, vCores:1>, priority 5, label gpu\n"
            "\tReason : INSUFFICIENT\n"
            "\tDetail : no room\n"
            "\tWould unblock it : something ends\n"
            "\tNodes refused : 7, free memory too small\n"
            "\nContainers being localised and started : 1\n"
            "\t" +
                past.starting[0].id.ToString() +
                " on n1:1\n"
                "\nJob j RUNNING : waits for slots\n");
  const json shown = json::parse(ExplanationJson(explanation, past)).at("explanation");
  EXPECT_EQ(shown.at("reason"), "AM_LIMIT");
  EXPECT_TRUE(shown.at("limits").at(0).at("binds"));
  EXPECT_EQ(shown.at("asks").at(0).at("refusedNodes").at(0).at("nodes"), 7);
  EXPECT_EQ(shown.at("containersStarting").size(), 1u);
}

TEST(ExplainOutput, SaysThatNothingWaits) {
  Explanation explanation;
  explanation.state = ApplicationState::kRunning;
  EXPECT_THAT(FormatExplanation(explanation, {}), HasSubstr("\tWaiting : no\n"));
}

}  // namespace
}  // namespace weir::cli
