// Task: one parallel instance of a vertex, on a thread of its own, from its deployment to its end.
//
// The thread makes the chain of operators, feeds it from its source or its InputGate, and sends
// what comes out to its channels. Everything the program throws, and every error of files and
// channels, becomes the cause of FAILED. Cancel() wakes every wait; code of the program that does
// not return keeps the task from ending, and then its destructor from returning.
//
// Owner: the TaskManager, which destroys it after OnEnded (the destructor joins the thread). The
// environment and everything in it outlives it. Start, Cancel and the queries are thread-safe.
#ifndef WEIR_STREAM_RUNTIME_TASK_H_
#define WEIR_STREAM_RUNTIME_TASK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/file_system.h"
#include "stream/api/program.h"
#include "stream/api/task_context.h"
#include "stream/runtime/channel.h"
#include "stream/runtime/text_file_sink.h"
#include "stream/runtime/text_file_source.h"

namespace weir::stream {

enum class TaskEnd { kFinished, kCanceled, kFailed };

struct TaskOutcome {
  TaskEnd end = TaskEnd::kFinished;
  std::string failure;                // for kFailed
  std::optional<PendingFile> output;  // for kFinished with a file sink: waits for the commit
};

struct TaskSpec {
  std::string job;
  std::string execution;
  int32_t vertex = 0;
  int32_t subtask = 0;
  std::shared_ptr<const JobProgram> program;
  std::vector<TextSplit> splits;     // for text sources
  std::shared_ptr<InputGate> input;  // null for sources
  // By outgoing edge of the vertex: its channels, by subtask of the reader (forward: one).
  std::vector<std::vector<std::shared_ptr<OutputChannel>>> outputs;
};

struct TaskEnvironment {
  platform::FileSystem& files;
  PrintTarget& print;
};

class Task {
 public:
  // Both are called on the task's thread; OnEnded is the last thing it does.
  struct Listener {
    std::function<void()> on_running;
    std::function<void(const TaskOutcome&)> on_ended;
  };

  Task(TaskSpec spec, const TaskEnvironment& environment, Listener listener);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  void Start();
  void Cancel();
  const RecordCounters& counters() const;
  const TaskSpec& spec() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_TASK_H_
