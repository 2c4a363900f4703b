// Queues of a real cluster: their limits, their changes at run time, and what the command line says
// of them.
#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Property(const std::string& suffix, const std::string& value) {
  return "<property><name>yarn.scheduler.capacity." + suffix + "</name><value>" + value +
         "</value></property>\n";
}

// root.prod and root.dev; dev may use half of the cluster at most. ApplicationMasters may use a
// fifth: in dev, on 8 vcores, that is one of 1 vcore.
std::string QueueFile(const std::string& prod, const std::string& dev) {
  return "<configuration>\n" + Property("root.queues", "prod,dev") +
         Property("root.prod.capacity", prod) + Property("root.dev.capacity", dev) +
         Property("root.dev.maximum-capacity", "50") +
         Property("maximum-am-resource-percent", "0.2") + "</configuration>\n";
}

class Queues : public ClusterTest {
 protected:
  static ClusterOptions TwoQueues() {
    ClusterOptions options = SmallContainers(1);
    options.settings["yarn.cluster.max-application-priority"] = "10";
    options.queue_file = QueueFile("60", "40");
    return options;
  }
  std::string SubmitSleeper(const std::string& queue, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"-queue", queue, "-memory", "64"});
    return Submit(std::move(options), {"/bin/sleep", "600"});
  }
  void Kill(const std::string& id) {
    const CommandResult killed = cluster().Weir({"application", "-kill", id});
    EXPECT_EQ(killed.exit_code, 0) << killed.ToString();
    EXPECT_TRUE(AwaitState(id, "KILLED"));
  }
  // What `weir queue -list -o json` says of one.
  Json Queue(const std::string& path) {
    const CommandResult listed = cluster().Weir({"queue", "-list", path, "-o", "json"});
    EXPECT_EQ(listed.exit_code, 0) << listed.ToString();
    return Json::parse(listed.out).at("queues").at("queue").at(0);
  }
  double Capacity(const std::string& path) {
    return Queue(path).at("partitions").at(0).at("capacity").get<double>();
  }
  // Newest first.
  Json Versions() {
    const CommandResult history = cluster().Weir({"queue", "-history", "-o", "json"});
    EXPECT_EQ(history.exit_code, 0) << history.ToString();
    return Json::parse(history.out).at("versions");
  }
  std::string WriteQueues(const std::string& name, const std::string& text) {
    WriteWholeFile(Scratch(name), text);
    return Scratch(name);
  }
};

TEST_F(Queues, HoldTheirLimitsAndSayWhyAnApplicationWaits) {
  ASSERT_TRUE(StartCluster(TwoQueues()));
  const std::string first = SubmitSleeper("dev");
  ASSERT_TRUE(AwaitState(first, "RUNNING"));
  const std::string second = SubmitSleeper("root.dev");
  const std::string third = SubmitSleeper("prod");
  ASSERT_TRUE(AwaitState(third, "RUNNING"));
  EXPECT_EQ(Application(second).at("state"), "ACCEPTED");
  EXPECT_EQ(Application(second).at("queue"), "root.dev");

  const CommandResult told = cluster().Weir({"application", "-explain", second});
  ASSERT_EQ(told.exit_code, 0) << told.ToString();
  EXPECT_THAT(told.out,
              AllOf(HasSubstr("\tReason : AM_LIMIT\n"),
                    HasSubstr("\tWould unblock it : "),
                    HasSubstr("*  AM limit of root.dev"),
                    HasSubstr("maximum capacity of root.dev")));
  const CommandResult json = cluster().Weir({"application", "-explain", second, "-o", "json"});
  const Json explanation = Json::parse(json.out).at("explanation");
  EXPECT_EQ(explanation.at("reason"), "AM_LIMIT");
  const Json& limit = explanation.at("limits").at(0);
  EXPECT_EQ(limit.at("name"), "AM limit of root.dev");
  EXPECT_EQ(limit.at("used").at("vCores"), 1);
  EXPECT_EQ(limit.at("limit").at("vCores"), 1);
  EXPECT_EQ(limit.at("binds"), true);

  const Json scheduler = Rest("/ws/v1/cluster/scheduler");
  const Json& leaves = scheduler.at("scheduler").at("schedulerInfo").at("queues").at("queue");
  ASSERT_EQ(leaves.size(), 2u);
  for (const Json& leaf : leaves) {
    const bool dev = leaf.at("queuePath") == "root.dev";
    EXPECT_EQ(leaf.at("absoluteCapacity"), dev ? 40 : 60);
    EXPECT_EQ(leaf.at("numActiveApplications"), 1);
    EXPECT_EQ(leaf.at("numPendingApplications"), dev ? 1 : 0);
    EXPECT_EQ(leaf.at("allocatedContainers"), 2);
  }
  platform::HttpCall metrics;
  metrics.server = cluster().ResourceManagerHttp();
  metrics.target = "/metrics";
  EXPECT_THAT(platform::CallHttp(metrics)->body,
              HasSubstr("weir_queue_pending_applications{queue=\"root.dev\"} 1\n"));
  const CommandResult status = cluster().Weir({"queue", "-status", "dev"});
  EXPECT_THAT(status.out,
              AllOf(HasSubstr("Queue Path : root.dev\n\tState : RUNNING\n\tCapacity : 40.00%\n"),
                    HasSubstr("Applications : 1 active, 1 pending, at most 4000\n")));

  Kill(first);
  EXPECT_TRUE(AwaitState(second, "RUNNING")) << "the place of the first ApplicationMaster is free";
  Kill(second);
  Kill(third);
}

