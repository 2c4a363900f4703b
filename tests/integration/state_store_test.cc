// A real ResourceManager on every kind of state store: what it was told survives kill -9 and a move
// to another store; `weir rm store` at work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "tests/integration/resource_manager_process.h"
#include "tests/support/process.h"
#include "tests/support/process_cluster.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Settings = std::map<std::string, std::string>;

class StateStoreTest : public ::testing::Test {
 protected:
  // `weir` with the configuration of an RM in that work directory.
  static CommandResult Weir(const std::string& work,
                            const Settings& settings,
                            const std::vector<std::string>& words) {
    // Before the command that may stand at the end.
    std::vector<std::string> argv = {BinaryPath("weir"), words[0], "-D", "weir.work.dir=" + work};
    for (const auto& [key, value] : settings) argv.insert(argv.end(), {"-D", key + "=" + value});
    argv.insert(argv.end(), words.begin() + 1, words.end());
    return RunCommand(argv);
  }
  static std::string Submit(const std::string& work,
                            const Settings& settings,
                            const std::string& name = "kept") {
    const CommandResult submitted =
        Weir(work, settings, {"application", "-submit", "-name", name, "/bin/true"});
    EXPECT_EQ(submitted.exit_code, 7) << submitted.ToString();  // no node is there to place it
    const size_t at = submitted.out.find("application_");
    return at == std::string::npos
               ? ""
               : submitted.out.substr(at, submitted.out.find_first_of(" \n", at) - at);
  }
  Settings Zookeeper() {
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(ZooKeeperSettings{.sync = false});
    EXPECT_TRUE(ensemble_->Start());
    return {{"yarn.resourcemanager.store.class", "ZKRMStateStore"},
            {"hadoop.zk.address", ensemble_->address()},
            {"hadoop.zk.timeout-ms", "1000"}};
  }
  void SurvivesAKill(const Settings& settings);

  TempDirectory directory_;
  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
};

