#include <gmock/gmock.h>

#include "resourcemanager/server/mapping_rule_json.h"
#include "resourcemanager/server/queue_parser.h"
#include "tests/support/temp_directory.h"

namespace weir::rm {
namespace {

using scheduler::PlacementRule;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const scheduler::ResourceTypes kTypes{Resource{1024, 1}, Resource{8192, 4}};
constexpr char kPrefix[] = "yarn.scheduler.capacity.";

QueueProperties TwoQueues(const std::string& a, const std::string& b) {
  return {{std::string(kPrefix) + "root.queues", "a,b", 1},
          {std::string(kPrefix) + "root.a.capacity", a, 2},
          {std::string(kPrefix) + "root.b.capacity", b, 3}};
}

TEST(MappingRules, AreReadWithEveryField) {
  const auto parsed = ParseMappingRules(R"({"rules": [
      {"type": "user", "matches": "ada", "policy": "custom", "customPlacement": "root.ada",
       "create": true, "fallbackResult": "reject"},
      {"type": "group", "matches": "ops", "policy": "primaryGroupUser",
       "parentQueue": "root.groups", "fallbackResult": "placeDefault"},
      {"type": "application", "matches": "*", "policy": "setDefaultQueue", "value": "root.b"}]})");
  ASSERT_THAT(parsed.faults, IsEmpty());
  ASSERT_EQ(parsed.rules.size(), 3u);
  EXPECT_EQ(parsed.rules[0].matcher, PlacementRule::Matcher::kUser);
  EXPECT_EQ(parsed.rules[0].matches, "ada");
  EXPECT_EQ(parsed.rules[0].policy, PlacementRule::Policy::kCustom);
  EXPECT_EQ(parsed.rules[0].queue, "root.ada");
  EXPECT_TRUE(parsed.rules[0].create);
  EXPECT_EQ(parsed.rules[0].fallback, PlacementRule::Fallback::kReject);
  EXPECT_EQ(parsed.rules[1].parent_queue, "root.groups");
  EXPECT_FALSE(parsed.rules[1].create);
  EXPECT_EQ(parsed.rules[1].fallback, PlacementRule::Fallback::kPlaceDefault);
  EXPECT_EQ(parsed.rules[2].policy, PlacementRule::Policy::kSetDefaultQueue);
  EXPECT_EQ(parsed.rules[2].queue, "root.b");
  EXPECT_EQ(parsed.rules[2].fallback, PlacementRule::Fallback::kSkip);
}

TEST(MappingRules, TellEveryFaultWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"{", "it is not well-formed JSON"},
      {"[]", "an object with an array"},
      {R"({"rules": {}})", "an object with an array"},
      {R"({"rules": [7]})", "rules[0]: it must be an object"},
      {R"({"rules": [{"matches": "*", "policy": "user"}]})", "rules[0].type: it is missing"},
      {R"({"rules": [{"type": "user", "policy": "user"}]})", "rules[0].matches: it is missing"},
      {R"({"rules": [{"type": "user", "matches": "*"}]})", "rules[0].policy: it is missing"},
      {R"({"rules": [{"type": "user", "matches": 3, "policy": "user"}]})",
       "rules[0].matches: it must be a text"},
      {R"({"rules": [{"type": "host", "matches": "*", "policy": "user"}]})",
       "rules[0].type: 'host' is none of user, group, application"},
      {R"({"rules": [{"type": "group", "matches": "*", "policy": "user"}]})",
       "a rule for groups cannot have '*'"},
      {R"({"rules": [{"type": "user", "matches": "*", "policy": "custom"}]})",
       "rules[0].customPlacement: the policy custom needs it"},
      {R"({"rules": [{"type": "user", "matches": "*", "policy": "setDefaultQueue"}]})",
       "rules[0].value: the policy setDefaultQueue needs it"},
      {R"({"rules": [{"type": "user", "matches": "*", "policy": "user", "create": "yes"}]})",
       "rules[0].create: it must be true or false"}};
  for (const auto& [text, fault] : cases) {
    const auto parsed = ParseMappingRules(text);
    ASSERT_FALSE(parsed.faults.empty()) << text;
    EXPECT_THAT(parsed.faults[0], HasSubstr(fault)) << text;
    EXPECT_THAT(parsed.rules, IsEmpty());
  }
  const auto both = ParseMappingRules(R"({"rules": [{"type": "x"}, {"type": "y"}]})");
  EXPECT_THAT(both.faults,
              ::testing::IsSupersetOf({HasSubstr("rules[0].type"), HasSubstr("rules[1].type")}));
}

