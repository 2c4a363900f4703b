#include "platform/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::platform {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, ShowsCountersGaugesAndHistograms) {
  Metrics metrics;
  Counter granted = metrics.AddCounter("weir_granted_total", "Granted.", {{"queue", "a"}});
  granted.Add();
  granted.Add(2);
  Gauge nodes = metrics.AddGauge("weir_nodes", "Nodes.");
  nodes.Set(5);
  nodes.Add(-1);
  Histogram latency = metrics.AddHistogram("weir_allocate_seconds", "Latency.", {0.1, 1});
  latency.Observe(0.05);
  latency.Observe(0.5);
  latency.Observe(7);
  const std::string text = metrics.Exposition();
  for (const char* line : {"# TYPE weir_granted_total counter",
                           "weir_granted_total{queue=\"a\"} 3",
                           "weir_nodes 4",
                           "weir_allocate_seconds_bucket{le=\"0.1\"} 1",
                           "weir_allocate_seconds_bucket{le=\"1\"} 2",
                           "weir_allocate_seconds_bucket{le=\"+Inf\"} 3",
                           "weir_allocate_seconds_count 3"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, GivesTheSameMetricForTheSameNameAndLabels) {
  Metrics metrics;
  for (int i = 0; i < 3; ++i) metrics.AddCounter("weir_x_total", "X.", {{"a", "b"}}).Add();
  metrics.AddCounter("weir_x_total", "X.", {{"a", "c"}}).Add();
  EXPECT_THAT(metrics.Exposition(), HasSubstr("weir_x_total{a=\"b\"} 3"));
  EXPECT_THAT(metrics.Exposition(), HasSubstr("weir_x_total{a=\"c\"} 1"));
}

TEST(MetricsDeathTest, RefusesANameThatIsNotOurs) {
  EXPECT_DEATH(Metrics().AddGauge("nodes", "Nodes."), "weir_");
  EXPECT_DEATH(
      {
        Metrics metrics;
        metrics.AddGauge("weir_x", "X.");
        metrics.AddCounter("weir_x", "X.");
      },
      "one kind");
}

}  // namespace
}  // namespace weir::platform
