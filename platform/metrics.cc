#include "platform/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <string_view>

#include "common/check.h"
#include "platform/mutex.h"

namespace weir::platform {
namespace {

bool IsMetricName(std::string_view name) {
  return name.starts_with("weir_") &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

}  // namespace

void Counter::Add(double amount) {
  counter_->Increment(amount);
}
void Gauge::Set(double value) {
  gauge_->Set(value);
}
void Gauge::Add(double amount) {
  gauge_->Increment(amount);
}
void Histogram::Observe(double value) {
  histogram_->Observe(value);
}

struct Metrics::State {
  // The library throws on a name used for two kinds: that is our own mistake, caught here first.
  void Claim(const std::string& name, char kind) {
    WEIR_CHECK(IsMetricName(name), "metric name '" + name + "' is weir_ and [a-z0-9_]");
    MutexLock lock(mutex);
    const auto claimed = kinds.emplace(name, kind).first;
    WEIR_CHECK(claimed->second == kind, "metric " + name + " has one kind only");
  }

  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  Mutex mutex;
  std::map<std::string, char> kinds WEIR_GUARDED_BY(mutex);
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter Metrics::AddCounter(const std::string& name,
                            const std::string& help,
                            const Labels& labels) {
  state_->Claim(name, 'c');
  return Counter(
      prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry).Add(labels));
}

Gauge Metrics::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  state_->Claim(name, 'g');
  return Gauge(
      prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add(labels));
}

Histogram Metrics::AddHistogram(const std::string& name,
                                const std::string& help,
                                const std::vector<double>& bounds,
                                const Labels& labels) {
  state_->Claim(name, 'h');
  return Histogram(prometheus::BuildHistogram()
                       .Name(name)
                       .Help(help)
                       .Register(state_->registry)
                       .Add(labels, bounds));
}

std::vector<double> Metrics::LatencyBounds() {
  return {0.0001,
          0.00025,
          0.0005,
          0.001,
          0.0025,
          0.005,
          0.01,
          0.025,
          0.05,
          0.1,
          0.25,
          0.5,
          1,
          2.5,
          5,
          10};
}

std::string Metrics::Exposition() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace weir::platform