TEST_F(Queues, RefuseWhatTheyDoNotKnow) {
  ASSERT_TRUE(StartCluster(TwoQueues()));
  const CommandResult submitted =
      cluster().Weir({"application", "-submit", "-queue", "nowhere", "--", "/bin/true"});
  EXPECT_EQ(submitted.exit_code, 3) << submitted.ToString();
  EXPECT_THAT(submitted.err, HasSubstr("root.dev, root.prod"));
  const CommandResult status = cluster().Weir({"queue", "-status", "dex"});
  EXPECT_EQ(status.exit_code, 3) << status.ToString();
  EXPECT_THAT(status.err, HasSubstr("did you mean 'dev'?"));
  EXPECT_EQ(cluster().Weir({"application", "-explain", "application_1_0001"}).exit_code, 3);
  EXPECT_EQ(cluster().Weir({"queue", "-rollback", "9"}).exit_code, 3);
  EXPECT_EQ(cluster().Weir({"queue", "-plan", Scratch("missing.xml")}).exit_code, 3);
  EXPECT_EQ(cluster().Weir({"queue"}).exit_code, 2);
  EXPECT_EQ(cluster().Weir({"rmadmin", "-refreshQueues", "now"}).exit_code, 2);
}

TEST_F(Queues, ChangeAsAWholeOrNotAtAll) {
  ASSERT_TRUE(StartCluster(TwoQueues()));
  ASSERT_EQ(Versions().size(), 1u);

  // Two faults, in lines 3 and 5 of the file.
  std::string bad = QueueFile("70", "40");
  bad.replace(bad.find("<value>50<"), 10, "<value>x<");
  WriteWholeFile(cluster().QueueFile(), bad);
  const CommandResult refused = cluster().Weir({"rmadmin", "-refreshQueues"});
  EXPECT_EQ(refused.exit_code, 2) << refused.ToString();
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("110%"), HasSubstr("capacity-scheduler.xml:5: queue root.dev")));
  EXPECT_EQ(Versions().size(), 1u);
  EXPECT_EQ(Capacity("root.prod"), 60);

  WriteWholeFile(cluster().QueueFile(), QueueFile("70", "30"));
  const CommandResult refreshed = cluster().Weir({"rmadmin", "-refreshQueues"});
  EXPECT_EQ(refreshed.exit_code, 0) << refreshed.ToString();
  EXPECT_THAT(refreshed.out, IsEmpty());
  EXPECT_EQ(Capacity("root.prod"), 70);
  EXPECT_EQ(Versions().at(0).at("version"), 2);
  EXPECT_EQ(Versions().at(0).at("origin"), "refreshQueues");
}