void StateStoreTest::SurvivesAKill(const Settings& settings) {
  const std::string work = directory_.path();
  ResourceManagerProcess rm(work, settings);
  ASSERT_TRUE(rm.Start()) << rm.output();
  const std::string id = Submit(work, settings);
  ASSERT_NE(id, "");
  const CommandResult held = Weir(work, settings, {"rm", "store", "format", "-yes"});
  EXPECT_EQ(held.exit_code, 6) << held.ToString();
  EXPECT_THAT(held.err, HasSubstr("(process "));
  rm.KillHard();

  const CommandResult verified = Weir(work, settings, {"rm", "store", "verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.ToString();
  EXPECT_THAT(verified.out, AllOf(HasSubstr("application: 1\n"), HasSubstr("0 quarantined")));
  const CommandResult dump = Weir(work, settings, {"rm", "store", "dump"});
  EXPECT_THAT(dump.out, AllOf(HasSubstr(id), HasSubstr("'kept'"), HasSubstr("keys, not shown")));

  ASSERT_TRUE(rm.Start()) << rm.output();
  EXPECT_EQ(Weir(work, settings, {"application", "-status", id}).exit_code, 0);
  EXPECT_EQ(rm.Terminate(), 0) << rm.output();
}

TEST_F(StateStoreTest, LevelDbSurvivesAKill) {
  SurvivesAKill({});
}

TEST_F(StateStoreTest, FilesystemSurvivesAKill) {
  SurvivesAKill({{"yarn.resourcemanager.store.class", "FileSystemRMStateStore"}});
}

TEST_F(StateStoreTest, ZookeeperSurvivesAKill) {
  if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
  const Settings settings = Zookeeper();
  ASSERT_FALSE(HasFailure());
  SurvivesAKill(settings);
}

// Its session would last for as long as ZooKeeper lets one.
TEST_F(StateStoreTest, OverZookeeperTheSessionOfAFormerRunIsNotWaitedFor) {
  if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
  Settings settings = Zookeeper();
  ASSERT_FALSE(HasFailure());
  settings["hadoop.zk.timeout-ms"] = "60000";
  ResourceManagerProcess rm(directory_.path(), settings);
  ASSERT_TRUE(rm.Start()) << rm.output();
  rm.KillHard();
  ASSERT_TRUE(rm.Start()) << rm.output();
  EXPECT_THAT(rm.output(), HasSubstr("has a former run of this ResourceManager as its writer"));
  EXPECT_EQ(rm.Terminate(), 0) << rm.output();
}

TEST_F(StateStoreTest, AStoreMovesToAnotherKind) {
  const std::string work = directory_.path();
  std::string id;
  {
    ResourceManagerProcess rm(work);
    ASSERT_TRUE(rm.Start()) << rm.output();
    id = Submit(work, {});
    ASSERT_EQ(rm.Terminate(), 0) << rm.output();
  }
  const CommandResult shown = Weir(work, {}, {"rm", "store", "dump", "-o", "json"});
  EXPECT_THAT(shown.out, AllOf(HasSubstr(id), Not(HasSubstr("\"bytes\""))));
  WriteWholeFile(directory_ / "shown", shown.out);
  const Settings moved = {{"yarn.resourcemanager.store.class", "filesystem"}};
  const CommandResult without = Weir(work, moved, {"rm", "store", "load", directory_ / "shown"});
  EXPECT_EQ(without.exit_code, 2) << without.ToString();
  EXPECT_THAT(without.err, HasSubstr("made without secrets"));

  const CommandResult whole = Weir(work, {}, {"rm", "store", "dump", "-o", "json", "-showSecrets"});
  WriteWholeFile(directory_ / "whole", whole.out);
  const CommandResult loaded = Weir(work, moved, {"rm", "store", "load", directory_ / "whole"});
  EXPECT_EQ(loaded.exit_code, 0) << loaded.ToString();
  const CommandResult again = Weir(work, moved, {"rm", "store", "load", directory_ / "whole"});
  EXPECT_EQ(again.exit_code, 6) << again.ToString();
  EXPECT_THAT(again.err, HasSubstr("into an empty one"));

  ResourceManagerProcess rm(work, moved);
  ASSERT_TRUE(rm.Start()) << rm.output();
  EXPECT_EQ(Weir(work, moved, {"application", "-status", id}).exit_code, 0);
  EXPECT_EQ(rm.Terminate(), 0);
}

// Bytes flipped in its files: `verify` says so and changes nothing, the ResourceManager names it
// and serves what is left.
TEST_F(StateStoreTest, ADamagedStoreIsNamedAndTheRestIsServed) {
  const std::string work = directory_.path();
  ResourceManagerProcess rm(work);
  ASSERT_TRUE(rm.Start()) << rm.output();
  const std::string sound = Submit(work, {}, "the-sound-one");
  const std::string damaged = Submit(work, {}, "the-damaged-one");
  ASSERT_EQ(rm.Terminate(), 0) << rm.output();
  int flipped = 0;
  for (const auto& entry : std::filesystem::directory_iterator(work + "/rm/store")) {
    std::string bytes = ReadWholeFile(entry.path());
    const std::string name = "the-damaged-one";
    for (size_t at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at + 1)) {
      bytes[at] = 'T';
      ++flipped;
    }
    WriteWholeFile(entry.path(), bytes);
  }
  ASSERT_GT(flipped, 0);

  for (int i = 0; i < 2; ++i) {
    const CommandResult verified = Weir(work, {}, {"rm", "store", "verify"});
    EXPECT_EQ(verified.exit_code, 1) << verified.ToString();
    EXPECT_THAT(verified.out, AllOf(HasSubstr("application: 1\n"), HasSubstr("quarantined: ")));
    EXPECT_THAT(verified.out, HasSubstr(work + "/rm/store"));
  }
  const CommandResult dump = Weir(work, {}, {"rm", "store", "dump"});
  EXPECT_THAT(dump.out,
              AllOf(HasSubstr(sound + "  'the-sound-one'"),
                    HasSubstr("quarantined: record application/" + damaged),
                    Not(HasSubstr("damaged-one"))));
  EXPECT_FALSE(Exists(work + "/rm/store.damaged")) << "the repair is left to the ResourceManager";

  ASSERT_TRUE(rm.Start()) << rm.output();
  EXPECT_THAT(rm.output(),
              AllOf(HasSubstr("record left out"), HasSubstr("record application/" + damaged)));
  const CommandResult list = Weir(work, {}, {"application", "-list"});
  EXPECT_THAT(list.out, AllOf(HasSubstr(sound), Not(HasSubstr(damaged))));
  EXPECT_EQ(Weir(work, {}, {"application", "-status", damaged}).exit_code, 3);
  EXPECT_EQ(rm.Terminate(), 0) << rm.output();
  const CommandResult repaired = Weir(work, {}, {"rm", "store", "verify"});
  EXPECT_EQ(repaired.exit_code, 1) << "the files are sound again, the record is not";
  EXPECT_THAT(repaired.out, HasSubstr("record application/" + damaged));
}

TEST_F(StateStoreTest, RefusesAnEmptyStoreUntilItIsFormatted) {
  const std::string work = directory_.path();
  ResourceManagerProcess rm(work);
  ASSERT_TRUE(rm.Start()) << rm.output();
  ASSERT_EQ(rm.Terminate(), 0);
  std::filesystem::remove_all(work + "/rm/store");
  EXPECT_FALSE(rm.Start());
  EXPECT_EQ(rm.Wait(), 2) << rm.output();
  EXPECT_THAT(rm.output(), HasSubstr("is empty, but this ResourceManager has used it before"));
  const CommandResult careless = Weir(work, {}, {"rm", "store", "format"});
  EXPECT_EQ(careless.exit_code, 2);
  EXPECT_THAT(careless.err, HasSubstr("add -yes"));
  EXPECT_EQ(Weir(work, {}, {"rm", "store", "format", "-yes"}).exit_code, 0);
  EXPECT_TRUE(rm.Start()) << rm.output();
}

TEST_F(StateStoreTest, RefusesHighAvailabilityWithAStoreThatCannotFence) {
  ResourceManagerProcess rm(directory_.path(),
                            {{"yarn.resourcemanager.ha.enabled", "true"},
                             {"yarn.resourcemanager.ha.rm-ids", "rm1,rm2"},
                             {"yarn.resourcemanager.ha.id", "rm1"},
                             {"yarn.resourcemanager.hostname.rm1", "127.0.0.1"},
                             {"yarn.resourcemanager.hostname.rm2", "127.0.0.2"}});
  EXPECT_FALSE(rm.Start());
  EXPECT_EQ(rm.Wait(), 2);
  EXPECT_THAT(rm.output(), HasSubstr("set yarn.resourcemanager.store.class to zookeeper"));
}

// While ZooKeeper is away what is told waits; when it is back it is done, and nothing was lost.
TEST_F(StateStoreTest, ZookeeperMayBeAway) {
  if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
  const Settings settings = Zookeeper();
  ASSERT_FALSE(HasFailure());
  const std::string work = directory_.path();
  ResourceManagerProcess rm(work, settings);
  ASSERT_TRUE(rm.Start()) << rm.output();
  const std::string before = Submit(work, settings);
  ensemble_->StopServer(0);
  // What can be read is read.
  EXPECT_EQ(Weir(work, settings, {"application", "-status", before}).exit_code, 0);
  ensemble_->StartServer(0);
  const std::string after = Submit(work, settings);
  EXPECT_NE(after, "");
  EXPECT_EQ(Weir(work, settings, {"application", "-status", after}).exit_code, 0);
  EXPECT_EQ(rm.Terminate(), 0) << rm.output();
}

}  // namespace
}  // namespace weir::testing
