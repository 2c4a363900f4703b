// The DataStream API: a program describes its job as a graph of operators over typed streams.
//
//   #include "stream/api/data_stream.h"
//   #include "stream/api/job_library.h"
//
//   WEIR_STREAM_JOB(env, arguments) {
//     env.SetName("word count");
//     env.ReadTextFiles({arguments.at(0)})
//         .FlatMap<std::string_view>([](std::string_view line, Collector<std::string_view>& out) {
//           /* out.Collect(word) for each word */ })
//         .Map([](std::string_view word) { return std::pair(word, int64_t{1}); })
//         .KeyBy([](const auto& count) { return count.first; })
//         .Sum()
//         .WriteTextFiles(arguments.at(1));
//   }
//
// The program runs wherever the job's graph is needed (client, every TaskManager), with the same
// arguments, and must build the same graph each time: no clock, no randomness, no look at files.
// Functions given to operators are copied into every task: they must not refer to the program's
// local variables. Each copy is used by one thread. Paths are absolute.
//
// Operators that follow each other one to one run in one thread without serialisation (chaining:
// stream/graph/job_graph.h). An exception thrown while the graph is built or while records flow
// becomes the failure of the job. Faults like parallelism 0 are reported when the graph is checked.
//
// Single-threaded. A DataStream is a small handle; the StreamEnvironment must outlive it.
#ifndef WEIR_STREAM_API_DATA_STREAM_H_
#define WEIR_STREAM_API_DATA_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "stream/api/operators.h"
#include "stream/api/serializer.h"
#include "stream/api/task_context.h"
#include "stream/graph/kinds.h"

namespace weir::stream {

// One operator of a program, with the functions that make its parts for a task. Part of the ABI.
struct OperatorSpec {
  struct Input {
    size_t from = 0;            // index of the operator
    bool repartitions = false;  // false: forward, if both have the same parallelism
    Partitioning partitioning = Partitioning::kRebalance;
    std::function<std::unique_ptr<OperatorInstance>(TaskContext&, EdgeOutput&)> make_writer;
  };
  static constexpr int32_t kDefaultParallelism = -1;

  std::string name;
  int32_t parallelism = kDefaultParallelism;
  std::vector<Input> inputs;
  SourceKind source = SourceKind::kNone;
  std::vector<std::string> source_paths;
  SinkKind sink = SinkKind::kNone;
  std::string sink_path;
  // `out` is the Collector of this operator's output; null for a sink.
  std::function<std::unique_ptr<OperatorInstance>(TaskContext&, void* out)> make;
  std::function<std::unique_ptr<RecordDecoder>(TaskContext&, void* collector)> make_decoder;
  std::function<std::unique_ptr<OperatorInstance>(const std::vector<void*>&)> make_fan_out;
};

template <typename T>
class DataStream;

// Whole numbers wrap around: signed overflow would be undefined.
template <typename Number>
void AddTo(Number& sum, const Number& value) {
  if constexpr (std::is_integral_v<Number> && !std::is_same_v<Number, bool>) {
    using Unsigned = std::make_unsigned_t<Number>;
    sum = static_cast<Number>(static_cast<Unsigned>(sum) + static_cast<Unsigned>(value));
  } else {
    sum = static_cast<Number>(sum + value);
  }
}

class StreamEnvironment {
 public:
  // The parallelism that the user asked for; a program may set its own.
  explicit StreamEnvironment(int32_t parallelism) : parallelism_(parallelism) {}
  StreamEnvironment(const StreamEnvironment&) = delete;
  StreamEnvironment& operator=(const StreamEnvironment&) = delete;

  void SetName(std::string name) { name_ = std::move(name); }
  const std::string& name() const { return name_; }
  void SetParallelism(int32_t parallelism) { parallelism_ = parallelism; }
  int32_t parallelism() const { return parallelism_; }

  // Lines of files, and of the files in directories (not below them; hidden ones left out). A line
  // ends with \n or \r\n, or with the file; a view of it is valid while the record flows.
  DataStream<std::string_view> ReadTextFiles(std::vector<std::string> paths);
  // The numbers first, first + 1, ..., last.
  DataStream<int64_t> FromSequence(int64_t first, int64_t last);

  size_t Add(OperatorSpec spec) {
    operators_.push_back(std::move(spec));
    return operators_.size() - 1;
  }
  OperatorSpec& at(size_t index) { return operators_[index]; }
  const std::vector<OperatorSpec>& operators() const { return operators_; }

 private:
  std::string name_ = "stream job";
  int32_t parallelism_;
  std::vector<OperatorSpec> operators_;
};

// What SetParallelism() and Name() act on: the last operator.
template <typename Derived>
class OperatorHandle {
 public:
  OperatorHandle(StreamEnvironment& env, size_t index) : env_(&env), index_(index) {}
  Derived SetParallelism(int32_t parallelism) const {
    env_->at(index_).parallelism = parallelism;
    return static_cast<const Derived&>(*this);
  }
  Derived Name(std::string name) const {
    env_->at(index_).name = std::move(name);
    return static_cast<const Derived&>(*this);
  }

