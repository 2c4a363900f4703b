// Generated queue files, valid and spoilt: each is refused with faults that have a place, or taken
// and then usable. And files that mean harm.
#include <gtest/gtest.h>

#include <array>

#include "common/random.h"
#include "scheduler/config/configuration_change.h"
#include "scheduler/config/dynamic_queues.h"
#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

const std::string kPrefix = "yarn.scheduler.capacity.";

class FileGenerator {
 public:
  explicit FileGenerator(uint64_t seed) : random_(seed) {}

  std::vector<ConfigProperty> Make() {
    properties_.clear();
    if (random_.Chance(1, 6)) Add("legacy-queue-mode.enabled", "false");
    AddQueue("root", 1, Kind::kPercent);
    const uint64_t spoilt = random_.Below(6);
    for (uint64_t i = 0; i < spoilt && !properties_.empty(); ++i) Spoil();
    for (size_t i = 0; i < properties_.size(); ++i) properties_[i].line = static_cast<int>(i) + 1;
    return properties_;
  }

 private:
  enum class Kind { kPercent, kWeight, kAbsolute };

  void Add(const std::string& name, const std::string& value) {
    properties_.push_back({kPrefix + name, value, "q.xml", 0});
  }

  std::string Pick(const std::vector<std::string>& from) {
    return from[random_.Below(from.size())];
  }

  // Children whose capacities fit together; an absolute parent has 2^(14 - level) GiB.
  void AddQueue(const std::string& path, int level, Kind own) {
    AddExtras(path);
    const size_t count = level == 1 ? 1 + random_.Below(4) : random_.Below(4);
    if (count == 0 || level > 4) return AddCreation(path);
    const bool absolute_allowed = level == 1 || own == Kind::kAbsolute;
    const Kind kind = absolute_allowed && random_.Chance(1, 2) ? Kind::kAbsolute
                      : random_.Chance(1, 2)                   ? Kind::kWeight
                                                               : Kind::kPercent;
    std::string names;
    for (size_t i = 0; i < count; ++i) names += (i == 0 ? "q" : ",q") + std::to_string(i);
    Add(path + ".queues", names);
    for (size_t i = 0; i < count; ++i) {
      const std::string child = path + ".q" + std::to_string(i);
      Add(child + ".capacity", Capacity(kind, i, count, level));
      AddQueue(child, level + 1, kind);
    }
  }

  std::string Capacity(Kind kind, size_t index, size_t count, int level) {
    if (kind == Kind::kWeight) return std::to_string(random_.Below(5)) + ".5w";
    if (kind == Kind::kAbsolute) {
      return "[memory=" + std::to_string(1 << (14 - 2 * level)) +
             "Gi,vcores=" + std::to_string(1 << (14 - 2 * level)) + "]";
    }
    if (count == 3) return "33.33";
    return index == 0 && count == 4 ? "25" : std::to_string(100 / count);
  }

  void AddExtras(const std::string& path) {
    static const std::vector<std::array<std::string, 2>> kExtras = {
        {"state", "RUNNING"},
        {"state", "STOPPED"},
        {"maximum-capacity", "100"},
        {"maximum-capacity", "90"},
        {"minimum-user-limit-percent", "25"},
        {"user-limit-factor", "-1"},
        {"user-settings.mia.weight", "1.5"},
        {"maximum-applications", "7"},
        {"maximum-am-resource-percent", "0.5"},
        {"maximum-allocation-mb", "4096"},
        {"accessible-node-labels", "fast"},
        {"accessible-node-labels", "*"},
        {"accessible-node-labels.fast.capacity", "100"},
        {"default-node-label-expression", "fast"},
        {"maximum-application-lifetime", "600"},
        {"acl_submit_applications", "mia dev"},
        {"acl_application_max_priority", "[user=mia max_priority=3]"},
        {"priority", "3"},
        {"disable_preemption", "true"},
    };
    while (random_.Chance(1, 3)) {
      const auto& extra = kExtras[random_.Below(kExtras.size())];
      Add(path + "." + extra[0], extra[1]);
    }
  }

  void AddCreation(const std::string& path) {
    if (random_.Chance(1, 5)) {
      Add(path + ".auto-queue-creation-v2.enabled", "true");
      Add(path + ".auto-queue-creation-v2.template.capacity",
          Pick({"2w", "1w", "50", "[memory=1]"}));
    } else if (random_.Chance(1, 8)) {
      Add(path + ".auto-create-child-queue.enabled", "true");
      Add(path + ".leaf-queue-template.capacity", Pick({"20", "60", "[memory=1Gi]"}));
    }
  }

  ConfigProperty& Any() { return properties_[random_.Below(properties_.size())]; }

