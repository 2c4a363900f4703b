// The environment of containers beyond what the launch context says: the node's own rules, and
// named resources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor_fixture.h"
#include "nodemanager/executor/environment_rules.h"
#include "nodemanager/executor/resource_environment.h"

namespace weir::nm {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::optional<std::string> Own(const std::string& name) {
  const Environment own = {{"LANG", "C.UTF-8"},
                           {"PATH", "/own/bin"},
                           {"EMPTY", ""},
                           {"LD_PRELOAD", "/lib/trick.so"},
                           {"API_TOKEN", "secret"}};
  const auto found = own.find(name);
  if (found == own.end()) return std::nullopt;
  return found->second;
}

struct ForcedCase {
  const char* text;
  Environment forced;
  const char* why = "";  // not "": it is refused
};

TEST(ForcedVariables, AreReadOrRefused) {
  for (const ForcedCase& c : {
           ForcedCase{"", {}},
           ForcedCase{"MALLOC_ARENA_MAX=$MALLOC_ARENA_MAX", {}},
           ForcedCase{"A=1, B = 2,", {{"A", "1"}, {"B", " 2"}}},
           ForcedCase{"A=$LANG", {{"A", "C.UTF-8"}}},
           ForcedCase{"A=${LANG}x$PATH", {{"A", "C.UTF-8x/own/bin"}}},
           ForcedCase{"A=$EMPTY", {{"A", ""}}},
           ForcedCase{"A=x$NOT_THERE,B=1", {{"B", "1"}}},
           ForcedCase{"A=$", {{"A", "$"}}},
           ForcedCase{"A=$5${LANG", {{"A", "$5${LANG"}}},
           ForcedCase{"A=x=y", {{"A", "x=y"}}},
           ForcedCase{"PATH=/opt:$PATH,HOME=/h,LANG=C",
                      {{"HOME", "/h"}, {"LANG", "C"}, {"PATH", "/opt:/own/bin"}}},
           ForcedCase{"LD_LIBRARY_PATH=/opt/lib", {{"LD_LIBRARY_PATH", "/opt/lib"}}},
           ForcedCase{"A", {}, "'A' sets nothing"},
           ForcedCase{"=1", {}, "'' is no name of a variable"},
           ForcedCase{"1A=1", {}, "'1A' is no name of a variable"},
           ForcedCase{"A B=1", {}, "'A B' is no name of a variable"},
           ForcedCase{"A=1,A=2", {}, "'A' stands twice"},
           ForcedCase{"CONTAINER_ID=1", {}, "'CONTAINER_ID' is set by the NodeManager"},
           ForcedCase{"WEIR_SECRETS_DIR=/x", {}, "is set by the NodeManager"},
           ForcedCase{"WEIR_RESOURCE_X=1", {}, "is set by the NodeManager"},
           ForcedCase{"CUDA_VISIBLE_DEVICES=0", {}, "is set by the NodeManager"},
       }) {
    const auto forced = ParseForced(c.text, Own);
    ASSERT_EQ(forced.ok(), std::string_view(c.why).empty()) << c.text;
    if (forced.ok()) {
      EXPECT_EQ(*forced, c.forced) << c.text;
    } else {
      EXPECT_EQ(forced.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(forced.error().message, HasSubstr(c.why));
      EXPECT_FALSE(forced.error().remedy.empty()) << c.text;
    }
  }
}

TEST(ForcedVariables, AValueWithCommasHasItsOwnKey) {
  Environment forced = {{"A", "1"}};
  EXPECT_TRUE(AddForced("B", "x,y=$LANG", Own, forced).ok());
  EXPECT_EQ(forced, (Environment{{"A", "1"}, {"B", "x,y=C.UTF-8"}}));
  EXPECT_THAT(AddForced("A", "2", Own, forced).error().message, HasSubstr("stands twice"));
  EXPECT_THAT(AddForced("C", std::string(kRuleVariablesBytes, 'x'), Own, forced).error().message,
              HasSubstr("'C' is too much"));
}

// Nothing goes without its full name: neither secrets nor what changes how programs are loaded.
TEST(PassedVariables, AreThoseThatAreNamedAndThere) {
  EXPECT_THAT(*ParsePassed("", Own), IsEmpty());
  EXPECT_EQ(*ParsePassed("LANG, TZ", Own), (Environment{{"LANG", "C.UTF-8"}}));
  EXPECT_EQ(*ParsePassed("LD_PRELOAD,EMPTY", Own),
            (Environment{{"EMPTY", ""}, {"LD_PRELOAD", "/lib/trick.so"}}));
  for (const char* wide : {"*", "LD_*", "API_*"}) {
    const auto refused = ParsePassed(wide, Own);
    ASSERT_FALSE(refused.ok()) << wide;
    EXPECT_EQ(refused.error().remedy, "name each variable in full");
  }
  for (const char* bad : {"NM_HOST", "WEIR_HOME", "PWD", "WEIR_RESOURCE_A", "a b", "A=1"}) {
    EXPECT_FALSE(ParsePassed(bad, Own).ok()) << bad;
  }
  EXPECT_FALSE(ParsePassed("LANG,LANG", Own).ok());
}

struct CombineCase {
  const char* what;
  EnvironmentRules rules;
  Environment wanted;
  Environment combined;
};

TEST(CombinedEnvironment, IsTheNodesThenTheContainersThenWhatIsForced) {
  const Environment base = {{"CONTAINER_ID", "c"}, {"PATH", "/bin"}};
  for (const CombineCase& c : {
           CombineCase{"nothing more", {}, {}, base},
           CombineCase{"passed",
                       {.passed = {{"TZ", "UTC"}}},
                       {},
                       {{"CONTAINER_ID", "c"}, {"PATH", "/bin"}, {"TZ", "UTC"}}},
           CombineCase{"the container's own is stronger than what is passed",
                       {.passed = {{"TZ", "UTC"}}},
                       {{"TZ", "CET"}},
                       {{"CONTAINER_ID", "c"}, {"PATH", "/bin"}, {"TZ", "CET"}}},
           CombineCase{"what is forced is stronger than the container's own",
                       {.forced = {{"TZ", "UTC"}}},
                       {{"TZ", "CET"}},
                       {{"CONTAINER_ID", "c"}, {"PATH", "/bin"}, {"TZ", "UTC"}}},
           CombineCase{"what is forced is stronger than what is passed",
                       {.passed = {{"TZ", "CET"}}, .forced = {{"TZ", "UTC"}}},
                       {},
                       {{"CONTAINER_ID", "c"}, {"PATH", "/bin"}, {"TZ", "UTC"}}},
           CombineCase{"PATH of the NodeManager instead of the standard one",
                       {.passed = {{"PATH", "/own"}}},
                       {},
                       {{"CONTAINER_ID", "c"}, {"PATH", "/own"}}},
           CombineCase{"values of the container name the node's",
                       {.passed = {{"JAVA", "/j"}}, .forced = {{"TZ", "UTC"}}},
                       {{"A", "{{JAVA}}/{{TZ}}/{{PATH}}"}},
                       {{"A", "/j/UTC//bin"},
                        {"CONTAINER_ID", "c"},
                        {"JAVA", "/j"},
                        {"PATH", "/bin"},
                        {"TZ", "UTC"}}},
           CombineCase{"nobody changes what the NodeManager sets",
                       {.passed = {{"CONTAINER_ID", "p"}}, .forced = {{"CONTAINER_ID", "f"}}},
                       {{"CONTAINER_ID", "w"}},
                       base},
       }) {
    EXPECT_EQ(CombineEnvironment(base, c.rules, c.wanted), c.combined) << c.what;
  }
}

TEST(ResourceEnvironment, SaysHowMuchAndWhich) {
  const IndexedType gpus{"yarn.io/gpu", {{0, 0}, {1, 1}, {2, 2}}};
  Resource resource{256, 1};
  resource.SetNamed("licence", 3);
  resource.SetNamed("yarn.io/gpu", 2);
  EXPECT_EQ(ResourceEnvironment(resource, {{"yarn.io/gpu", {0, 2}}}, {gpus}),
            (Environment{{"CUDA_DEVICE_ORDER", "PCI_BUS_ID"},
                         {"CUDA_VISIBLE_DEVICES", "0,2"},
                         {"NVIDIA_VISIBLE_DEVICES", "0,2"},
                         {"WEIR_RESOURCE_LICENCE", "3"},
                         {"WEIR_RESOURCE_YARN_IO_GPU", "2"},
                         {"WEIR_RESOURCE_YARN_IO_GPU_INDICES", "0,2"}}));
  // Whoever asked for none is to see none, where they are given out at all.
  EXPECT_EQ(ResourceEnvironment({256, 1}, {}, {gpus}),
            (Environment{{"CUDA_DEVICE_ORDER", "PCI_BUS_ID"},
                         {"CUDA_VISIBLE_DEVICES", ""},
                         {"NVIDIA_VISIBLE_DEVICES", "void"}}));
  EXPECT_THAT(ResourceEnvironment({256, 1}, {}, {}), IsEmpty());
}

TEST_F(ExecutorTest, TheNodesRulesAndTheIndicesReachTheProcess) {
  adjust_ = [](ProcessExecutorOptions& options) {
    options.environment.passed = {{"TZ", "Europe/Vienna"}, {"LANG", "C.UTF-8"}};
    options.environment.forced = {{"MALLOC_ARENA_MAX", "4"}};
    options.indexed = {{"yarn.io/gpu", {{0, 0}, {1, 1}, {2, 2}, {3, 3}}}};
  };
  Restart();
  LaunchContext launch;
  launch.command = {"env"};
  launch.environment = {{"LANG", "de_AT.UTF-8"},
                        {"MALLOC_ARENA_MAX", "1"},
                        {"CUDA_VISIBLE_DEVICES", "0,1,2,3"},
                        {"GPUS", "{{WEIR_RESOURCE_YARN_IO_GPU_INDICES}}"}};
  ContainerTokenIdentifier token = Token(1);
  token.resource.SetNamed("yarn.io/gpu", 2);
  executor_->Localize(token, launch, {});
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(1)));
  executor_->Launch(nm::Launch{IdOf(1), {{"yarn.io/gpu", {1, 3}}}, 0});
  launched_.push_back(IdOf(1));
  AwaitEnd(1);
  const std::string environment = "\n" + Output(1);
  for (const char* line : {"TZ=Europe/Vienna",
                           "LANG=de_AT.UTF-8",
                           "MALLOC_ARENA_MAX=4",
                           "CUDA_VISIBLE_DEVICES=1,3",
                           "GPUS=1,3",
                           "WEIR_RESOURCE_YARN_IO_GPU=2"}) {
    EXPECT_THAT(environment, HasSubstr(std::string("\n") + line + "\n"));
  }
  EXPECT_THAT(environment, Not(HasSubstr("MALLOC_ARENA_MAX=1")));
}

}  // namespace
}  // namespace weir::nm
