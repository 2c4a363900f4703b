#include "stream/runtime/task.h"

#include <pthread.h>

#include <atomic>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "stream/runtime/channel_edge.h"
#include "stream/runtime/task_wiring.h"

namespace weir::stream {
namespace {

using platform::MutexLock;

constexpr Duration kFlushInterval = milliseconds(100);

const JobVertex& VertexOf(const TaskSpec& spec) {
  return spec.program->graph.vertices[static_cast<size_t>(spec.vertex)];
}

}  // namespace

// The context that operators see, and the thread around it.
class Task::State final : public TaskContext {
 public:
  State(TaskSpec spec, const TaskEnvironment& environment, Listener listener)
      : TaskContext(spec.subtask, VertexOf(spec).parallelism),
        spec_(std::move(spec)),
        environment_(environment),
        listener_(std::move(listener)) {}
  ~State() override {
    Cancel();
    if (thread_.joinable()) thread_.join();
  }

  void Start() {
    thread_ = std::thread([this] {
      pthread_setname_np(
          pthread_self(),
          ("task-" + std::to_string(spec_.vertex) + "-" + std::to_string(spec_.subtask))
              .substr(0, 15)
              .c_str());
      Run();
    });
  }
  void Cancel() {
    canceled_ = true;
    Stop("");
  }
  const TaskSpec& spec() const { return spec_; }

  LineSource& line_source() override {
    if (source_ == nullptr) source_ = std::make_unique<TextFileSource>(*this, spec_.splits);
    return *source_;
  }
  LineSink& line_sink() override;
  void Fail(std::string_view cause) override;
  void FlushIfDue() override {
    const Instant now = platform::MonotonicNow();
    if (now - last_flush_ < kFlushInterval) return;
    last_flush_ = now;
    FlushAll();
  }

 private:
  // Drops whatever an operator whose sink could not be opened writes.
  class NoSink final : public LineSink {
   public:
    void Append(std::string_view) override {}
  };

  void Run();
  // Makes the chain and runs it to the end of its input; what the program throws passes through.
  void RunChain();
  void ReadInput(TaskChain& chain);
  bool DecodeItem(TaskChain& chain, InputGate::Item& item);
  void FlushAll();
  // Wakes every wait of the task.
  void Stop(const std::string& cause);
  TaskOutcome End();
  std::string failure() const {
    MutexLock lock(mutex_);
    return failure_;
  }

  const TaskSpec spec_;
  const TaskEnvironment environment_;
  const Listener listener_;
  std::atomic<bool> canceled_{false};
  mutable platform::Mutex mutex_;
  bool failed_ WEIR_GUARDED_BY(mutex_) = false;
  std::string failure_ WEIR_GUARDED_BY(mutex_);

  // The task's thread only.
  Instant last_flush_;
  std::vector<std::unique_ptr<ChannelEdge>> edges_;
  std::unique_ptr<TextFileSource> source_;
  std::unique_ptr<ClosableSink> sink_;
  NoSink no_sink_;
  std::optional<PendingFile> output_;
  std::vector<std::string> partial_;  // by input channel: the pieces of a large record

