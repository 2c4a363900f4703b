// Two nodes, of which one loses the ResourceManager: what ran there is started again on the other
// one, and never runs on both at once. What is between the node and the ResourceManager is a proxy
// that stops: connections stay open, as with a network that loses everything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "client/rm_client.h"
#include "common/strings.h"
#include "platform/config_keys.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/tcp_proxy.h"

namespace weir::testing {
namespace {

namespace fs = std::filesystem;
namespace keys = platform::keys;

// From a container's first to its last sign of life, in hundredths of a second of the machine.
struct Life {
  double first = 0;
  double last = 0;
};

class NodeLease : public ClusterTest {
 protected:
  // An RM, and a node 0 that knows it by another directory, where its address is the proxy's.
  void StartBehindProxy() {
    ClusterOptions options = SmallContainers(0);
    options.settings[keys::kNmExpiry] = "6000";
    options.settings[keys::kNmSigkillDelay] = "200";
    options.of_node[0] = {{keys::kWorkDir, other_.path()}};
    ASSERT_TRUE(StartCluster(options));
    const auto addresses = cluster().ResourceManagerAddresses();
    proxy_ = std::make_unique<TcpProxy>(cluster().Address(addresses, "tracker"));
    std::string published = ReadWholeFile(cluster().work_dir() + "/rm/address");
    const std::string tracker = addresses.at("tracker");
    const size_t at = published.find(tracker);
    ASSERT_NE(at, std::string::npos);
    published.replace(at, tracker.size(), proxy_->address().ToString());
    fs::create_directory(other_.path() + "/rm");
    WriteWholeFile(other_.path() + "/rm/address", published);
    fs::create_symlink(cluster().work_dir() + "/cluster.secret", other_.path() + "/cluster.secret");
    fs::permissions(other_.path(), fs::perms(0755));
    ASSERT_TRUE(cluster().StartNode(0));
    ASSERT_TRUE(cluster().WaitForNodes(1));
  }
  // By container. Each writes a line "ID UPTIME" ten times a second while it lives.
  std::map<std::string, Life> Lives() {
    std::map<std::string, Life> lives;
    const std::string text = ReadWholeFile(Scratch("lives"));
    for (const std::string_view line : Split(text, '\n')) {
      std::istringstream words{std::string(line)};
      std::string id;
      double time = 0;
      if (!(words >> id >> time)) continue;
      const auto [known, added] = lives.try_emplace(id, Life{time, time});
      if (!added) known->second.last = time;
    }
    return lives;
  }

  TempDirectory other_;
  std::unique_ptr<TcpProxy> proxy_;
};

TEST_F(NodeLease, WhatIsReplacedElsewhereHasEndedBefore) {
  ASSERT_NO_FATAL_FAILURE(StartBehindProxy());
  // Masters that say nothing to anybody, so that only their node's lease ends them; deaf to
  // SIGTERM.
  SubmissionContext context;
  context.name = "lives";
  context.type = "TEST";
  context.am_resource = {64, 1};
  context.max_attempts = 2;
  context.am_launch.command = {
      "/bin/sh",
      "-c",
      "trap '' TERM; while :; do read -r up rest </proc/uptime; echo $CONTAINER_ID $up >>" +
          Scratch("lives") + "; sleep 0.1; done"};
  cli::RmClient rm(cluster().Config());
  constexpr size_t kApplications = 3;
  std::vector<std::string> ids;
  for (size_t i = 0; i < kApplications; ++i) {
    const auto id = rm.Submit(context);
    ASSERT_TRUE(id.ok()) << id.error().ToString();
    ids.push_back(id->ToString());
  }
  ASSERT_TRUE(
      WaitUntil([&] { return fs::exists(Scratch("lives")) && Lives().size() == kApplications; },
                "all live on the first node"));
  ASSERT_TRUE(cluster().StartNode(1));
  ASSERT_TRUE(cluster().WaitForNodes(2));
  const auto before = Lives();

  proxy_->Stop();
  // The first node is given up, and every application begins again on the second.
  ASSERT_TRUE(WaitUntil([&] { return Lives().size() == 2 * kApplications; },
                        "they are replaced on the other node"));
  const auto lives = Lives();
  for (const auto& [gone, unused] : before) {
    for (const auto& [other, life] : lives) {
      if (before.contains(other)) continue;
      EXPECT_LT(lives.at(gone).last, life.first) << gone << " lived beside " << other;
    }
  }
  // Cut off, but healthy: it ended them by itself.
  EXPECT_THAT(ReadWholeFile(cluster().LogFile("nm0")), ::testing::HasSubstr("the lease ends ("));
  proxy_->Go();
  ASSERT_TRUE(cluster().WaitForNodes(2));
  for (const std::string& id : ids) {
    const CommandResult killed = cluster().Weir({"application", "-kill", id});
    EXPECT_EQ(killed.exit_code, 0) << killed.ToString();
    EXPECT_TRUE(AwaitState(id, "KILLED"));
  }
}

}  // namespace
}  // namespace weir::testing