TEST_F(Queues, ArePlannedAppliedByVersionAndRolledBack) {
  ASSERT_TRUE(StartCluster(TwoQueues()));
  const std::string next = WriteQueues("next.xml", QueueFile("80", "20"));
  const CommandResult plan = cluster().Weir({"queue", "-plan", next});
  EXPECT_EQ(plan.exit_code, 0) << plan.ToString();
  EXPECT_THAT(plan.out,
              AllOf(HasSubstr("Changes against version 1:\n"), HasSubstr("root.prod  capacity")));
  EXPECT_EQ(Capacity("root.prod"), 60) << "a plan changes nothing";

  const CommandResult stale = cluster().Weir({"queue", "-apply", next, "--if-version", "7"});
  EXPECT_EQ(stale.exit_code, 6) << stale.ToString();
  EXPECT_EQ(Capacity("root.prod"), 60);
  const CommandResult applied = cluster().Weir({"queue", "-apply", next, "--if-version", "1"});
  EXPECT_EQ(applied.exit_code, 0) << applied.ToString();
  EXPECT_THAT(applied.out, HasSubstr("is in force as version 2."));
  EXPECT_EQ(Capacity("root.prod"), 80);

  const std::string bad = WriteQueues("bad.xml", QueueFile("80", "30"));
  const CommandResult faulty = cluster().Weir({"queue", "-plan", bad});
  EXPECT_EQ(faulty.exit_code, 2) << faulty.ToString();
  EXPECT_THAT(faulty.out, HasSubstr(bad + ":"));
  const CommandResult refused = cluster().Weir({"queue", "-apply", bad});
  EXPECT_EQ(refused.exit_code, 2) << refused.ToString();
  EXPECT_THAT(refused.err, HasSubstr(bad + ":"));
  EXPECT_EQ(Rest("/ws/v1/cluster/scheduler-conf/version").at("configversion").at("versionID"), 2);

  // The stored version wins over the file, which still says 60.
  ASSERT_EQ(cluster().EndResourceManager(), 0);
  ASSERT_TRUE(cluster().StartResourceManager());
  EXPECT_EQ(Capacity("root.prod"), 80);
  EXPECT_EQ(Versions().size(), 2u);

  const CommandResult back = cluster().Weir({"queue", "-rollback", "1"});
  EXPECT_EQ(back.exit_code, 0) << back.ToString();
  EXPECT_EQ(Capacity("root.prod"), 60);
  EXPECT_EQ(Versions().at(0).at("version"), 3);
  EXPECT_EQ(Versions().at(0).at("origin"), "rollback to 1");
}

TEST_F(Queues, AreNotTakenAwayFromApplications) {
  ASSERT_TRUE(StartCluster(TwoQueues()));
  const std::string id = SubmitSleeper("dev");
  ASSERT_TRUE(AwaitState(id, "RUNNING"));
  const std::string without_dev =
      WriteQueues("without.xml",
                  "<configuration>" + Property("root.queues", "prod") +
                      Property("root.prod.capacity", "100") + "</configuration>");
  const CommandResult plan = cluster().Weir({"queue", "-plan", without_dev});
  EXPECT_NE(plan.exit_code, 0) << plan.ToString();
  EXPECT_THAT(plan.out, HasSubstr("root.dev"));
  const CommandResult refused = cluster().Weir({"queue", "-apply", without_dev});
  EXPECT_EQ(refused.exit_code, 6) << refused.ToString();
  EXPECT_THAT(refused.err, HasSubstr("root.dev"));
  EXPECT_EQ(Capacity("root.dev"), 40);
  Kill(id);
}

