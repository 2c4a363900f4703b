// Keys of tokens that are replaced every few seconds, in a cluster of processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "gen/ApplicationMasterService.h"
#include "platform/config_keys.h"
#include "platform/rpc_security.h"
#include "platform/thrift_client.h"
#include "tests/integration/stream_job_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace platform::keys;

class TokenKeys : public StreamJobTest {
 protected:
  // Silence of 5 s is the end of a node or an ApplicationMaster, so a key is known for 7.5 s before
  // it signs.
  static ClusterOptions WithShortExpiries(int nodes) {
    ClusterOptions options = SmallContainers(nodes);
    options.settings[kNmExpiry] = "5000";
    options.settings[kAmExpiry] = "5000";
    return options;
  }
  // The token that an ApplicationMaster was started with.
  static platform::SignedToken FirstToken(pid_t master) {
    const auto token = platform::DecodeTokenFile(
        ReadWholeFile(EnvironmentOf(master, "WEIR_SECRETS_DIR") + "/am.token"));
    EXPECT_TRUE(token.ok());
    return token.ok() ? *token : platform::SignedToken{};
  }
  Status Connect(const platform::SignedToken& token) {
    platform::HelloIdentity identity;
    identity.token = &token;
    platform::ThriftClient<idl::ApplicationMasterServiceClient> client(
        {"", cluster().Address(cluster().ResourceManagerAddresses(), "master")}, identity);
    return client.Connect(seconds(30));
  }
  // A command in a container on each of two nodes: it leaves its number, and ends with what the
  // file "end-INDEX" says.
  std::string SubmitPair(const std::string& name) {
    return SubmitShell({"-memory", "64", "-containers", "2", "-spread", "nodes"},
                       "echo $$ >" + Scratch(name) + "-$WEIR_CONTAINER_INDEX; until [ -e " +
                           Scratch("end-") +
                           "$WEIR_CONTAINER_INDEX ]; do sleep 0.05; done; exit "
                           "$(cat " +
                           Scratch("end-") + "$WEIR_CONTAINER_INDEX)");
  }
  std::set<pid_t> AwaitPair(const std::string& name) {
    const std::set<pid_t> pids = {AwaitPid(Scratch(name + "-0")), AwaitPid(Scratch(name + "-1"))};
    std::set<std::string> nodes;
    for (const pid_t pid : pids) nodes.insert(EnvironmentOf(pid, "NM_PORT"));
    EXPECT_EQ(nodes.size(), 2U) << "one on each node";
    return pids;
  }
};

// What began under a key that is gone has the newest tokens: ApplicationMasters reach another
// ResourceManager and NodeManagers that were started again, clients reach ApplicationMasters, and
// both nodes take new containers.
TEST_F(TokenKeys, WhatRunsGoesOnWhileTheyAreReplaced) {
  ClusterOptions options = WithShortExpiries(2);
  options.settings[kRmKeyInterval] = "15";
  ASSERT_TRUE(StartCluster(options));
  const std::string session = StartSession();
  const auto client =
      StartRun("session", {"-p", "2"}, {Trial(), "steady", kForever, Scratch("out")}, "client.log");
  const std::string job = AwaitJob("RUNNING");
  const pid_t master = AwaitOne("weir-appmaster");
  const std::string pair = SubmitPair("early");
  const std::set<pid_t> early = AwaitPair("early");

  const platform::SignedToken first = FirstToken(master);
  ASSERT_TRUE(AwaitSigningKey(first.key_id + 2));
  const Status refused = Connect(first);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(refused.error().message, HasSubstr("too old: it is signed with key "));
  EXPECT_THAT(refused.error().remedy, HasSubstr("anew"));

  // Nobody is connected any more who was, but for the job's client.
  for (const int node : {0, 1}) cluster().node(node).Kill();
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  for (const int node : {0, 1}) ASSERT_TRUE(cluster().StartNode(node));
  ASSERT_TRUE(cluster().WaitForNodes(2));
  EXPECT_GE(SigningKey(), first.key_id + 2) << "the store has them";
  EXPECT_TRUE(AwaitState(session, "RUNNING"));
  EXPECT_TRUE(AwaitState(pair, "RUNNING"));
  const std::string later = SubmitPair("later");
  for (const pid_t pid : AwaitPair("later")) EXPECT_TRUE(IsAlive(pid));
  for (const pid_t pid : early) EXPECT_TRUE(IsAlive(pid));
  EXPECT_TRUE(IsAlive(master));
  const CommandResult second =
      Run("session", {"-p", "4"}, {SequenceSum(), "1", "100", "2", Scratch("sums")});
  EXPECT_EQ(second.exit_code, 0) << second.ToString();
  EXPECT_EQ(Results(Scratch("sums")), (std::vector<std::string>{"0 2550", "1 2500"}));

  // And once more; then the ApplicationMaster of each pair stops its other container at its node.
  ASSERT_TRUE(AwaitSigningKey(SigningKey() + 1));
  EXPECT_EQ(cluster().Weir({"job", "cancel", job}).exit_code, 0);
  EXPECT_NE(client->Wait(), std::nullopt);
  WriteWholeFile(Scratch("end-0"), "3");
  for (const std::string& id : {pair, later}) {
    EXPECT_TRUE(AwaitFinalStatus(id, "FAILED"));
    const CommandResult logs = cluster().Weir({"logs", "-applicationId", id});
    EXPECT_THAT(logs.out,
                AllOf(HasSubstr("has a new token"), Not(HasSubstr("could not be stopped"))))
        << id;
  }
  StopSession(session);
  EXPECT_TRUE(AwaitNoContainers());
}

