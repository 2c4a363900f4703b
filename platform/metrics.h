// Metrics: the numbers a daemon shows at /metrics, in Prometheus's text format.
//
// Names begin with "weir_" and end in their unit (_total, _seconds, _bytes, or a plural for
// counts of things). A counter only grows; a gauge is set; a histogram counts observations in
// buckets. The same name and labels give the same metric again. Labels have few values: a queue, a
// state, never an id.
//
// Thread-safe. Owner: the daemon; the metrics live as long as it.
#ifndef WEIR_PLATFORM_METRICS_H_
#define WEIR_PLATFORM_METRICS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace weir::platform {

class Counter {
 public:
  explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
  void Add(double amount = 1);  // Requires: not negative

 private:
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  void Set(double value);
  void Add(double amount);

 private:
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
  void Observe(double value);

 private:
  prometheus::Histogram* histogram_;
};

class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The handles are small values to keep. Requires: a name of [a-z0-9_] that begins with "weir_",
  // used for one kind only.
  Counter AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds`: upper ends of the buckets, growing.
  Histogram AddHistogram(const std::string& name,
                         const std::string& help,
                         const std::vector<double>& bounds,
                         const Labels& labels = {});
  // From 100 us to 10 s, for latencies.
  static std::vector<double> LatencyBounds();

  // The whole text, and its content type.
  std::string Exposition() const;
  static constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_METRICS_H_