TEST(QueueParser, JudgesTheFileWithWhatTheSiteSays) {
  const auto config =
      platform::Configuration::FromMap({{"yarn.cluster.max-application-priority", "9"},
                                        {"yarn.resourcemanager.scheduler.monitor.enable", "true"},
                                        {std::string(kPrefix) + "root.a.capacity", "10"},
                                        {"weir.work.dir", "/nowhere"}});
  const QueueParser parse = MakeQueueParser(SiteQueueProperties(config), kTypes);
  const ParsedQueues parsed = parse(TwoQueues("40", "60"), {});
  ASSERT_THAT(parsed.faults, IsEmpty());
  ASSERT_NE(parsed.configuration, nullptr);
  EXPECT_EQ(parsed.configuration->cluster_maximum_priority, 9);
  EXPECT_NE(parsed.configuration->Find("root.a"), nullptr);
  EXPECT_TRUE(parsed.configuration->preemption.enabled);
  EXPECT_EQ(parsed.sha256, parse(TwoQueues("40", "60"), {}).sha256);
  EXPECT_NE(parsed.sha256, parse(TwoQueues("50", "50"), {}).sha256);
}

TEST(QueueParser, TellsFaultsOfQueuesAndOfRulesTogether) {
  const QueueParser parse = MakeQueueParser({}, kTypes);
  QueueProperties properties = TwoQueues("40", "70");
  properties.push_back({std::string(kPrefix) + "mapping-rule-format", "json", 4});
  properties.push_back({std::string(kPrefix) + "mapping-rule-json", "{", 5});
  const ParsedQueues parsed = parse(properties, {});
  EXPECT_EQ(parsed.configuration, nullptr);
  ASSERT_EQ(parsed.faults.size(), 2u);
  EXPECT_THAT(parsed.faults[0], HasSubstr("capacity-scheduler.xml:5: mapping-rule-json"));
  EXPECT_THAT(parsed.faults[1], AllOf(HasSubstr("capacity-scheduler.xml:"), HasSubstr("root")));
}

TEST(LocalQueues, AreTheFileOrOneQueue) {
  const QueueParser parse = MakeQueueParser({}, kTypes);
  const weir::testing::TempDirectory directory;
  const std::string path = directory / "capacity-scheduler.xml";
  const LocalQueues none = ReadLocalQueues(path, parse);
  EXPECT_THAT(none.faults, IsEmpty());
  EXPECT_NE(parse(none.properties, {}).configuration->Find("root.default"), nullptr);
  EXPECT_EQ(ReadLocalQueues("", parse).properties, none.properties);
  const auto site =
      platform::Configuration::FromMap({{std::string(kPrefix) + "maximum-applications", "77"}});
  EXPECT_EQ(MakeQueueParser(SiteQueueProperties(site), kTypes)(none.properties, {})
                .configuration->maximum_applications,
            77);

  weir::testing::WriteWholeFile(path, "<configuration><property></property></configuration>");
  EXPECT_THAT(ReadLocalQueues(path, parse).faults, ElementsAre(HasSubstr(path + ":1")));

  weir::testing::WriteWholeFile(path,
                                "<configuration>\n<property><name>" + std::string(kPrefix) +
                                    "root.queues</name><value>a</value></property>\n<property>"
                                    "<name>" +
                                    kPrefix +
                                    "root.a.capacity</name><value>50</value></property>\n"
                                    "</configuration>\n");
  const LocalQueues wrong = ReadLocalQueues(path, parse);
  ASSERT_FALSE(wrong.faults.empty());
  EXPECT_THAT(wrong.faults[0], HasSubstr(path + ":"));
}

}  // namespace
}  // namespace weir::rm
