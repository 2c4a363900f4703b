// What a running operator sees of its task: the interface between a job library and the process
// that runs it. Everything here is part of the ABI that WEIR_STREAM_ABI names (job_library.h).
//
// Terms: an *edge output* is one outgoing edge of a task, with a buffer per task at its other end.
// Owner: the task; operators hold references. Single-threaded: the task's thread, but Stop().
#ifndef WEIR_STREAM_API_TASK_CONTEXT_H_
#define WEIR_STREAM_API_TASK_CONTEXT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "stream/api/bytes.h"

namespace weir::stream {

inline constexpr size_t kBufferBytes = 32u << 10;

// Takes records one by one. A value is valid during the call only.
template <typename T>
class Collector {
 public:
  virtual ~Collector() = default;
  virtual void Collect(const T& value) = 0;
};

// Lines of the files that a source task was given.
class LineSource {
 public:
  virtual ~LineSource() = default;
  // False at the end of the input, and when the task was stopped. The line is valid until the next
  // call; it has no end-of-line characters.
  virtual bool Next(std::string_view& line) = 0;
};

// Where a sink task's lines go.
class LineSink {
 public:
  virtual ~LineSink() = default;
  // Adds "\n". After a failure the task is stopped and lines are dropped.
  virtual void Append(std::string_view line) = 0;
};

// Published by the task's thread, read by any.
struct RecordCounters {
  std::atomic<int64_t> records_in{0};
  std::atomic<int64_t> records_out{0};
  std::atomic<int64_t> bytes_in{0};
  std::atomic<int64_t> bytes_out{0};

  // By the one thread that writes it: no locked instruction.
  static void Add(std::atomic<int64_t>& counter, int64_t amount) {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
};

class TaskContext {
 public:
  TaskContext(int32_t subtask, int32_t parallelism)
      : subtask_(subtask), parallelism_(parallelism) {}
  virtual ~TaskContext() = default;
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  int32_t subtask() const { return subtask_; }  // from 0
  int32_t parallelism() const { return parallelism_; }
  // True after a failure or a cancellation: what is collected from then on is dropped.
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  RecordCounters& counters() { return counters_; }
  const RecordCounters& counters() const { return counters_; }

  virtual LineSource& line_source() = 0;
  virtual LineSink& line_sink() = 0;
  // Fails the task with this cause; the first one counts.
  virtual void Fail(std::string_view cause) = 0;
  // For sources, between records: sends what has waited for long in half-filled buffers.
  virtual void FlushIfDue() = 0;

 protected:
  std::atomic<bool> stopped_{false};

 private:
  const int32_t subtask_;
  const int32_t parallelism_;
  RecordCounters counters_;
};

class EdgeOutput {
 public:
  explicit EdgeOutput(int32_t channels) {
    for (int32_t i = 0; i < channels; ++i) buffers_.emplace_back(kBufferBytes + kSlackBytes);
  }
  virtual ~EdgeOutput() = default;
  EdgeOutput(const EdgeOutput&) = delete;
  EdgeOutput& operator=(const EdgeOutput&) = delete;

  int32_t channels() const { return static_cast<int32_t>(buffers_.size()); }
  ByteWriter& buffer(int32_t channel) { return buffers_[static_cast<size_t>(channel)]; }
  // A record was appended to the buffer of `channel`, from `begin` to its end.
  void Appended(int32_t channel, size_t begin) {
    ++records_;
    if (buffer(channel).size() >= kBufferBytes) Overflow(channel, begin);
  }

 protected:
  // Sends what is whole and keeps the rest. May wait for the reader.
  virtual void Overflow(int32_t channel, size_t begin) = 0;

  static constexpr size_t kSlackBytes = 1024;  // so that most last records need no larger buffer
  std::vector<ByteWriter> buffers_;
  int64_t records_ = 0;  // not yet in the task's counters
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_API_TASK_CONTEXT_H_
