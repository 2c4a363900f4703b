#include <gtest/gtest.h>

#include <string>

#include "resourcemanager/server/rest_filters.h"

namespace weir::rm {
namespace {

ApplicationsQuery Parsed(const QueryParameters& query) {
  auto parsed = ParseApplicationsQuery(query);
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().ToString());
  return parsed.ok() ? *parsed : ApplicationsQuery{};
}

TEST(RestFilters, SelectsEverythingWithoutParameters) {
  const ApplicationsQuery query = Parsed({});
  EXPECT_TRUE(query.core.states.empty());
  EXPECT_FALSE(query.matches_nothing);
  EXPECT_EQ(query.limit, kApplicationsPerAnswer);
  EXPECT_TRUE(Matches(query, ApplicationReport{}));
}

TEST(RestFilters, ReadsStatesInEitherSpelling) {
  const ApplicationsQuery query = Parsed({{"states", "running, Finished"}, {"state", "KILLED"}});
  EXPECT_EQ(
      query.core.states,
      (std::vector<ApplicationState>{
          ApplicationState::kRunning, ApplicationState::kFinished, ApplicationState::kKilled}));
}

TEST(RestFilters, RefusesAnUnknownStateAndListsTheValidOnes) {
  const auto parsed = ParseApplicationsQuery({{"states", "RUNNING,SLEEPING"}});
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(parsed.error().message.find("SLEEPING"), std::string::npos);
  for (const char* valid :
       {"NEW", "SUBMITTED", "ACCEPTED", "RUNNING", "FINISHED", "FAILED", "KILLED"}) {
    EXPECT_NE(parsed.error().remedy.find(valid), std::string::npos) << valid;
  }
}

TEST(RestFilters, MatchesNothingWhenOnlyAStateOfYarnsOwnIsAskedFor) {
  EXPECT_TRUE(Parsed({{"states", "NEW_SAVING"}}).matches_nothing);
  EXPECT_FALSE(Parsed({{"states", "NEW_SAVING,RUNNING"}}).matches_nothing);
  EXPECT_TRUE(Parsed({{"finalStatus", "ENDED"}}).matches_nothing);
}

TEST(RestFilters, RefusesBadNumbersAndFiltersItDoesNotHave) {
  for (const QueryParameters& bad : {QueryParameters{{"limit", "0"}},
                                     QueryParameters{{"limit", "many"}},
                                     QueryParameters{{"startedTimeBegin", "-1"}},
                                     QueryParameters{{"finishedTimeEnd", "1e9"}},
                                     QueryParameters{{"finalStatus", "GOOD"}},
                                     QueryParameters{{"applicationTags", "x"}},
                                     QueryParameters{{"queues", "a,b"}}}) {
    const auto parsed = ParseApplicationsQuery(bad);
    ASSERT_FALSE(parsed.ok()) << bad.begin()->first;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(parsed.error().message.find(bad.begin()->first), std::string::npos);
  }
}

TEST(RestFilters, SelectsByStatusTypeNameAndTimes) {
  ApplicationReport report;
  report.name = "count";
  report.type = "WEIR_STREAM";
  report.final_status = FinalStatus::kSucceeded;
  report.started = WallFromMillis(1000);
  report.finished = WallFromMillis(2000);
  const struct {
    QueryParameters query;
    bool matches;
  } cases[] = {
      {{{"finalStatus", "succeeded"}}, true},
      {{{"finalStatus", "FAILED"}}, false},
      {{{"applicationTypes", "WEIR_COMMAND, WEIR_STREAM"}}, true},
      {{{"applicationTypes", "WEIR_COMMAND"}}, false},
      {{{"name", "count"}}, true},
      {{{"name", "coun"}}, false},
      {{{"startedTimeBegin", "1000"}, {"startedTimeEnd", "1000"}}, true},
      {{{"startedTimeBegin", "1001"}}, false},
      {{{"finishedTimeEnd", "1999"}}, false},
      {{{"finishedTimeBegin", "2000"}}, true},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(Matches(Parsed(one.query), report), one.matches)
        << one.query.begin()->first << "=" << one.query.begin()->second;
  }
}

TEST(RestFilters, PassesUserAndQueueToTheCore) {
  const ApplicationsQuery query = Parsed({{"user", "ann"}, {"queue", "default"}, {"limit", "5"}});
  EXPECT_EQ(query.core.user, "ann");
  EXPECT_EQ(query.core.queue, "default");
  EXPECT_EQ(query.limit, 5u);
}

TEST(RestFilters, ReadsNodeStates) {
  EXPECT_EQ(*ParseNodeStates({{"states", "running,LOST"}}),
            (std::vector<NodeState>{NodeState::kRunning, NodeState::kLost}));
  EXPECT_TRUE(ParseNodeStates({})->empty());
  EXPECT_FALSE(ParseNodeStates({{"states", "ASLEEP"}}).ok());
}

}  // namespace
}  // namespace weir::rm
