// Recorder: counts what happens in a run and makes the summary of it. Whole numbers only, so that
// the same run gives the same bytes.
//
// Terms: a *wait* is the time from an ApplicationMaster's ask for a container (or the submission,
// for the ApplicationMaster's own) until it hears of the grant. *Used* is what containers hold from
// their start on a node to their end. The *trace hash* covers every state change of the
// ResourceManager with its time.
// Single-threaded.
#ifndef WEIR_TESTS_SLS_RECORDER_H_
#define WEIR_TESTS_SLS_RECORDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/resource.h"
#include "common/time.h"
#include "tests/sls/json_writer.h"

namespace weir::sls {

// A quantity over time, for its mean.
class OverTime {
 public:
  void Change(int64_t by, Duration at);
  int64_t now() const { return value_; }
  int64_t peak() const { return peak_; }
  // Mean from `from` to `to` as a share of `whole`, in millionths, rounded down; 0 of nothing.
  int64_t MillionthsOf(int64_t whole, Duration from, Duration to) const;

 private:
  int64_t value_ = 0;
  int64_t peak_ = 0;
  Duration changed_{0};
  // Value x nanoseconds; 128 bits hold a cluster of 2^50 MiB for centuries.
  __extension__ __int128 sum_ = 0;
};

struct QueueFigures {
  int64_t submitted = 0;
  int64_t finished = 0;
  int64_t failed = 0;
  int64_t killed = 0;
  int64_t granted = 0;                // containers without ApplicationMasters
  int64_t completed = 0;              // of which ended well
  int64_t preempted = 0;              // ApplicationMasters included
  int64_t lost = 0;                   // ended otherwise before their time
  std::vector<int64_t> waits;         // microseconds
  std::vector<int64_t> master_waits;  // microseconds
  OverTime memory;
  OverTime vcores;
  OverTime containers;
};

enum class ContainerEnd { kCompleted, kPreempted, kLost };
enum class ApplicationEnd { kFinished, kFailed, kKilled };

// What the summary says besides the figures.
struct RunFacts {
  std::string trace;  // name of the file
  std::string format;
  uint64_t seed = 0;
  int64_t jobs = 0;
  int64_t tasks = 0;
  int64_t nodes = 0;
  Resource capacity;
  Duration begin{0};  // when the trace began
  Duration end{0};
  uint64_t events = 0;
  bool complete = false;               // every job was taken and came to its end
  std::vector<std::string> waiting{};  // of those that did not: the first few, and why
  std::vector<std::string> ignored_fields{};
};

class Recorder {
 public:
  // The figures of the leaf queue.
  QueueFigures& Queue(const std::string& path) { return queues_[path]; }

  void Submitted(const std::string& queue) { ++Queue(queue).submitted; }
  void Rejected(const std::string& queue, const std::string& message);
  // An ApplicationMaster was turned away for good.
  void Refused(const std::string& queue, const std::string& message) { refusals_[queue] = message; }
  void Ended(const std::string& queue, ApplicationEnd end);
  void Granted(const std::string& queue, Duration wait);
  void MasterGranted(const std::string& queue, Duration wait);
  void Started(const std::string& queue, const Resource& resource, Duration now);
  void Stopped(const std::string& queue, const Resource& resource, Duration now);
  void ContainerEnded(const std::string& queue, ContainerEnd end);

  // One state change.
  void Transition(Duration now,
                  std::string_view subject,
                  std::string_view from,
                  std::string_view event,
                  std::string_view to);
  // Containers now.
  int64_t running() const { return containers_.now(); }
  void Decision() { ++decisions_; }
  int64_t decisions() const { return decisions_; }
  int64_t rejected() const { return rejected_; }

  // The summary as JSON, ended by a line break.
  std::string Summary(const RunFacts& facts) const;

 private:
  struct Rejection {
    std::string message;  // the first one
    int64_t count = 0;
  };
  static constexpr size_t kRejectedQueuesKept = 20;

  void Mix(std::string_view text);
  QueueFigures Together() const;
  void WriteRejections(JsonWriter& json) const;

  std::map<std::string, QueueFigures> queues_;
  std::map<std::string, Rejection> rejections_;  // by queue as asked for
  std::map<std::string, std::string> refusals_;  // the last one, by queue
  OverTime memory_;
  OverTime vcores_;
  OverTime containers_;
  int64_t rejected_ = 0;
  int64_t decisions_ = 0;
  uint64_t hash_ = 0xcbf29ce484222325ULL;  // FNV-1a
};

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_RECORDER_H_