 protected:
  StreamEnvironment* env_;
  size_t index_;
};

class StreamSink : public OperatorHandle<StreamSink> {
 public:
  using OperatorHandle::OperatorHandle;
};

template <typename T, typename KeyFn>
class KeyedStream {
 public:
  KeyedStream(StreamEnvironment& env, size_t index, KeyFn key)
      : env_(&env), index_(index), key_(std::move(key)) {}

  // One value per key from all its records. fn(const Owned<T>& sum, const T& value) returns the new
  // sum, or fn(Owned<T>& sum, const T& value) changes it; it must not depend on the order of
  // records from different tasks. The input is bounded: by default each key's value is emitted once
  // at its end.
  template <typename Fn>
  DataStream<Owned<T>> Reduce(Fn fn, ReduceMode mode = ReduceMode::kAtEnd) const;

  // Reduce by addition: of the record itself, of a pair's second, or of a member. Whole numbers
  // that grow too large wrap around, as in Java.
  DataStream<Owned<T>> Sum(ReduceMode mode = ReduceMode::kAtEnd) const {
    if constexpr (std::is_arithmetic_v<T>) {
      return Reduce([](T& sum, const T& value) { AddTo(sum, value); }, mode).Name("sum");
    } else {
      return Reduce([](Owned<T>& sum, const T& value) { AddTo(sum.second, value.second); }, mode)
          .Name("sum");
    }
  }
  template <typename Record, typename Number>
  DataStream<Owned<T>> Sum(Number Record::*member, ReduceMode mode = ReduceMode::kAtEnd) const {
    return Reduce([member](T& sum, const T& value) { AddTo(sum.*member, value.*member); }, mode)
        .Name("sum");
  }

 private:
  StreamEnvironment* env_;
  size_t index_;
  KeyFn key_;
};

template <typename T>
class DataStream : public OperatorHandle<DataStream<T>> {
 public:
  using Base = OperatorHandle<DataStream<T>>;
  using Base::Base;

  // fn(const T&) -> Out
  template <typename Fn>
  auto Map(Fn fn) const {
    using Out = std::decay_t<std::invoke_result_t<Fn&, const T&>>;
    OperatorSpec spec = SpecFor<Out>("map");
    spec.make = [fn](TaskContext&, void* out) -> std::unique_ptr<OperatorInstance> {
      return std::make_unique<MapInstance<T, Out, Fn>>(fn, out);
    };
    return Append<Out>(std::move(spec));
  }

  // fn(const T&, Collector<Out>&)
  template <typename Out, typename Fn>
  DataStream<Out> FlatMap(Fn fn) const {
    OperatorSpec spec = SpecFor<Out>("flat_map");
    spec.make = [fn](TaskContext&, void* out) -> std::unique_ptr<OperatorInstance> {
      return std::make_unique<FlatMapInstance<T, Out, Fn>>(fn, out);
    };
    return Append<Out>(std::move(spec));
  }

  // fn(const T&) -> bool: keeps what it is true for.
  template <typename Fn>
  DataStream<T> Filter(Fn fn) const {
    OperatorSpec spec = SpecFor<T>("filter");
    spec.make = [fn](TaskContext&, void* out) -> std::unique_ptr<OperatorInstance> {
      return std::make_unique<FilterInstance<T, Fn>>(fn, out);
    };
    return Append<T>(std::move(spec));
  }

  // The records of both, in no particular order.
  DataStream<T> Union(const DataStream<T>& other) const {
    auto same = [](const T& value) -> const T& { return value; };
    OperatorSpec spec = SpecFor<T>("union");
    spec.inputs.push_back(other.ForwardInput());
    spec.make = [same](TaskContext&, void* out) -> std::unique_ptr<OperatorInstance> {
      return std::make_unique<MapInstance<T, T, decltype(same)>>(same, out);
    };
    return Append<T>(std::move(spec));
  }

  // fn(const T&) -> key: records with equal keys go to the same task of the next operator.
  template <typename KeyFn>
  KeyedStream<T, KeyFn> KeyBy(KeyFn key) const {
    return KeyedStream<T, KeyFn>(*this->env_, this->index_, std::move(key));
  }

  // The next operator takes the records round robin, whatever its parallelism.
  DataStream<T> Rebalance() const {
    DataStream<T> out(*this);
    out.rebalance_ = true;
    return out;
  }

  // Files part-00000, part-00001, ... in `directory`, visible when the job has succeeded. format:
  // fn(const T&, std::string& line) appends, or fn(const T&) returns the line.
  template <typename Format = DefaultFormat>
  StreamSink WriteTextFiles(std::string directory, Format format = {}) const {
    OperatorSpec spec = SpecFor<T>("sink: text");
    spec.sink = SinkKind::kTextFiles;
    spec.sink_path = std::move(directory);
    return AppendSink(std::move(spec), format);
  }

