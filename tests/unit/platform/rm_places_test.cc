#include "platform/rm_places.h"

#include <gmock/gmock.h>

#include "platform/address_file.h"
#include "platform/config_keys.h"
#include "platform/file_system.h"
#include "platform/loopback.h"
#include "tests/support/temp_directory.h"

namespace weir::platform {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Settings = std::map<std::string, std::string>;

// Two ResourceManagers on two hosts, with `changes` over that; an empty value unsets the key.
Configuration Two(const Settings& changes = {}) {
  Settings settings = {{"yarn.resourcemanager.ha.enabled", "true"},
                       {"yarn.resourcemanager.ha.rm-ids", "rm1, rm2"},
                       {"yarn.resourcemanager.hostname.rm1", "127.0.0.1"},
                       {"yarn.resourcemanager.hostname.rm2", "127.0.0.2"},
                       {"weir.work.dir", "/w"}};
  for (const auto& [key, value] : changes) {
    if (value.empty()) {
      settings.erase(key);
    } else {
      settings[key] = value;
    }
  }
  return Configuration::FromMap(settings);
}

std::string Faults(const Configuration& config) {
  const auto places = ReadRmPlaces(config);
  return places.ok() ? "" : places.error().ToString();
}

std::vector<std::string> Words(const Result<std::vector<Endpoint>>& endpoints) {
  EXPECT_TRUE(endpoints.ok()) << endpoints.error().ToString();
  std::vector<std::string> words;
  if (endpoints.ok()) {
    for (const Endpoint& endpoint : *endpoints) words.push_back(endpoint.ToString());
  }
  return words;
}

TEST(RmPlaces, AreOneWithoutHighAvailability) {
  const auto places =
      ReadRmPlaces(Configuration::FromMap({{"yarn.resourcemanager.hostname", "127.0.0.7"},
                                           {"yarn.resourcemanager.admin.address", "127.0.0.8:0"},
                                           {"yarn.resourcemanager.ha.rm-ids", "rm1,rm2"},
                                           {"yarn.resourcemanager.hostname.rm1", "127.0.0.1"},
                                           {"weir.work.dir", "/w"}}));
  ASSERT_TRUE(places.ok()) << places.error().ToString();
  EXPECT_FALSE(places->high_availability);
  ASSERT_EQ(places->all.size(), 1u);
  const RmPlace& one = places->all[0];
  EXPECT_EQ(one.id, "");
  EXPECT_EQ(one.directory, "/w/rm");
  EXPECT_EQ(one.client.ToString(), "127.0.0.7:8032");
  EXPECT_EQ(one.master.ToString(), "127.0.0.7:8030");
  EXPECT_EQ(one.tracker.ToString(), "127.0.0.7:8031");
  EXPECT_EQ(one.admin.ToString(), "127.0.0.8:0");
  EXPECT_EQ(one.http.ToString(), "127.0.0.7:8088");
}

TEST(RmPlaces, AreThoseOfTheIdsInTheirOrderByKeyOrHostname) {
  const auto places =
      ReadRmPlaces(Two({{"yarn.resourcemanager.ha.rm-ids", "rm2,rm1"},
                        {"yarn.resourcemanager.hostname.rm1", ""},
                        {"yarn.resourcemanager.address.rm1", "127.0.1.1:1"},
                        {"yarn.resourcemanager.scheduler.address.rm1", "127.0.1.1:2"},
                        {"yarn.resourcemanager.resource-tracker.address.rm1", "127.0.1.1:3"},
                        {"yarn.resourcemanager.admin.address.rm1", "127.0.1.1:4"},
                        {"yarn.resourcemanager.webapp.address.rm1", "127.0.1.1:5"},
                        {"yarn.resourcemanager.webapp.address.rm2", "127.0.1.2:6"},
                        {"yarn.resourcemanager.address", "127.9.9.9:9"},  // of no id: says nothing
                        {"weir.resourcemanager.work.dir.rm1", "/elsewhere"}}));
  ASSERT_TRUE(places.ok()) << places.error().ToString();
  EXPECT_TRUE(places->high_availability);
  ASSERT_EQ(places->all.size(), 2u);
  const RmPlace& second = places->all[0];
  EXPECT_EQ(second.id, "rm2");
  EXPECT_EQ(second.directory, "/w/rm-rm2");
  EXPECT_EQ(second.client.ToString(), "127.0.0.2:8032");
  EXPECT_EQ(second.http.ToString(), "127.0.1.2:6");
  const RmPlace& first = places->all[1];
  EXPECT_EQ(first.id, "rm1");
  EXPECT_EQ(first.directory, "/elsewhere");
  EXPECT_EQ(first.client.ToString(), "127.0.1.1:1");
  EXPECT_EQ(first.master.ToString(), "127.0.1.1:2");
  EXPECT_EQ(first.tracker.ToString(), "127.0.1.1:3");
  EXPECT_EQ(first.admin.ToString(), "127.0.1.1:4");
  EXPECT_EQ(first.http.ToString(), "127.0.1.1:5");
}

TEST(RmPlaces, TellEveryMistakeWithItsKeyAndTheRemedy) {
  std::string many = "rm0";
  for (int i = 1; i < 17; ++i) many += ",rm" + std::to_string(i);
  const struct {
    Settings changes;
    std::vector<std::string> words;
  } cases[] = {
      {{{"yarn.resourcemanager.ha.enabled", "yes"}},
       {"yarn.resourcemanager.ha.enabled is 'yes'", "true or false"}},
      {{{"yarn.resourcemanager.ha.rm-ids", ""}},
       {"yarn.resourcemanager.ha.rm-ids is not set", "rm1,rm2"}},
      {{{"yarn.resourcemanager.ha.rm-ids", "rm1"}},
       {"yarn.resourcemanager.ha.rm-ids (-D) has 1 name", "from 2 to 16"}},
      {{{"yarn.resourcemanager.ha.rm-ids", many}},
       {"yarn.resourcemanager.ha.rm-ids (-D) has 17 names", "from 2 to 16"}},
      {{{"yarn.resourcemanager.ha.rm-ids", "rm1,rm2,rm1"}}, {"names rm1 twice", "once"}},
      {{{"yarn.resourcemanager.ha.rm-ids", "rm1,rm2,"}}, {"has the name ''", "letters"}},
      {{{"yarn.resourcemanager.ha.rm-ids", "rm1,rm2,r.m"}}, {"has the name 'r.m'", "letters"}},
      {{{"yarn.resourcemanager.ha.rm-ids", "rm1 rm2,rm1"}}, {"has the name 'rm1 rm2'", "comma"}},
      {{{"yarn.resourcemanager.hostname.rm2", ""}},
       {"yarn.resourcemanager.hostname.rm2 is not set",
        "no yarn.resourcemanager.address.rm2",
        "set yarn.resourcemanager.hostname.rm2 to the host of rm2"}},
      {{{"yarn.resourcemanager.hostname.rm2", "127.0.0.2:8032"}},
       {"yarn.resourcemanager.hostname.rm2 (-D) is '127.0.0.2:8032'", "without a port"}},
      {{{"yarn.resourcemanager.hostname.rm2", "a b"}}, {"is 'a b'", "host name"}},
      {{{"yarn.resourcemanager.scheduler.address.rm1", "127.0.0.1"}},
       {"yarn.resourcemanager.scheduler.address.rm1 is '127.0.0.1' (-D)", "host:port"}},
      {{{"yarn.resourcemanager.resource-tracker.address.rm1", "127.0.0.1:0"}},
       {"yarn.resourcemanager.resource-tracker.address.rm1 (-D) is '127.0.0.1:0'",
        "know the port",
        "from 1 to 65535"}},
      {{{"yarn.resourcemanager.hostname.rm2", "127.0.0.1"}},
       {"yarn.resourcemanager.address.rm1 and yarn.resourcemanager.address.rm2 are both "
        "127.0.0.1:8032",
        "its own host or ports"}},
      {{{"yarn.resourcemanager.admin.address.rm2", "127.0.0.1:8032"}},
       {"yarn.resourcemanager.address.rm1 and yarn.resourcemanager.admin.address.rm2 are both"}},
  };
  for (const auto& one : cases) {
    const std::string faults = Faults(Two(one.changes));
    for (const std::string& words : one.words) EXPECT_THAT(faults, HasSubstr(words));
  }
}

TEST(RmPlaces, TellAllMistakesAtOnce) {
  const std::string faults = Faults(Two({{"yarn.resourcemanager.hostname.rm1", ""},
                                         {"yarn.resourcemanager.address.rm2", "here"},
                                         {"yarn.resourcemanager.admin.address.rm2", "there"}}));
  EXPECT_THAT(faults,
              AllOf(HasSubstr("yarn.resourcemanager.hostname.rm1"),
                    HasSubstr("yarn.resourcemanager.address.rm2 is 'here'"),
                    HasSubstr("yarn.resourcemanager.admin.address.rm2 is 'there'")));
}

TEST(RmPlaces, AKeyOfNoIdIsWarnedOfAndOneOfAnIdIsNot) {
  const auto warnings =
      UnknownKeyWarnings(Two({{"yarn.resourcemanager.hostname.rm3", "127.0.0.3"}}));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0],
            "'yarn.resourcemanager.hostname.rm3' (-D) has no effect: rm3 is not in "
            "yarn.resourcemanager.ha.rm-ids");
}