TEST_F(TokenKeys, AreReplacedWhenAnAdministratorSaysSo) {
  ASSERT_TRUE(StartCluster(WithShortExpiries(1)));
  const std::string session = StartSession();
  const auto client =
      StartRun("session", {"-p", "1"}, {Trial(), "steady", kForever, Scratch("out")}, "client.log");
  const std::string job = AwaitJob("RUNNING");
  const platform::SignedToken token = FirstToken(AwaitOne("weir-appmaster"));
  const auto roll = [this] { return cluster().Weir({"rmadmin", "-rollTokenKeys"}); };
  const CommandResult first = roll();
  ASSERT_EQ(first.exit_code, 0) << first.ToString();
  EXPECT_THAT(
      first.out,
      AllOf(HasSubstr("Key 2 is being made known and signs in "), Not(HasSubstr("refused"))));
  // In the middle of it.
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  ASSERT_TRUE(cluster().WaitForNodes(1));
  EXPECT_EQ(SigningKey(), 1);
  const CommandResult same = cluster().Weir({"rmadmin", "-rollTokenKeys", "-o", "json"});
  const Json said = Json::parse(same.out, nullptr, false);
  ASSERT_TRUE(said.is_object()) << same.ToString();
  EXPECT_EQ(said.at("nextKey"), 2) << "the roll that was under way goes on";
  EXPECT_LE(said.at("signsInMs"), 7500);
  EXPECT_FALSE(said.contains("droppedKey"));
  ASSERT_TRUE(AwaitSigningKey(2));
  EXPECT_TRUE(Connect(token).ok());

  EXPECT_THAT(roll().out, HasSubstr("Tokens of key 1 are refused from then on."));
  ASSERT_TRUE(AwaitSigningKey(3));
  EXPECT_EQ(Connect(token).error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(cluster().Weir({"job", "cancel", job}).exit_code, 0);
  EXPECT_NE(client->Wait(), std::nullopt);
  StopSession(session);

  const CommandResult wrong = cluster().Weir({"rmadmin", "-rollTokenKeys", "now"});
  EXPECT_EQ(wrong.exit_code, 2) << wrong.ToString();
}

TEST(TokenKeyInterval, IsRefusedWhenItIsTooShortForAllToHear) {
  ClusterOptions options;
  options.nodes = 0;
  options.settings[kRmKeyInterval] = "89";
  ProcessCluster cluster(options);
  EXPECT_FALSE(cluster.StartResourceManager());
  const std::string log = ReadWholeFile(cluster.LogFile("rm"));
  EXPECT_THAT(log,
              AllOf(HasSubstr(kRmKeyInterval), HasSubstr("is 89 s"), HasSubstr("at least 90 s")));
}

}  // namespace
}  // namespace weir::testing