  // Lines on the standard output of the TaskManagers, "2> line" when there are several tasks.
  template <typename Format = DefaultFormat>
  StreamSink Print(Format format = {}) const {
    OperatorSpec spec = SpecFor<T>("sink: print");
    spec.sink = SinkKind::kPrint;
    return AppendSink(std::move(spec), format);
  }

  OperatorSpec::Input ForwardInput() const {
    OperatorSpec::Input input;
    input.from = this->index_;
    input.repartitions = rebalance_;
    input.make_writer = [](TaskContext& context,
                           EdgeOutput& edge) -> std::unique_ptr<OperatorInstance> {
      return std::make_unique<RoundRobinWriter<T>>(edge, context.subtask());
    };
    return input;
  }

 private:
  // An operator from T to Out behind this stream.
  template <typename Out>
  OperatorSpec SpecFor(const char* name) const {
    OperatorSpec spec;
    spec.name = name;
    spec.inputs.push_back(ForwardInput());
    spec.make_decoder = [](TaskContext& context,
                           void* collector) -> std::unique_ptr<RecordDecoder> {
      return std::make_unique<TypedDecoder<T>>(context, collector);
    };
    spec.make_fan_out = [](const std::vector<void*>& outs) -> std::unique_ptr<OperatorInstance> {
      return std::make_unique<FanOutInstance<Out>>(outs);
    };
    return spec;
  }
  template <typename Out>
  DataStream<Out> Append(OperatorSpec spec) const {
    return DataStream<Out>(*this->env_, this->env_->Add(std::move(spec)));
  }
  template <typename Format>
  StreamSink AppendSink(OperatorSpec spec, Format format) const {
    spec.make = [format](TaskContext& context, void*) -> std::unique_ptr<OperatorInstance> {
      return std::make_unique<LineSinkInstance<T, Format>>(context, format);
    };
    return StreamSink(*this->env_, this->env_->Add(std::move(spec)));
  }

  bool rebalance_ = false;
};

template <typename T, typename KeyFn>
template <typename Fn>
DataStream<Owned<T>> KeyedStream<T, KeyFn>::Reduce(Fn fn, ReduceMode mode) const {
  OperatorSpec spec;
  spec.name = "reduce";
  OperatorSpec::Input input;
  input.from = index_;
  input.repartitions = true;
  input.partitioning = Partitioning::kHash;
  input.make_writer = [key = key_](TaskContext&,
                                   EdgeOutput& edge) -> std::unique_ptr<OperatorInstance> {
    return std::make_unique<HashWriter<T, KeyFn>>(edge, key);
  };
  spec.inputs.push_back(std::move(input));
  spec.make_decoder = [](TaskContext& context, void* collector) -> std::unique_ptr<RecordDecoder> {
    return std::make_unique<TypedDecoder<T>>(context, collector);
  };
  spec.make = [key = key_, fn, mode](TaskContext& context,
                                     void* out) -> std::unique_ptr<OperatorInstance> {
    return std::make_unique<ReduceInstance<T, KeyFn, Fn>>(context, key, fn, mode, out);
  };
  spec.make_fan_out = [](const std::vector<void*>& outs) -> std::unique_ptr<OperatorInstance> {
    return std::make_unique<FanOutInstance<Owned<T>>>(outs);
  };
  return DataStream<Owned<T>>(*env_, env_->Add(std::move(spec)));
}

inline DataStream<std::string_view> StreamEnvironment::ReadTextFiles(
    std::vector<std::string> paths) {
  OperatorSpec spec;
  spec.name = "source: text";
  spec.source = SourceKind::kTextFiles;
  spec.source_paths = std::move(paths);
  spec.make = [](TaskContext& context, void* out) -> std::unique_ptr<OperatorInstance> {
    return std::make_unique<TextSourceInstance>(context, out);
  };
  spec.make_fan_out = [](const std::vector<void*>& outs) -> std::unique_ptr<OperatorInstance> {
    return std::make_unique<FanOutInstance<std::string_view>>(outs);
  };
  return DataStream<std::string_view>(*this, Add(std::move(spec)));
}

inline DataStream<int64_t> StreamEnvironment::FromSequence(int64_t first, int64_t last) {
  OperatorSpec spec;
  spec.name = "source: sequence";
  spec.source = SourceKind::kSequence;
  spec.make = [first, last](TaskContext& context, void* out) -> std::unique_ptr<OperatorInstance> {
    return std::make_unique<SequenceSourceInstance>(context, first, last, out);
  };
  spec.make_fan_out = [](const std::vector<void*>& outs) -> std::unique_ptr<OperatorInstance> {
    return std::make_unique<FanOutInstance<int64_t>>(outs);
  };
  return DataStream<int64_t>(*this, Add(std::move(spec)));
}

}  // namespace weir::stream

#endif  // WEIR_STREAM_API_DATA_STREAM_H_
