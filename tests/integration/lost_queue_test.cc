// A queue that is gone when a real ResourceManager is started again: its applications run on, get
// nothing more, and are helped by a move.
#include <fstream>

#include "common/strings.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Property(const std::string& suffix, const std::string& value) {
  return "<property><name>yarn.scheduler.capacity." + suffix + "</name><value>" + value +
         "</value></property>\n";
}

std::string TwoQueues() {
  return "<configuration>\n" + Property("root.queues", "prod,dev") +
         Property("root.prod.capacity", "50") + Property("root.dev.capacity", "50") +
         Property("maximum-am-resource-percent", "1") + "</configuration>\n";
}

std::string OneQueue() {
  return "<configuration>\n" + Property("root.queues", "prod") +
         Property("root.prod.capacity", "100") + Property("maximum-am-resource-percent", "1") +
         "</configuration>\n";
}

class LostQueue : public ClusterTest {
 protected:
  // The store without its queue configurations: saved, emptied and filled again.
  void LoseStoredQueues() {
    const CommandResult dump =
        cluster().Weir({"rm", "store", "dump", "-o", "json", "-showSecrets"});
    ASSERT_EQ(dump.exit_code, 0) << dump.ToString();
    std::string kept;
    for (const std::string_view line : Split(dump.out, '\n')) {
      if (line.find("\"kind\":\"queues\"") != std::string_view::npos) continue;
      kept += std::string(line) + "\n";
    }
    ASSERT_LT(kept.size(), dump.out.size());
    WriteWholeFile(Scratch("dump"), kept);
    const CommandResult emptied = cluster().Weir({"rm", "store", "format", "-yes"});
    ASSERT_EQ(emptied.exit_code, 0) << emptied.ToString();
    const CommandResult loaded = cluster().Weir({"rm", "store", "load", Scratch("dump")});
    ASSERT_EQ(loaded.exit_code, 0) << loaded.ToString();
  }
  // Two of `-containers 1`: its own and that of its ApplicationMaster.
  ::testing::AssertionResult AwaitContainers(const std::string& id, int count) {
    return WaitUntil(
        [&] {
          const Json app = Application(id);
          return app.is_object() && app.value("state", "") == "RUNNING" &&
                 app.value("runningContainers", -1) == count;
        },
        id + " runs with " + std::to_string(count) + " containers");
  }
  std::string Log() {
    std::ifstream file(cluster().LogFile("rm"));
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(LostQueue, ItsApplicationsAreHeldAndRunOn) {
  ClusterOptions options = SmallContainers(1);
  options.queue_file = TwoQueues();
  ASSERT_TRUE(StartCluster(options));
  // One line for each start of its program.
  const std::string started = Scratch("started");
  const std::string id = SubmitShell({"-queue", "dev", "-memory", "64", "-containers", "1"},
                                     "echo start >> " + started + "; exec sleep 600");
  ASSERT_TRUE(AwaitFile(started));
  ASSERT_TRUE(AwaitContainers(id, 2));
  ASSERT_EQ(cluster().EndResourceManager(), 0);
  ASSERT_NO_FATAL_FAILURE(LoseStoredQueues());
  WriteWholeFile(cluster().QueueFile(), OneQueue());
  ASSERT_TRUE(cluster().StartResourceManager());
  ASSERT_TRUE(cluster().WaitForNodes(1));
  ASSERT_TRUE(AwaitContainers(id, 2));

  EXPECT_THAT(Log(), HasSubstr("1 application is held in root.:recovered"));
  EXPECT_THAT(StatusText(id),
              AllOf(HasSubstr("root.:recovered"),
                    HasSubstr("QUEUE_UNKNOWN: queue root.dev is not in the configuration any more"),
                    HasSubstr("weir application -movetoqueue " + id)));
  EXPECT_THAT(cluster().Weir({"queue", "-list", "all"}).out, HasSubstr("root.:recovered"));
  // Nobody else gets in.
  const CommandResult refused =
      cluster().Weir({"application", "-submit", "-queue", "root.:recovered", "--", "/bin/true"});
  EXPECT_EQ(refused.exit_code, 2) << refused.ToString();
  EXPECT_THAT(refused.err, HasSubstr("only holds"));

  const CommandResult moved = cluster().Weir({"application", "-movetoqueue", id, "-queue", "prod"});
  EXPECT_EQ(moved.exit_code, 0) << moved.ToString();
  EXPECT_EQ(Application(id).at("queue"), "root.prod");
  EXPECT_THAT(StatusText(id), Not(HasSubstr("QUEUE_UNKNOWN")));
  EXPECT_THAT(cluster().Weir({"queue", "-list", "all"}).out, Not(HasSubstr("recovered")));
  std::ifstream lines(started);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(lines), {}), "start\n") << "undisturbed";
  EXPECT_EQ(cluster().Weir({"application", "-kill", id}).exit_code, 0);
}

}  // namespace
}  // namespace weir::testing
