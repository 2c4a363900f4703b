// Hostile archives all the way: from `weir application -submit -archive` through staging, or from a
// web server, to the node and back as the container's end. One of each rule; every one of them
// through every address is LocalizerAttack's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "platform/config_keys.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/open_door.h"
#include "tests/unit/nodemanager/archive_attacks.h"

namespace weir::testing {
namespace {

using nm::AttackedPlace;
using nm::Packing;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace fs = std::filesystem;
namespace keys = platform::keys;

class HostileArchive : public ClusterTest {
 protected:
  void StartSmall() {
    ClusterOptions options = SmallContainers(1);
    options.settings[keys::kNmArchiveMax] = "2";
    ASSERT_TRUE(StartCluster(options));
  }
  CommandResult RunWith(const std::string& archive) {
    return cluster().Weir({"application",
                           "-submit",
                           "-memory",
                           "64",
                           "-wait",
                           "-archive",
                           archive,
                           "--",
                           "/usr/bin/touch",
                           Scratch("ran")});
  }
  // What is left in the node's caches.
  size_t Trees() {
    size_t count = 0;
    for (const fs::path& path : PathsBelow(cluster().NodeDir(0) + "/local")) {
      const std::string name = path.filename();
      if (name.ends_with(".tree") || name.ends_with(".new")) ++count;
    }
    return count;
  }
  void ExpectRefused(const CommandResult& run, const std::string& rule) {
    EXPECT_NE(run.exit_code, 0);
    EXPECT_THAT(run.err,
                AllOf(HasSubstr("ended with exit code -1001: it could not be prepared: "),
                      HasSubstr("archive entry '"),
                      HasSubstr("breaks the rule '" + rule + "'")));
    EXPECT_FALSE(fs::exists(Scratch("ran")));
    EXPECT_EQ(Trees(), 0u);
  }
};

TEST_F(HostileArchive, IsRefusedWithEntryAndRuleAndTheProgramNeverRuns) {
  ASSERT_NO_FATAL_FAILURE(StartSmall());
  const AttackedPlace place(Scratch("place"));
  std::set<std::string> rules;
  for (const nm::Attack& attack : nm::Attacks()) {
    // So many entries that the limit of a real node is met take long to pack.
    if (std::string(attack.harm) == "entries") continue;
    if (!rules.insert(attack.rule).second) continue;
    SCOPED_TRACE(attack.name);
    Pack(Scratch("evil.tar.gz"), Packing::kTarGz, attack.EntriesFor(place.Outside()));
    ExpectRefused(RunWith(Scratch("evil.tar.gz")), attack.rule);
    if (attack.zip_too) {
      Pack(Scratch("evil.jar"), Packing::kZip, attack.EntriesFor(place.Outside()));
      ExpectRefused(RunWith(Scratch("evil.jar")), attack.rule);
    }
  }
  EXPECT_EQ(rules.size(), 7u);
  EXPECT_EQ(place.Harms(), std::set<std::string>());
}

TEST_F(HostileArchive, FromAWebServerToo) {
  ASSERT_NO_FATAL_FAILURE(StartSmall());
  const AttackedPlace place(Scratch("place"));
  Pack(Scratch("evil"), Packing::kTarGz, {{"../escaped", AE_IFREG, "x"}});
  const std::string content = ReadWholeFile(Scratch("evil"));
  platform::EventLoop loop("test-http");
  platform::HttpServer server(loop,
                              {.address = {"127.0.0.1", 0},
                               .host_names = {},
                               .upload_directory = "",
                               .door = MakeOpenDoor()});
  loop.Start();
  for (const char* method : {"GET", "HEAD"}) {
    server.Route(method, "/evil.tgz", [&content](auto, auto reply) {
      platform::HttpResponse response;
      response.content_type = "application/octet-stream";
      response.body = content;
      reply(std::move(response));
    });
  }
  const auto address = server.Listen();
  ASSERT_TRUE(address.ok());
  ExpectRefused(RunWith("http://" + address->ToString() + "/evil.tgz"), "dotdot");
  server.Close();
  loop.Stop();
}

}  // namespace
}  // namespace weir::testing
