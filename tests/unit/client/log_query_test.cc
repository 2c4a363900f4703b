// What `weir logs` understands of its options, and how lines of followed logs are told apart.
#include "client/log_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/log_follow.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;

Result<LogQuery> Read(const std::vector<std::string>& words) {
  ParseRules rules;
  rules.options = LogOptions();
  WEIR_ASSIGN_OR_RETURN(const Arguments arguments, Arguments::Parse(rules, words));
  return ReadLogQuery(arguments);
}

ContainerId IdOf(int32_t attempt, int64_t number) {
  return ContainerId::Make({{1, 1}, attempt}, Epoch{1}, number);
}

TEST(LogQuery, AnyOfTheThreeIdsNamesTheApplication) {
  EXPECT_EQ(Read({"-applicationId", "application_1_0001"})->application, (ApplicationId{1, 1}));
  EXPECT_EQ(Read({"-applicationAttemptId", "appattempt_1_0001_000002"})->attempt,
            (AttemptId{{1, 1}, 2}));
  EXPECT_EQ(Read({"-containerId", IdOf(1, 2).ToString()})->application, (ApplicationId{1, 1}));
}

TEST(LogQuery, RefusesWhatIsWrongWithARemedy) {
  const std::vector<std::string> application = {"-applicationId", "application_1_0001"};
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{"-am", "0"}, "-am '0'"},
      {{"-am", "1,x"}, "-am 'x'"},
      {{"-log_files_pattern", "["}, "no regular expression"},
      {{"-log_files_pattern", std::string(2000, 'a')}, "longer than 1000"},
      {{"-size", "1k"}, "size"},
      {{"-size_limit_mb", "-2"}, "size_limit_mb"},
      {{"-appOwner", "../ann"}, "is no user"},
      {{"--follow", "-show_container_log_info"}, "exclude each other"},
      {{"-list_nodes", "-out", "x"}, "-out"},
      {{"-containerId", "container_e01_2_0001_01_000001"}, "different applications"},
  };
  for (const auto& [options, says] : rows) {
    std::vector<std::string> words = application;
    words.insert(words.end(), options.begin(), options.end());
    const auto query = Read(words);
    ASSERT_FALSE(query.ok()) << options.front();
    EXPECT_EQ(query.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(query.error().ToString(), HasSubstr(says));
  }
  EXPECT_THAT(Read({}).error().ToString(), HasSubstr("-applicationId ID"));
}

TEST(LogQuery, TakesContainersByAttemptRoleAndNode) {
  struct Row {
    std::vector<std::string> options;
    std::vector<bool> takes;  // master 1, worker of 1, master 2, worker of 2
  };
  const Row rows[] = {
      {{}, {true, true, true, true}},
      {{"-am", "ALL"}, {true, false, true, false}},
      {{"-am", "-1"}, {false, false, true, false}},
      {{"-am", "1"}, {true, false, false, false}},
      {{"-am", "1,-1"}, {true, false, true, false}},
      {{"--role", "taskmanager"}, {false, true, false, true}},
      {{"-applicationAttemptId", "appattempt_1_0001_000001"}, {true, true, false, false}},
      {{"-containerId", IdOf(2, 2).ToString()}, {false, false, false, true}},
      {{"-nodeAddress", "b:1"}, {false, false, true, true}},
  };
  for (const Row& row : rows) {
    std::vector<std::string> words = {"-applicationId", "application_1_0001"};
    words.insert(words.end(), row.options.begin(), row.options.end());
    const auto query = Read(words);
    ASSERT_TRUE(query.ok()) << query.error().ToString();
    const std::vector<bool> takes = {query->TakesContainer(IdOf(1, 1), "am", "a:1", 2),
                                     query->TakesContainer(IdOf(1, 2), "taskmanager", "a:1", 2),
                                     query->TakesContainer(IdOf(2, 1), "am", "b:1", 2),
                                     query->TakesContainer(IdOf(2, 2), "taskmanager", "b:1", 2)};
    EXPECT_EQ(takes, row.takes) << ::testing::PrintToString(row.options);
  }
}

TEST(LogQuery, TakesFilesByNameAndPattern) {
  const auto query = Read({"-applicationId",
                           "application_1_0001",
                           "-log_files",
                           "stdout,a.log",
                           "-log_files_pattern",
                           "\\.log$"});
  ASSERT_TRUE(query.ok());
  EXPECT_TRUE(query->TakesFile("a.log"));
  EXPECT_FALSE(query->TakesFile("stdout"));
  EXPECT_FALSE(query->TakesFile("b.log"));
  EXPECT_TRUE(Read({"-applicationId", "application_1_0001", "-log_files", "ALL"})->TakesFile("x"));
}

TEST(LinePrefixer, PutsTheOriginBeforeWholeLines) {
  LinePrefixer lines("p| ");
  EXPECT_EQ(lines.Take("one\ntw"), "p| one\n");
  EXPECT_EQ(lines.Take("o"), "");
  EXPECT_EQ(lines.Take("\n\nthree"), "p| two\np| \n");
  EXPECT_EQ(lines.Rest(), "p| three\n");
  EXPECT_EQ(lines.Rest(), "");
  const std::string endless(LinePrefixer::kLineBytes + 5, 'x');
  EXPECT_EQ(lines.Take(endless), "p| " + endless.substr(5) + "\n");
  EXPECT_EQ(lines.Rest(), "p| xxxxx\n");
}

TEST(LinePrefixer, TheOriginIsAttemptNumberRoleAndFile) {
  FoundContainer container;
  container.id = IdOf(1, 2);
  container.role = "taskmanager";
  EXPECT_EQ(FollowPrefix(container, "stdout"), "01_000002 taskmanager stdout| ");
}

}  // namespace
}  // namespace weir::cli