  void Spoil() {
    static const std::vector<std::string> kBad = {"",          "-1",
                                                  "0",         "1e9",
                                                  "nan",       "99999999999999999999",
                                                  "[memory=1", "[memory=10%]",
                                                  "w",         "3w",
                                                  "100.1",     "*",
                                                  "q0,q0",     "q0,,q1",
                                                  "a b",       "\xff\xfe",
                                                  "[",         "]",
                                                  "true",      "%",
                                                  "[=,=]",     "root",
                                                  "50",        "q0,q1,q2,q3"};
    switch (random_.Below(7)) {
      case 0:
        std::swap(Any().value, Any().value);
        break;
      case 1:
        Any().value = Pick(kBad);
        break;
      case 2:
        properties_.erase(properties_.begin() +
                          static_cast<std::ptrdiff_t>(random_.Below(properties_.size())));
        break;
      case 3:
        properties_.push_back(Any());
        break;
      case 4:
        SpoilText(Any().value);
        break;
      case 5:
        SpoilText(Any().name);
        break;
      default:
        std::swap(Any().name, Any().name);
        break;
    }
  }

  void SpoilText(std::string& text) {
    const std::string odd = "0123456789.,w%[]=-*: \n\t\x01x";
    const size_t at = random_.Below(text.size() + 1);
    const char c = odd[random_.Below(odd.size())];
    if (random_.Chance(1, 2) || at == text.size()) {
      text.insert(at, 1, c);
    } else {
      text[at] = c;
    }
  }

  Random random_;
  std::vector<ConfigProperty> properties_;
};

std::string Shown(const std::vector<ConfigProperty>& properties) {
  std::string text;
  for (const ConfigProperty& each : properties) text += each.name + " = " + each.value + "\n";
  return text;
}

// Queues made in it leave it usable, and those that cannot be made say why.
std::string CheckCreation(const QueueConfiguration& configuration) {
  for (const auto& [path, queue] : configuration.queues) {
    if (!queue.auto_creation.enabled && !queue.auto_creation.managed) continue;
    const auto made = WithDynamicQueue(configuration, path + ".mia", TestTypes());
    if (!made.ok()) {
      if (made.error().message.empty()) return path + " refuses without a word";
      continue;
    }
    const std::string fault = CheckUsable(**made);
    if (!fault.empty()) return "with " + path + ".mia: " + fault;
  }
  return "";
}

TEST(ConfigurationFuzz, TenThousandFilesAreRefusedWithTheirPlacesOrUsable) {
  int taken = 0;
  int refused = 0;
  for (uint64_t seed = 1; seed <= 10'000; ++seed) {
    const std::vector<ConfigProperty> properties = FileGenerator(seed).Make();
    const ParsedQueueConfiguration parsed =
        ParseQueueConfiguration({.properties = properties,
                                 .types = TestTypes(),
                                 .labels = {{"fast", true}, {"slow", false}}});
    if (parsed.configuration == nullptr) {
      ++refused;
      ASSERT_FALSE(parsed.faults.empty()) << "seed " << seed;
      for (const ConfigFault& fault : parsed.faults) {
        const bool placed = properties.empty() ||
                            (fault.file == "q.xml" && (fault.line > 0 || fault.queue == "root"));
        ASSERT_TRUE(placed && !fault.rule.empty() && !fault.message.empty())
            << "seed " << seed << ": " << fault.ToString();
      }
      continue;
    }
    ++taken;
    ASSERT_TRUE(parsed.faults.empty());
    const QueueConfiguration& configuration = *parsed.configuration;
    ASSERT_EQ(CheckUsable(configuration), "") << "seed " << seed << "\n" << Shown(properties);
    ASSERT_EQ(CheckCreation(configuration), "") << "seed " << seed << "\n" << Shown(properties);
    ASSERT_TRUE(DiffConfigurations(configuration, configuration).empty()) << "seed " << seed;
    const auto busy = [](const std::string&) { return true; };
    ASSERT_TRUE(CheckChange(configuration, configuration, busy).empty()) << "seed " << seed;
  }
  // Both ways are taken often enough to mean something.
  EXPECT_GT(taken, 1500);
  EXPECT_GT(refused, 1500);
}

