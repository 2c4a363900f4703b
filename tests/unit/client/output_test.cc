#include "client/output.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weir::cli {
namespace {

TEST(Output, AlignsColumnsToTheWidestCell) {
  EXPECT_EQ(FormatTable({"Id", "Name"}, {{"1", "a"}, {"1000", "bc"}}),
            "Id    Name\n"
            "1     a\n"
            "1000  bc\n");
}

TEST(Output, PrintsAnApplicationWithYarnsFieldNames) {
  ApplicationReport report;
  report.id = {1700000000000, 7};
  report.name = "count \"words\"\n";
  report.state = ApplicationState::kAccepted;
  report.pending_reason = PendingReason::kNoNodes;
  const auto json = nlohmann::json::parse(ApplicationJson(report)).at("app");
  EXPECT_EQ(json.at("id"), "application_1700000000000_0007");
  EXPECT_EQ(json.at("name"), report.name);
  EXPECT_EQ(json.at("state"), "ACCEPTED");
  EXPECT_EQ(json.at("finalStatus"), "UNDEFINED");
  EXPECT_EQ(json.at("pendingReason"), "NO_NODES");
}

TEST(Output, SurvivesBytesThatAreNotText) {
  ApplicationReport report;
  report.diagnostics = "bad \xff\xfe bytes";
  EXPECT_NE(ApplicationJson(report).find("bad "), std::string::npos);
}

TEST(Output, FinishedApplicationsHoldNothing) {
  ApplicationReport report;
  report.state = ApplicationState::kFinished;
  const auto json = nlohmann::json::parse(ApplicationJson(report)).at("app");
  EXPECT_EQ(json.at("allocatedMB"), -1);
}

TEST(ExitCodes, TellKindsOfFailureApart) {
  EXPECT_EQ(ExitCodeOf(ErrorCode::kNotFound), ExitCode::kNotFound);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kPermissionDenied), ExitCode::kDenied);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kUnavailable), ExitCode::kUnavailable);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kInvalidArgument), ExitCode::kUsage);
}

}  // namespace
}  // namespace weir::cli
