#include "platform/hadoop_xml_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <limits>

#include "common/strings.h"
#include "tests/support/temp_directory.h"

namespace weir::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempDirectory;
using testing::WriteWholeFile;

// Sets a variable for one test, or unsets it.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (value == nullptr) ::unsetenv(name);
    if (value != nullptr) ::setenv(name, value, 1);
  }
  ~ScopedVariable() { ::unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
};

std::string Property(const std::string& name, const std::string& value) {
  return "<property><name>" + name + "</name><value>" + value + "</value></property>\n";
}

class HadoopXmlConfig : public ::testing::Test {
 protected:
  // Loads `inside` as the content of <configuration> (which is on line 1).
  Result<Configuration> Load(const std::string& inside) {
    return LoadText("<configuration>\n" + inside + "</configuration>\n");
  }
  Result<Configuration> LoadText(const std::string& text) {
    WriteWholeFile(file(), text);
    return Configuration::LoadFile(file());
  }
  std::string Faults(const Result<Configuration>& config) {
    EXPECT_FALSE(config.ok());
    if (config.ok()) return "";
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    return config.error().message;
  }
  std::string file() const { return directory_ / "yarn-site.xml"; }

  const TempDirectory directory_;
  const ScopedVariable no_options_{"WEIR_OPTS", nullptr};
  const ScopedVariable no_directory_{"WEIR_CONF_DIR", nullptr};
  const ScopedVariable no_hadoop_directory_{"HADOOP_CONF_DIR", nullptr};
};

TEST_F(HadoopXmlConfig, ReadsPropertiesAsHadoopWritesThem) {
  const auto config = LoadText(
      "<?xml version=\"1.0\"?>\n<?xml-stylesheet type=\"text/xsl\" href=\"configuration.xsl\"?>\n"
      "<!-- site -->\n<configuration>\n<property>\n  <name> a.key </name>\n"
      "  <value>one &amp; two</value>\n  <description>What <b>it</b> is.</description>\n"
      "</property>\n<!-- x -->\n<property><name>empty</name><value/></property>\n"
      "<property><value><![CDATA[<raw>]]></value><name>cdata</name><final> true </final>"
      "<source>s</source></property>\n"
      "<property name=\"attr\" value=\"v\" final=\"false\"/>\n</configuration>\n");
  ASSERT_TRUE(config.ok()) << config.error().ToString();
  EXPECT_THAT(config->Keys(), ElementsAre("a.key", "attr", "cdata", "empty"));
  EXPECT_EQ(config->Get("a.key"), "one & two");
  EXPECT_EQ(config->Get("empty"), "");
  EXPECT_EQ(config->Get("cdata"), "<raw>");
  EXPECT_EQ(config->Get("attr"), "v");
  EXPECT_EQ(config->Get("none"), std::nullopt);
  EXPECT_EQ(config->GetOr("none", "fallback"), "fallback");
  EXPECT_EQ(config->Origin("a.key"), file() + ":5");
  EXPECT_EQ(config->Origin("none"), "");
}

TEST_F(HadoopXmlConfig, NamesLineAndFaultOfEverythingMalformed) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ":1: not well-formed XML"},
      {"<configuration>\n<property>\n<name>a</name>", ": not well-formed XML"},
      {"<configuration>\n<property>\n</configuration>\n", ":3: not well-formed XML"},
      {"just text", ":1: not well-formed XML"},
      {"\n\n<conf/>", ":3: the outermost element is <conf>, not <configuration>"},
      {"<configuration>\n<xi:include href=\"x\"/>\n</configuration>",
       ":2: <xi:include> is not supported"},
      {"<configuration>\n\n<proprety/></configuration>", ":3: unknown element <proprety>"},
      {"<configuration>\nstray\n</configuration>", "text outside of any element: 'stray'"},
      {"<configuration>\n<property><value>v</value></property></configuration>",
       ":2: a property without <name>"},
      {"<configuration>\n<property><name>k</name></property></configuration>",
       ":2: property k has no <value>"},
      {"<configuration><property><name>k</name>\n<valu>v</valu></property></configuration>",
       ":2: unknown element <valu> in a property, is <value> meant?"},
      {"<configuration><property><name>k</name><value>v</value>\n<value>w</value></property>"
       "</configuration>",
       ":2: <value> stands twice in one property"},
      {"<configuration><property><name>k</name><value>a<b/>c</value></property></configuration>",
       ":1: element <b> inside of <value>"},
      {"<configuration><property><name>k</name><value>v</value><final>yes</final></property>"
       "</configuration>",
       ":1: <final> is 'yes', it must be true or false"},
      {"<configuration><property nmae=\"k\" value=\"v\"/></configuration>",
       ":1: unknown attribute 'nmae' of <property>"},
  };
  for (const auto& [text, fault] : cases) {
    EXPECT_THAT(Faults(LoadText(text)), HasSubstr(fault)) << text;
  }
}