TEST_F(Queues, LetApplicationsMoveAndChange) {
  ASSERT_TRUE(StartCluster(TwoQueues()));
  const std::string first = SubmitSleeper("dev");
  ASSERT_TRUE(AwaitState(first, "RUNNING"));
  const std::string second = SubmitSleeper("dev", {"-priority", "3"});
  EXPECT_EQ(Application(second).at("state"), "ACCEPTED");
  EXPECT_EQ(Application(second).at("priority"), 3);

  const CommandResult raised =
      cluster().Weir({"application", "-appId", second, "-updatePriority", "99"});
  EXPECT_EQ(raised.exit_code, 0) << raised.ToString();
  EXPECT_THAT(raised.out, HasSubstr("with priority '10'"));
  EXPECT_EQ(Application(second).at("priority"), 10);

  const CommandResult moved =
      cluster().Weir({"application", "-movetoqueue", second, "-queue", "prod"});
  EXPECT_EQ(moved.exit_code, 0) << moved.ToString();
  EXPECT_THAT(moved.out, HasSubstr("Successfully completed move.\n"));
  EXPECT_TRUE(AwaitState(second, "RUNNING"));
  EXPECT_EQ(Application(second).at("queue"), "root.prod");

  const CommandResult limited =
      cluster().Weir({"application", "-appId", second, "-updateLifetime", "1"});
  EXPECT_EQ(limited.exit_code, 0) << limited.ToString();
  EXPECT_TRUE(AwaitState(second, "KILLED"));
  EXPECT_EQ(cluster().Weir({"application", "-appId", second, "-changeQueue", "dev"}).exit_code, 6);
  Kill(first);
}

TEST_F(Queues, PartitionNodesByLabelAndFollowTheirChanges) {
  ASSERT_TRUE(StartCluster(TwoQueues()));
  EXPECT_EQ(
      cluster().Weir({"rmadmin", "-addToClusterNodeLabels", "gpu(exclusive=false)"}).exit_code, 0);
  EXPECT_EQ(cluster().Weir({"cluster", "-lnl"}).out, "Node Labels: <gpu:exclusivity=false>\n");
  const std::string node = cluster().NodeAddresses(0).at("container");
  EXPECT_EQ(cluster().Weir({"rmadmin", "-replaceLabelsOnNode", node + "=gpu"}).exit_code, 0);
  EXPECT_EQ(Rest("/ws/v1/cluster/nodes").at("nodes").at("node").at(0).at("nodeLabels"),
            Json::array({"gpu"}));
  EXPECT_EQ(cluster().Weir({"rmadmin", "-replaceLabelsOnNode", node + "=fpga"}).exit_code, 3);
  EXPECT_EQ(cluster().Weir({"rmadmin", "-replaceLabelsOnNode", node + "="}).exit_code, 0);
  EXPECT_EQ(cluster().Weir({"rmadmin", "-removeFromClusterNodeLabels", "gpu"}).exit_code, 0);
  EXPECT_EQ(cluster().Weir({"cluster", "-lnl"}).out, "Node Labels: \n");

  const auto total = [&] {
    return Rest("/ws/v1/cluster/metrics").at("clusterMetrics").at("totalMB").get<int>();
  };
  EXPECT_EQ(total(), 4096);
  EXPECT_EQ(cluster().Weir({"rmadmin", "-updateNodeResource", node, "2048", "4"}).exit_code, 0);
  EXPECT_EQ(total(), 2048);
  EXPECT_EQ(cluster().Weir({"rmadmin", "-updateNodeResource", node, "default"}).exit_code, 0);
  EXPECT_EQ(total(), 4096);
  EXPECT_EQ(cluster().Weir({"rmadmin", "-updateNodeResource", "nowhere", "1", "1"}).exit_code, 3);
}

TEST_F(Queues, OfAFaultyFileKeepANewClusterFromStarting) {
  ClusterOptions options = TwoQueues();
  options.nodes = 0;
  options.queue_file = QueueFile("70", "40");
  options.settings["yarn.scheduler.capacity.root.dev.state"] = "SLEEPING";
  const auto started = StartCluster(options);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.message(), HasSubstr("ended with 2 at its start"));
  EXPECT_THAT(ReadWholeFile(cluster().LogFile("rm")),
              AllOf(HasSubstr("capacity-scheduler.xml:2: queue root: "), HasSubstr("SLEEPING")));
}

}  // namespace
}  // namespace weir::testing
