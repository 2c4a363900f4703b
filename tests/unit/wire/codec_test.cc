#include "wire/codec.h"

#include <gtest/gtest.h>

#include "common/limits.h"

namespace weir::wire {
namespace {

const ApplicationId kApplication{1700000000000, 3};
const AttemptId kAttempt{kApplication, 1};
const ContainerId kContainer = ContainerId::Make(kAttempt, Epoch{5}, 2);

platform::TokenKeys Keys() {
  return platform::TokenKeys({{1, std::string(32, 'k')}});
}

LaunchContext MakeLaunch() {
  LaunchContext context;
  context.command = {"/bin/echo", "hello {{USER}}"};
  context.environment = {{"A", "b"}};
  context.local_resources = {{"job.so",
                              {.uri = "staging:ab",
                               .size = 12,
                               .mtime_ms = 3,
                               .sha256 = "ab",
                               .visibility = LocalResourceVisibility::kPrivate}}};
  context.secrets = {{"am.token", std::string("\0\1\2", 3)}};
  return context;
}

TEST(ValuesCodec, LaunchContextsSurviveTheWire) {
  const LaunchContext context = MakeLaunch();
  EXPECT_EQ(*FromWire(ToWire(context)), context);
}

TEST(ValuesCodec, ContainerStatusesSurviveTheWire) {
  const ContainerStatus status{.id = kContainer,
                               .state = ContainerState::kComplete,
                               .exit_code = -100,
                               .diagnostics = "why",
                               .resource = {1024, 2}};
  EXPECT_EQ(*FromWire(ToWire(status)), status);
}

TEST(ValuesCodec, HostileValuesAreRefused) {
  idl::ContainerStatus status = ToWire(ContainerStatus{.id = kContainer, .diagnostics = ""});
  status.state = 99;
  EXPECT_EQ(FromWire(status).error().code, ErrorCode::kInvalidArgument);
  status.state = 1;
  status.id = "container_x";
  EXPECT_EQ(FromWire(status).error().code, ErrorCode::kInvalidArgument);

  idl::HostPort address;
  address.port = 70000;
  EXPECT_FALSE(FromWire(address).ok());

  LaunchContext large = MakeLaunch();
  large.environment["X"] = std::string(limits::kLaunchContextBytes, 'x');
  EXPECT_FALSE(FromWire(ToWire(large)).ok());
  LaunchContext many = MakeLaunch();
  many.command.assign(limits::kCommandArguments + 1, "a");
  EXPECT_FALSE(FromWire(ToWire(many)).ok());
}

TEST(ValuesCodec, LongDiagnosticsAreCutInTheMiddle) {
  ContainerStatus status{.id = kContainer, .state = ContainerState::kComplete};
  status.diagnostics = std::string(20u << 20, 'd');
  const auto received = FromWire(ToWire(status));
  ASSERT_TRUE(received.ok());
  EXPECT_LE(received->diagnostics.size(), limits::kDiagnosticsBytes);
}

TEST(ValuesCodec, AnUnknownErrorCodeBecomesInternal) {
  idl::ServiceError error;
  error.code = 4711;
  error.message = "m";
  EXPECT_EQ(FromWire(error), (Error{ErrorCode::kInternal, "m", ""}));
}

TEST(ClientCodec, SubmissionsAndReportsSurviveTheWire) {
  const SubmissionContext context{.name = "n",
                                  .type = "t",
                                  .queue = "q",
                                  .priority = -3,
                                  .am_resource = {512, 1},
                                  .am_launch = MakeLaunch(),
                                  .max_attempts = 2,
                                  .queue_timeout = seconds(5),
                                  .tags = {"x"}};
  EXPECT_EQ(*FromWire(ToWire(context)), context);

  ApplicationReport report;
  report.id = kApplication;
  report.state = ApplicationState::kRunning;
  report.attempt = kAttempt;
  report.am_container = kContainer;
  report.am_address = {"127.0.0.1", 4000};
  report.progress = 0.5f;
  report.pending_reason = PendingReason::kFragmented;
  report.pending_detail = "why";
  report.version = 9;
  const auto received = FromWire(ToWire(report));
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->attempt, kAttempt);
  EXPECT_EQ(received->am_container, kContainer);
  EXPECT_EQ(received->am_address, report.am_address);
  EXPECT_EQ(received->pending_reason, report.pending_reason);
  EXPECT_EQ(received->version, 9);
  report.attempt = {};
  report.am_container = {};
  EXPECT_EQ(FromWire(ToWire(report))->attempt.number, 0);
}

TEST(ClientCodec, ANegativeQueueTimeoutIsRefused) {
  idl::SubmissionContext wire = ToWire(SubmissionContext{});
  wire.__set_queue_timeout_ms(-1);
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
}

TEST(NodeCodec, AnswersCarrySignedStartsThatVerify) {
  NodeHeartbeatAnswer answer;
  answer.epoch = Epoch{5};
  answer.sequence = 8;
  answer.start = {{.token = {.id = kContainer,
                             .node = {"node-1"},
                             .resource = {256, 1},
                             .user = "ada",
                             .expires = WallFromMillis(99),
                             .epoch = Epoch{5},
                             .node_session = 4},
                   .launch = MakeLaunch()}};
  answer.stop = {{kContainer, StopReason::kApplicationEnded}};
  answer.completions_recorded = {kContainer};
  answer.applications_finished = {kApplication};
  const auto received = FromWire(ToWire(answer, Keys()), Keys());
  ASSERT_TRUE(received.ok()) << received.error().ToString();
  ASSERT_EQ(received->start.size(), 1u);
  EXPECT_EQ(received->start[0].token, answer.start[0].token);
  EXPECT_EQ(received->stop[0].reason, StopReason::kApplicationEnded);
  EXPECT_EQ(received->completions_recorded, answer.completions_recorded);
  EXPECT_EQ(received->applications_finished, answer.applications_finished);

  const platform::TokenKeys others({{1, std::string(32, 'o')}});
  EXPECT_EQ(FromWire(ToWire(answer, Keys()), others).error().code, ErrorCode::kUnauthenticated);
}

TEST(MasterCodec, AsksAndGrantsSurviveTheWire) {
  const AllocateRequest request{
      .sequence = 4,
      .asks = {{.request_id = 1, .priority = 2, .count = 3, .resource = {512, 1}}},
      .releases = {kContainer},
      .progress = 0.25f,
      .park = seconds(5)};
  const auto received = FromWire(ToWire(request));
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->asks, request.asks);
  EXPECT_EQ(received->releases, request.releases);
  EXPECT_EQ(received->park, request.park);

  AllocateAnswer answer;
  answer.granted = {{.token = {.id = kContainer,
                               .node = {"node-1"},
                               .resource = {512, 1},
                               .user = "ada",
                               .expires = WallFromMillis(1),
                               .epoch = Epoch{5}},
                     .request_id = 1,
                     .priority = 2,
                     .node_address = {"127.0.0.1", 45454},
                     .node_http_address = "127.0.0.1:8042",
                     .nm_token = {kAttempt, {"node-1"}}}};
  const auto grants = FromWire(ToWire(answer, Keys()));
  ASSERT_TRUE(grants.ok());
  ASSERT_EQ(grants->granted.size(), 1u);
  EXPECT_EQ(grants->granted[0].id, kContainer);
  const auto token = Keys().VerifyContainer(grants->granted[0].container_token);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(*token, answer.granted[0].token);
  EXPECT_EQ(*Keys().VerifyNm(grants->granted[0].nm_token), answer.granted[0].nm_token);
}

TEST(MasterCodec, TooManyAsksAreRefused) {
  AllocateRequest request;
  request.asks.resize(limits::kAsksPerAllocate + 1);
  EXPECT_EQ(FromWire(ToWire(request)).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir::wire