TEST(RmPlaces, TheOwnIdIsTheGivenOneOrTheOneOnThisMachine) {
  const auto is_first = [](const std::string& host) { return host == "127.0.0.1"; };
  const auto none = [](const std::string&) { return false; };
  const auto all = [](const std::string&) { return true; };
  const struct {
    Settings changes;
    std::function<bool(const std::string&)> is_here;
    std::string id;     // or
    std::string fault;  // words of it
  } cases[] = {
      {{}, is_first, "rm1", ""},
      {{{"yarn.resourcemanager.ha.id", " rm2 "}}, is_first, "rm2", ""},
      {{{"yarn.resourcemanager.ha.id", "rm2"}}, all, "rm2", ""},
      {{{"yarn.resourcemanager.ha.id", "rm3"}},
       is_first,
       "",
       "yarn.resourcemanager.ha.id (-D) is 'rm3', which is not in yarn.resourcemanager.ha.rm-ids: "
       "rm1, rm2"},
      {{},
       none,
       "",
       "none of yarn.resourcemanager.ha.rm-ids (rm1, rm2) is on this machine: their hosts are "
       "127.0.0.1, 127.0.0.2 (set yarn.resourcemanager.ha.id"},
      {{},
       all,
       "",
       "rm1 and rm2 of yarn.resourcemanager.ha.rm-ids are all on this machine (set "
       "yarn.resourcemanager.ha.id"},
      {{{"yarn.resourcemanager.ha.enabled", "false"}}, none, "", ""},
  };
  for (const auto& one : cases) {
    const Configuration config = Two(one.changes);
    const auto places = ReadRmPlaces(config);
    ASSERT_TRUE(places.ok()) << places.error().ToString();
    const auto id = OwnRmId(config, *places, one.is_here);
    EXPECT_EQ(id.ok(), one.fault.empty());
    if (id.ok()) {
      EXPECT_EQ(*id, one.id);
    } else {
      EXPECT_EQ(id.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(id.error().ToString(), HasSubstr(one.fault));
    }
  }
}

TEST(RmPlaces, AHostIsOfThisMachineWhenItsAddressCanBeBound) {
  EXPECT_TRUE(IsThisMachine("127.0.0.1"));
  EXPECT_TRUE(IsThisMachine("127.3.2.1"));
  EXPECT_TRUE(IsThisMachine("localhost"));
  EXPECT_FALSE(IsThisMachine("192.0.2.1"));  // for documentation: of no machine
  EXPECT_FALSE(IsThisMachine("no-such-host.invalid"));
}

TEST(RmPlaces, AnRmSeesItsOwnKeysInThePlaceOfThoseWithoutAnId) {
  const Configuration config = Two({{"yarn.resourcemanager.hostname", "127.9.9.9"},
                                    {"yarn.resourcemanager.address", "127.9.9.9:9"},
                                    {"yarn.resourcemanager.admin.address", "127.9.9.9:8"},
                                    {"yarn.resourcemanager.admin.address.rm1", "127.0.1.1:7"},
                                    {"yarn.resourcemanager.bind-host", "127.0.0.5"},
                                    {"yarn.resourcemanager.bind-host.rm2", "127.0.0.6"},
                                    {"weir.resourcemanager.work.dir", "/ignored"},
                                    {"weir.log.level", "debug"}});
  const Configuration first = ConfigurationOf(config, "rm1");
  EXPECT_EQ(ConfiguredRmAddress(first, keys::kRmClientAddress)->ToString(), "127.0.0.1:8032");
  EXPECT_EQ(ConfiguredRmAddress(first, keys::kRmAdminAddress)->ToString(), "127.0.1.1:7");
  EXPECT_EQ(first.Origin(keys::kRmAdminAddress), "-D");
  EXPECT_EQ(first.Get(keys::kRmBindHost), "127.0.0.5");
  EXPECT_EQ(first.Get(keys::kRmHaId), "rm1");
  EXPECT_EQ(first.Get(keys::kLogLevel), "debug");
  EXPECT_EQ(RmClientSocket(first), "/w/rm-rm1/client.sock");
  // What another one sees does not depend on whose eyes are used.
  for (const Configuration& from : {config, first, ConfigurationOf(config, "rm2")}) {
    const Configuration second = ConfigurationOf(from, "rm2");
    EXPECT_EQ(ConfiguredRmAddress(second, keys::kRmClientAddress)->ToString(), "127.0.0.2:8032");
    EXPECT_EQ(ConfiguredRmAddress(second, keys::kRmAdminAddress)->ToString(), "127.0.0.2:8033");
    EXPECT_EQ(second.Get(keys::kRmBindHost), "127.0.0.6");
    EXPECT_EQ(RmAdminSocket(second), "/w/rm-rm2/admin.sock");
    EXPECT_EQ(Faults(second), "");
  }
  EXPECT_EQ(ConfigurationOf(config, "").Get(keys::kRmClientAddress), "127.9.9.9:9");
}

TEST(RmPlaces, TheOwnConfigurationIsCheckedWithHighAvailabilityOnly) {
  const auto own = OwnRmConfiguration(Two({{"yarn.resourcemanager.ha.id", "rm2"}}));
  ASSERT_TRUE(own.ok()) << own.error().ToString();
  EXPECT_EQ(ConfiguredRmAddress(*own, keys::kRmHttpAddress)->ToString(), "127.0.0.2:8088");
  EXPECT_FALSE(OwnRmConfiguration(Two({{"yarn.resourcemanager.hostname.rm1", ""}})).ok());
  const auto alone = Configuration::FromMap({{"yarn.resourcemanager.address", "bad"}});
  EXPECT_TRUE(OwnRmConfiguration(alone).ok());
}

TEST(RmPlaces, APeerFindsPublishedAddressesBeforeConfiguredOnes) {
  const weir::testing::TempDirectory directory;
  const std::string published = directory.path() + "/rm-rm2";
  ASSERT_TRUE(FileSystem::Real().MakeDirectories(published, 0755).ok());
  ASSERT_TRUE(WriteAddressFile(published + "/address", {{"tracker", "127.0.0.9:99"}}).ok());
  const Configuration config = Two({{"weir.work.dir", directory.path()}});
  EXPECT_THAT(Words(FindRmEndpoints(config, "tracker", keys::kRmTrackerAddress)),
              ElementsAre("127.0.0.1:8031", "127.0.0.9:99"));
  EXPECT_THAT(Words(FindRmEndpoints(config, "http", keys::kRmHttpAddress)),
              ElementsAre("127.0.0.1:8088", "127.0.0.2:8088"));
  EXPECT_THAT(Words(RmSockets(config, RmClientSocket)),
              ElementsAre(directory.path() + "/rm-rm1/client.sock", published + "/client.sock"));
  const auto alone = Configuration::FromMap({{"weir.work.dir", "/w"}});
  EXPECT_THAT(Words(FindRmEndpoints(alone, "tracker", keys::kRmTrackerAddress)),
              ElementsAre("127.0.0.1:8031"));
  EXPECT_THAT(Words(RmSockets(alone, RmAdminSocket)), ElementsAre("/w/rm/admin.sock"));
}

TEST(RmPlaces, ApplicationMastersAreToldAllWithTheirOwnOneFirst) {
  const auto places = ReadRmPlaces(Two());
  ASSERT_TRUE(places.ok());
  EXPECT_EQ(MasterAddresses(*places, "rm2", "127.0.0.2:8030"), "127.0.0.2:8030,127.0.0.1:8030");
  const auto alone = ReadRmPlaces(Configuration::FromMap({}));
  ASSERT_TRUE(alone.ok());
  EXPECT_EQ(MasterAddresses(*alone, "", "127.0.0.1:40123"), "127.0.0.1:40123");
}

}  // namespace
}  // namespace weir::platform