TEST(ConfigurationFuzz, TenThousandQueuesAreRead) {
  std::vector<ConfigProperty> properties;
  std::string names;
  int line = 1;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "q" + std::to_string(i);
    names += (i == 0 ? "" : ",") + name;
    properties.push_back({kPrefix + "root." + name + ".capacity", "1w", "q.xml", ++line});
    properties.push_back({kPrefix + "root." + name + ".state", "BAD", "q.xml", ++line});
  }
  properties.push_back({kPrefix + "root.queues", names, "q.xml", 1});
  ParserInput input{.properties = properties, .types = TestTypes()};
  EXPECT_EQ(ParseQueueConfiguration(input).faults.size(), 10'000u);
  for (ConfigProperty& property : input.properties) {
    if (property.value == "BAD") property.value = "RUNNING";
  }
  const ParsedQueueConfiguration parsed = ParseQueueConfiguration(input);
  ASSERT_NE(parsed.configuration, nullptr);
  EXPECT_EQ(parsed.configuration->queues.size(), 10'001u);
}

TEST(ConfigurationFuzz, DepthAndNumberOfQueuesAreBounded) {
  std::vector<ConfigProperty> deep;
  std::string path = "root";
  for (int i = 1; i <= 40; ++i) {
    deep.push_back({kPrefix + path + ".queues", "x", "q.xml", 2 * i});
    path += ".x";
    deep.push_back({kPrefix + path + ".capacity", "100", "q.xml", 2 * i + 1});
  }
  const auto parsed = ParseQueueConfiguration({.properties = deep, .types = TestTypes()});
  ASSERT_EQ(parsed.faults.size(), 1u);
  EXPECT_EQ(parsed.faults[0].line, 64);  // level 32 has no children
  EXPECT_NE(parsed.faults[0].rule.find("32 levels"), std::string::npos);

  std::string names;
  for (int i = 0; i < 100'001; ++i) names += (i == 0 ? "q" : ",q") + std::to_string(i);
  const auto many = ParseQueueConfiguration(
      {.properties = {{kPrefix + "root.queues", names, "q.xml", 1}}, .types = TestTypes()});
  bool bounded = false;
  for (const ConfigFault& fault : many.faults) {
    bounded = bounded || fault.rule.find("100000 queues") != std::string::npos;
  }
  EXPECT_TRUE(bounded);
}

TEST(ConfigurationFuzz, LongAndOddTextsDoNoHarm) {
  const std::string dots(200'000, '.');
  const std::string stars = [] {
    std::string text = "root";
    for (int i = 0; i < 5000; ++i) text += ".*";
    return text;
  }();
  std::vector<ConfigProperty> properties = Properties("root.queues a\nroot.a.capacity 100");
  const std::vector<std::pair<std::string, std::string>> odd = {
      {"root" + dots + "capacity", "1"},
      {"root." + std::string(500'000, 'a') + ".capacity", "1"},
      {stars + ".auto-queue-creation-v2.template.capacity", "1w"},
      {"root.a.accessible-node-labels." + dots + "capacity", "100"},
      {"root.a.user-settings." + dots + "x.weight", "1"},
      {"root.a.auto-queue-creation-v2.template.auto-queue-creation-v2.template.capacity", "1w"},
      {"", ""},
      {"root", ""},
      {"root.", ""},
      {"root..capacity", "1"},
      {"queue-mappings", std::string(100'000, ',')},
      {"root.a.acl_application_max_priority", std::string(1000, ' ')},
  };
  for (const auto& [name, value] : odd) properties.push_back({kPrefix + name, value, "q.xml", 9});
  const ParsedQueueConfiguration parsed =
      ParseQueueConfiguration({.properties = properties, .types = TestTypes()});
  for (const ConfigFault& fault : parsed.faults) EXPECT_LT(fault.message.size(), 2000u);
  for (const std::string& warning : parsed.warnings) EXPECT_LT(warning.size(), 5000u);
  ASSERT_NE(parsed.configuration, nullptr) << parsed.faults[0].ToString();
}

TEST(ConfigurationFuzz, AsManyLabelsAndMappingsAsQueuesTakeTimeInProportion) {
  std::vector<ConfigProperty> properties;
  std::string names;
  std::string mappings;
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    const std::string queue = kPrefix + "root.q" + number + ".";
    names += (i == 0 ? "q" : ",q") + number;
    mappings += (i == 0 ? "u:u" : ",u:u") + number + ":same";
    properties.push_back({queue + "capacity", "1w", "q.xml", 3});
    properties.push_back(
        {queue + "accessible-node-labels.l" + number + ".capacity", "1w", "q.xml", 4});
    properties.push_back({queue + "queues", "same", "q.xml", 5});
    properties.push_back({queue + "same.capacity", "100", "q.xml", 6});
  }
  properties.push_back({kPrefix + "root.queues", names, "q.xml", 1});
  properties.push_back({kPrefix + "queue-mappings", mappings, "q.xml", 2});
  const auto parsed = ParseQueueConfiguration({.properties = properties, .types = TestTypes()});
  ASSERT_EQ(parsed.faults.size(), 1u);
  EXPECT_NE(parsed.faults[0].message.find("means 10000 leaves"), std::string::npos)
      << parsed.faults[0].ToString();
  EXPECT_LE(parsed.warnings.size(), 102u);
}

TEST(ConfigurationFuzz, WhatQueuesTakeOverFromTheirParentsIsBounded) {
  std::vector<ConfigProperty> properties;
  std::string names;
  for (int i = 0; i < 3000; ++i) {
    const std::string number = std::to_string(i);
    names += (i == 0 ? "q" : ",q") + number;
    properties.push_back({kPrefix + "root.user-settings.u" + number + ".weight", "1", "q.xml", 2});
    properties.push_back({kPrefix + "root.q" + number + ".capacity", "1w", "q.xml", 3});
  }
  properties.push_back({kPrefix + "root.queues", names, "q.xml", 1});
  const auto parsed = ParseQueueConfiguration({.properties = properties, .types = TestTypes()});
  ASSERT_EQ(parsed.faults.size(), 1u);
  EXPECT_NE(parsed.faults[0].rule.find("labels and user weights"), std::string::npos);
}

}  // namespace
}  // namespace weir::scheduler
