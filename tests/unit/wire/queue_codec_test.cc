// Every value is set to something of its own; what comes back is put on the wire again and must be
// the same there, field by field, as the generated structs compare.
#include "wire/queue_codec.h"

#include <gtest/gtest.h>

namespace weir::wire {
namespace {

// Numbers that differ from each other and from every default.
class Distinct {
 public:
  double Number() { return static_cast<double>(++last_) + 0.5; }
  int32_t Count() { return ++last_; }
  std::string Text() { return "text-" + std::to_string(++last_); }
  Resource Amount() {
    Resource amount{++last_, ++last_};
    amount.SetNamed("yarn.io/gpu", ++last_);
    return amount;
  }

 private:
  int32_t last_ = 100;
};

QueuePartitionReport MakePartition(Distinct& next) {
  return {.label = next.Text(),
          .capacity = next.Number(),
          .maximum_capacity = next.Number(),
          .absolute_capacity = next.Number(),
          .absolute_maximum_capacity = next.Number(),
          .used_capacity = next.Number(),
          .absolute_used_capacity = next.Number(),
          .weight = next.Number(),
          .normalized_weight = next.Number(),
          .guaranteed = next.Amount(),
          .maximum = next.Amount(),
          .used = next.Amount(),
          .reserved = next.Amount(),
          .pending = next.Amount(),
          .am_limit = next.Amount(),
          .am_used = next.Amount(),
          .user_limit = next.Amount()};
}

QueueUserReport MakeUser(Distinct& next) {
  return {.name = next.Text(),
          .weight = next.Number(),
          .active = true,
          .pending_applications = next.Count(),
          .active_applications = next.Count(),
          .used = next.Amount(),
          .am_used = next.Amount(),
          .user_limit = next.Amount(),
          .memory_seconds = next.Count(),
          .vcore_seconds = next.Count()};
}

QueueReport MakeQueue() {
  Distinct next;
  return {.path = next.Text(),
          .name = next.Text(),
          .leaf = false,
          .dynamic = true,
          .state = next.Text(),
          .ordering_policy = next.Text(),
          .priority = next.Count(),
          .pending_applications = next.Count(),
          .active_applications = next.Count(),
          .maximum_applications = next.Count(),
          .maximum_applications_per_user = next.Count(),
          .maximum_parallel_applications = next.Count(),
          .containers = next.Count(),
          .pending_containers = next.Count(),
          .reserved_containers = next.Count(),
          .minimum_user_limit_percent = next.Number(),
          .user_limit_factor = next.Number(),
          .preemption_disabled = true,
          .intra_queue_preemption_disabled = true,
          .default_label = next.Text(),
          .labels = {next.Text(), next.Text()},
          .maximum_allocation = next.Amount(),
          .partitions = {MakePartition(next), MakePartition(next)},
          .users = {MakeUser(next)},
          .memory_seconds = next.Count(),
          .vcore_seconds = next.Count()};
}

Explanation MakeExplanation() {
  Distinct next;
  ExplainedAsk ask{.request_id = next.Count(),
                   .priority = next.Count(),
                   .count = next.Count(),
                   .resource = next.Amount(),
                   .label = next.Text(),
                   .reason = PendingReason::kSpread,
                   .detail = next.Text(),
                   .unblock = next.Text(),
                   .refused = {{next.Text(), next.Count()}, {next.Text(), next.Count()}}};
  return {.application = {1700000000000, 7},
          .queue = next.Text(),
          .user = next.Text(),
          .state = ApplicationState::kAccepted,
          .reason = PendingReason::kWorkersMissing,
          .detail = next.Text(),
          .unblock = next.Text(),
          .applications_ahead = next.Count(),
          .limits = {{next.Text(), next.Amount(), next.Amount(), true}},
          .asks = {ask},
          .asks_left_out = next.Count()};
}

QueuePlan MakePlan() {
  Distinct next;
  return {
      .faults = {next.Text(), next.Text()},
      .changes = {{next.Text(), next.Text(), next.Text(), next.Text()}},
      .effects = {{PlannedEffect::Kind::kOrphaned, {1700000000000, 8}, next.Text(), next.Text()}},
      .base_version = next.Count()};
}

TEST(QueueCodec, EveryFieldOfAQueueSurvivesTheWire) {
  const QueueReport report = MakeQueue();
  const idl::QueueReport wire = ToWire(report);
  const auto received = FromWire(wire);
  ASSERT_TRUE(received.ok()) << received.error().ToString();
  EXPECT_TRUE(ToWire(*received) == wire);
  EXPECT_EQ(received->path, report.path);
  EXPECT_FALSE(received->leaf);
  EXPECT_EQ(received->labels, report.labels);
  EXPECT_EQ(received->partitions[1].user_limit, report.partitions[1].user_limit);
  EXPECT_EQ(received->users[0].vcore_seconds, report.users[0].vcore_seconds);
}

TEST(QueueCodec, EveryFieldOfAnExplanationSurvivesTheWire) {
  const Explanation explanation = MakeExplanation();
  idl::Explanation wire = ToWire(explanation);
  const auto received = FromWire(wire);
  ASSERT_TRUE(received.ok()) << received.error().ToString();
  EXPECT_TRUE(ToWire(*received) == wire);
  EXPECT_EQ(received->reason, PendingReason::kWorkersMissing);
  EXPECT_EQ(received->limits[0].limit, explanation.limits[0].limit);
  EXPECT_EQ(received->asks[0].refused[1].cause, explanation.asks[0].refused[1].cause);

  wire.__set_reason(99);
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
  wire = ToWire(explanation);
  wire.asks[0].__set_reason(-1);
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
  wire = ToWire(explanation);
  wire.__set_application_id("application_x");
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
}

TEST(QueueCodec, EveryFieldOfAPlanSurvivesTheWire) {
  const QueuePlan plan = MakePlan();
  idl::QueuePlan wire = ToWire(plan);
  const auto received = FromWire(wire);
  ASSERT_TRUE(received.ok()) << received.error().ToString();
  EXPECT_TRUE(ToWire(*received) == wire);
  EXPECT_EQ(received->faults, plan.faults);
  EXPECT_EQ(received->changes[0].after, plan.changes[0].after);
  EXPECT_EQ(received->effects[0].kind, PlannedEffect::Kind::kOrphaned);

  wire.effects[0].__set_kind(6);
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
}

TEST(QueueCodec, VersionsAndLabelsSurviveTheWire) {
  const QueueConfigurationVersion version{.version = 3,
                                          .applied = WallFromMillis(1234),
                                          .by = "ada",
                                          .origin = "apply",
                                          .sha256 = "ab"};
  EXPECT_TRUE(ToWire(FromWire(ToWire(version))) == ToWire(version));
  EXPECT_EQ(FromWire(ToWire(version)).applied, version.applied);

  const LabelReport label{.name = "gpu",
                          .exclusive = false,
                          .nodes = 4,
                          .total = {8, 9, {{"yarn.io/gpu", 2}}},
                          .used = {1, 2}};
  const auto received = FromWire(ToWire(label));
  ASSERT_TRUE(received.ok());
  EXPECT_TRUE(ToWire(*received) == ToWire(label));
  EXPECT_FALSE(received->exclusive);
}

}  // namespace
}  // namespace weir::wire