  std::thread thread_;
};

LineSink& Task::State::line_sink() {
  if (sink_ != nullptr) return *sink_;
  const JobVertex& vertex = VertexOf(spec_);
  if (vertex.sink == SinkKind::kPrint) {
    sink_ = std::make_unique<PrintSink>(environment_.print, *this);
    return *sink_;
  }
  auto opened = TextFileSink::Open(environment_.files,
                                   *this,
                                   {.directory = vertex.sink_path,
                                    .job = spec_.job,
                                    .execution = spec_.execution,
                                    .subtask = spec_.subtask});
  if (!opened.ok()) {
    Fail(opened.error().ToString());
    return no_sink_;
  }
  output_ = (*opened)->pending();
  sink_ = std::move(opened).value();
  return *sink_;
}

void Task::State::Fail(std::string_view cause) {
  {
    MutexLock lock(mutex_);
    if (!failed_) {
      failed_ = true;
      failure_ = CutMiddle(std::string(cause), limits::kDiagnosticsBytes);
    }
  }
  stopped_ = true;
}

void Task::State::Stop(const std::string& cause) {
  stopped_ = true;
  if (spec_.input != nullptr) spec_.input->Stop(cause);
  for (const auto& edge : spec_.outputs) {
    for (const auto& channel : edge) channel->Stop();
  }
}

void Task::State::FlushAll() {
  for (const auto& edge : edges_) edge->Flush();
  if (sink_ != nullptr) sink_->Flush();
}

void Task::State::Run() {
  try {
    RunChain();
  } catch (const std::exception& exception) {
    Fail(TaskLabel(spec_.program->graph, spec_.vertex, spec_.subtask) +
         " threw: " + exception.what());
  } catch (...) {  // a program may throw anything; it becomes the cause
    Fail(TaskLabel(spec_.program->graph, spec_.vertex, spec_.subtask) +
         " threw something that is not a std::exception");
  }
  listener_.on_ended(End());
}

void Task::State::RunChain() {
  std::vector<EdgeOutput*> outputs;
  for (const auto& channels : spec_.outputs) {
    edges_.push_back(std::make_unique<ChannelEdge>(*this, channels));
    outputs.push_back(edges_.back().get());
  }
  last_flush_ = platform::MonotonicNow();
  TaskChain chain(*spec_.program, spec_.vertex, *this, outputs);
  if (stopped()) return;
  listener_.on_running();
  if (spec_.input == nullptr) {
    chain.Run();
  } else {
    ReadInput(chain);
  }
  if (stopped()) return;
  chain.Finish();
  // A result is complete before anyone hears that the input has ended.
  if (sink_ != nullptr && !stopped()) {
    const Status closed = sink_->Close();
    if (!closed.ok()) Fail(closed.error().ToString());
  }
  for (const auto& edge : edges_) edge->End();
}

void Task::State::ReadInput(TaskChain& chain) {
  InputGate& gate = *spec_.input;
  partial_.resize(gate.channels());
  while (!stopped()) {
    InputGate::Item item;
    InputGate::Outcome outcome = gate.TryTake(item);
    if (outcome == InputGate::Outcome::kNothingYet) {
      FlushAll();
      outcome = gate.Take(item);
    }
    switch (outcome) {
      case InputGate::Outcome::kBuffer:
        if (!DecodeItem(chain, item)) return;
        break;
      case InputGate::Outcome::kFailed:
        Fail(gate.failure());
        return;
      case InputGate::Outcome::kEndOfInput:
      case InputGate::Outcome::kStopped:
      case InputGate::Outcome::kNothingYet:
        return;
    }
  }
}

bool Task::State::DecodeItem(TaskChain& chain, InputGate::Item& item) {
  std::string& partial = partial_[item.channel];
  std::string_view bytes = item.buffer.bytes.view();
  RecordCounters::Add(counters().bytes_in, static_cast<int64_t>(bytes.size()));
  if (item.buffer.continues || !partial.empty()) {
    partial += bytes;
    if (partial.size() > kRecordBytesMax) {
      Fail("a record from " + spec_.input->source(item.channel).label + " has more than " +
           std::to_string(kRecordBytesMax) + " bytes");
      return false;
    }
    if (item.buffer.continues) return true;
    bytes = partial;
  }
  const int64_t records = chain.Decode(bytes);
  if (records < 0) {
    Fail("records from " + spec_.input->source(item.channel).label +
         " do not decode: check the Serialize() functions of the job's types");
    return false;
  }
  RecordCounters::Add(counters().records_in, records);
  partial.clear();
  return true;
}

TaskOutcome Task::State::End() {
  TaskOutcome outcome;
  edges_.clear();
  const std::string cause = failure();
  if (canceled_) {
    outcome.end = TaskEnd::kCanceled;
  } else if (!cause.empty() || stopped()) {
    outcome.end = TaskEnd::kFailed;
    outcome.failure = cause;
  }
  if (outcome.end == TaskEnd::kFinished) {
    outcome.output = output_;
    return outcome;
  }
  if (sink_ != nullptr) sink_->Abandon();
  // A job is canceled as a whole: its other tasks hear of it from the JobManager. A failure is told
  // to the neighbours, so that they end with the cause even if the JobManager is slow.
  if (outcome.end == TaskEnd::kCanceled) return outcome;
  const std::string told =
      "task " + TaskLabel(spec_.program->graph, spec_.vertex, spec_.subtask) + " failed: " + cause;
  for (const auto& edge : spec_.outputs) {
    for (const auto& channel : edge) channel->Abort(told);
  }
  Stop(told);
  return outcome;
}

Task::Task(TaskSpec spec, const TaskEnvironment& environment, Listener listener)
    : state_(std::make_unique<State>(std::move(spec), environment, std::move(listener))) {}

Task::~Task() = default;

void Task::Start() {
  state_->Start();
}

void Task::Cancel() {
  state_->Cancel();
}

const RecordCounters& Task::counters() const {
  return state_->counters();
}

const TaskSpec& Task::spec() const {
  return state_->spec();
}

}  // namespace weir::stream