TEST_F(HadoopXmlConfig, ReportsAllFaultsTogether) {
  const std::string faults = Faults(
      Load("<property><name>a</name></property>\n<bad/>\n<property><value>v</value></property>\n" +
           Property("loop", "${loop}")));
  for (const char* line : {":2: ", ":3: ", ":4: ", ":5: property loop: "}) {
    EXPECT_THAT(faults, HasSubstr(line));
  }
}

TEST_F(HadoopXmlConfig, BoundsTheNumberOfFaultsReported) {
  std::string inside;
  for (int i = 0; i < 10'000; ++i) inside += "<bad/>\n";
  const std::string faults = Faults(Load(inside));
  EXPECT_THAT(faults, HasSubstr("further faults not shown"));
  EXPECT_LT(faults.size(), 50'000u);
}

TEST_F(HadoopXmlConfig, RefusesAHugeFileAndSurvivesDeepNesting) {
  EXPECT_THAT(Configuration::LoadFile("/dev/zero").error().message, HasSubstr("/dev/zero"));
  WriteWholeFile(file(), std::string(5 << 20, ' '));
  EXPECT_THAT(Configuration::LoadFile(file()).error().message, HasSubstr("larger than"));
  std::string deep = "<configuration>";
  for (int i = 0; i < 300'000; ++i) deep += "<property>";
  EXPECT_THAT(Faults(LoadText(deep)), HasSubstr("not well-formed XML"));
}

TEST_F(HadoopXmlConfig, TakesTheLastOfAKeyThatStandsTwice) {
  const auto config = Load(Property("k", "first") + Property("k", "last"));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->Get("k"), "last");
  EXPECT_THAT(config->Origin("k"), EndsWith(":3"));
}

TEST_F(HadoopXmlConfig, RefusesAKeyAfterItWasMadeFinalInTheSameFile) {
  const std::string final =
      "<property><name>k</name><value>v</value><final>true</final></property>\n";
  EXPECT_THAT(Faults(Load(final + Property("k", "w"))),
              HasSubstr(":3: property k is final since " + file() + ":2"));
}

TEST_F(HadoopXmlConfig, KeepsWhatAnEarlierFileMadeFinal) {
  WriteWholeFile(directory_ / "core-site.xml",
                 "<configuration><property><name>k</name><value>core</value><final>true</final>"
                 "</property></configuration>");
  WriteWholeFile(file(), "<configuration>" + Property("k", "yarn") + "</configuration>");
  Configuration::Source source;
  source.directory = directory_.path();
  source.files = {"core-site.xml", "yarn-site.xml"};
  EXPECT_EQ(Configuration::Load(source)->Get("k"), "core");
  source.files = {"yarn-site.xml"};
  EXPECT_EQ(Configuration::Load(source)->Get("k"), "yarn");
}

TEST_F(HadoopXmlConfig, LetsOptionsOverrideFilesAndFlagsOverrideOptions) {
  WriteWholeFile(file(),
                 "<configuration>" + Property("a", "file") + Property("b", "file") +
                     Property("c", "file") + "</configuration>");
  const ScopedVariable options("WEIR_OPTS", " -Db=opts  -Dc='two words' -Dd=\"\" ");
  Configuration::Source source;
  source.directory = directory_.path();
  source.overrides = {{"c", "flag"}};
  const auto config = Configuration::Load(source);
  ASSERT_TRUE(config.ok()) << config.error().ToString();
  EXPECT_EQ(config->Get("a"), "file");
  EXPECT_EQ(config->Get("b"), "opts");
  EXPECT_EQ(config->Get("c"), "flag");
  EXPECT_EQ(config->Get("d"), "");
  EXPECT_EQ(config->Origin("b"), "WEIR_OPTS");
  EXPECT_EQ(config->Origin("c"), "-D");
}

TEST_F(HadoopXmlConfig, RefusesOptionsThatAreNoSettings) {
  const ScopedVariable options("WEIR_OPTS", "-Da=1 nonsense -D=2 -Dx");
  Configuration::Source source;
  source.overrides = {{"", "x"}};
  const std::string faults = Faults(Configuration::Load(source));
  for (const char* fault : {"'nonsense' is not", "'-D=2' is not", "'-Dx' is not", "-D: a key"}) {
    EXPECT_THAT(faults, HasSubstr(fault));
  }
}

TEST_F(HadoopXmlConfig, FindsItsDirectoryInTheEnvironment) {
  ASSERT_EQ(::mkdir((directory_ / "weir").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((directory_ / "hadoop").c_str(), 0700), 0);
  for (const std::string name : {"weir", "hadoop"}) {
    WriteWholeFile(directory_ / (name + "/yarn-site.xml"),
                   "<configuration>" + Property("who", name) + "</configuration>");
  }
  EXPECT_TRUE(Configuration::Load({})->Keys().empty());
  const ScopedVariable hadoop("HADOOP_CONF_DIR", (directory_ / "hadoop").c_str());
  EXPECT_EQ(Configuration::Load({})->Get("who"), "hadoop");
  const ScopedVariable weir("WEIR_CONF_DIR", (directory_ / "weir").c_str());
  EXPECT_EQ(Configuration::Load({})->Get("who"), "weir");
}

TEST_F(HadoopXmlConfig, DoesNotMindAMissingFileButAMissingDirectory) {
  Configuration::Source source;
  source.directory = directory_.path();
  EXPECT_TRUE(Configuration::Load(source).ok());
  source.directory = directory_ / "none";
  EXPECT_THAT(Faults(Configuration::Load(source)), HasSubstr(directory_ / "none"));
  EXPECT_EQ(Configuration::LoadFile(file()).error().code, ErrorCode::kNotFound);
}

TEST_F(HadoopXmlConfig, ReplacesReferences) {
  const ScopedVariable home("WEIR_TEST_HOME", "/home/me");
  const ScopedVariable empty("WEIR_TEST_EMPTY", "");
  const ScopedVariable unset("WEIR_TEST_UNSET", nullptr);
  const auto config = Configuration::FromMap({
      {"host", "example"},
      {"address", "${host}:8032"},
      {"twice", "${address},${address}"},
      {"env", "${env.WEIR_TEST_HOME}/x"},
      {"empty", "[${env.WEIR_TEST_EMPTY}]"},
      {"default", "${env.WEIR_TEST_UNSET:-other}"},
      {"default.empty", "${env.WEIR_TEST_EMPTY:-other}"},
      {"default.unset.only", "[${env.WEIR_TEST_EMPTY-other}]"},
      {"unknown", "a${no.such}b"},
      {"unknown.env", "a${env.WEIR_TEST_UNSET}b"},
      {"open", "a${host"},
      {"dollar", "$host {host}"},
  });
  const std::pair<const char*, const char*> cases[] = {
      {"address", "example:8032"},
      {"twice", "example:8032,example:8032"},
      {"env", "/home/me/x"},
      {"empty", "[]"},
      {"default", "other"},
      {"default.empty", "other"},
      {"default.unset.only", "[]"},
      {"unknown", "a${no.such}b"},
      {"unknown.env", "a${env.WEIR_TEST_UNSET}b"},
      {"open", "a${host"},
      {"dollar", "$host {host}"},
  };
  for (const auto& [key, value] : cases) EXPECT_EQ(config.Get(key), value);
}

TEST_F(HadoopXmlConfig, LimitsTheDepthOfReferences) {
  const auto chain = [&](int length) {
    std::string inside = Property("k0", "end");
    for (int i = 1; i <= length; ++i) {
      inside += Property("k" + std::to_string(i), "${k" + std::to_string(i - 1) + "}");
    }
    return Load(inside);
  };
  const auto deepest = chain(19);
  ASSERT_TRUE(deepest.ok()) << deepest.error().ToString();
  EXPECT_EQ(deepest->Get("k19"), "end");
  EXPECT_THAT(Faults(chain(20)), HasSubstr("property k20: ${...} is nested more than 20 deep"));
}

TEST_F(HadoopXmlConfig, ShowsTheCircleOfReferences) {
  const std::string faults = Faults(Load(Property("a", "${b}") + Property("b", "x${a}")));
  EXPECT_THAT(faults, HasSubstr(":2: property a: ${...} goes in a circle: ${a} -> ${b} -> ${a}"));
  EXPECT_THAT(faults, HasSubstr(":3: property b: "));
  // Without a way to report it, the value stays.
  EXPECT_EQ(Configuration::FromMap({{"a", "${a}"}}).Get("a"), "${a}");
}

TEST_F(HadoopXmlConfig, BoundsWhatReferencesCanGrowTo) {
  for (const std::string leaf : {"", "0123456789"}) {
    std::string inside = Property("k0", leaf);
    for (int i = 1; i < 20; ++i) {
      std::string value;
      for (int n = 0; n < 10; ++n) value += "${k" + std::to_string(i - 1) + "}";
      inside += Property("k" + std::to_string(i), value);
    }
    EXPECT_THAT(Faults(Load(inside)), HasSubstr("property k19: the value "));
  }
}

TEST_F(HadoopXmlConfig, GivesNumbersWithinTheirRange) {
  const auto config = Load(Property("n", " 42 ") + Property("word", "many") +
                           Property("part", "4x") + Property("none", ""));
  EXPECT_EQ(config->GetInt("n", 0, 1, 42).value(), 42);
  EXPECT_EQ(config->GetInt("unset", 7, 100, 200).value(), 7);
  const Error too_big = config->GetInt("n", 0, 1, 41).error();
  EXPECT_EQ(too_big.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(too_big.message, "n is ' 42 ' (" + file() + ":2), it must be a number from 1 to 41");
  for (const char* key : {"word", "part", "none"}) {
    EXPECT_FALSE(config->GetInt(key, 0, 0, 100).ok()) << key;
  }
}

TEST_F(HadoopXmlConfig, GivesTruthValues) {
  const auto config =
      Configuration::FromMap({{"yes", " TRUE "}, {"no", "false"}, {"other", "yes"}});
  EXPECT_TRUE(config.GetBool("yes", false).value());
  EXPECT_FALSE(config.GetBool("no", true).value());
  EXPECT_TRUE(config.GetBool("unset", true).value());
  EXPECT_THAT(config.GetBool("other", true).error().message, HasSubstr("true or false"));
}

TEST_F(HadoopXmlConfig, GivesDurationsWithTheirUnits) {
  const std::pair<const char*, Duration> good[] = {
      {"250", milliseconds(250)},
      {"250ms", milliseconds(250)},
      {" 3 s ", seconds(3)},
      {"2m", seconds(120)},
      {"1h", seconds(3600)},
      {"1d", seconds(86400)},
      {"0", seconds(0)},
  };
  for (const auto& [text, value] : good) {
    const auto config = Configuration::FromMap({{"k", text}});
    EXPECT_EQ(config.GetDuration("k", seconds(9)).value(), value) << text;
  }
  EXPECT_EQ(Configuration::FromMap({{"k", "5"}}).GetDuration("k", seconds(9), seconds(1)).value(),
            seconds(5));
  EXPECT_EQ(Configuration::FromMap({}).GetDuration("k", seconds(9)).value(), seconds(9));
  for (const char* text : {"", "s", "-1s", "1.5s", "1w", "1 s s", "9223372036854775807d"}) {
    const auto config = Configuration::FromMap({{"k", text}});
    EXPECT_FALSE(config.GetDuration("k", seconds(9)).ok()) << text;
  }
}

TEST_F(HadoopXmlConfig, GivesAddresses) {
  const auto config = Configuration::FromMap({{"good", " example:80 "}, {"bad", "example"}});
  EXPECT_EQ(config.GetHostPort("good", {}).value(), (HostPort{"example", 80}));
  EXPECT_EQ(config.GetHostPort("unset", {"h", 1}).value(), (HostPort{"h", 1}));
  EXPECT_THAT(config.GetHostPort("bad", {}).error().message, HasSubstr("host:port"));
}

}  // namespace
}  // namespace weir::platform
