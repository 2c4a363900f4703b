// The operators as they run: one object per operator and task, linked into a chain of direct calls.
//
// Types are erased where a chain is put together (OperatorInstance::collector() is a Collector<In>*
// behind void*); within a chain each record is one virtual call of its own type. Single-threaded:
// the task's thread.
#ifndef WEIR_STREAM_API_OPERATORS_H_
#define WEIR_STREAM_API_OPERATORS_H_

#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "stream/api/keyed_table.h"
#include "stream/api/serializer.h"
#include "stream/api/task_context.h"
#include "stream/graph/key_groups.h"

namespace weir::stream {

class OperatorInstance {
 public:
  virtual ~OperatorInstance() = default;
  // The Collector<In>* that feeds this operator; null for a source.
  virtual void* collector() { return nullptr; }
  // Sources: emits all records, returns at the end of the input or when stopped.
  virtual void Run() {}
  // The input has ended: emits what is left. Called from the head of the chain to its tail.
  virtual void Finish() {}
};

// The head of a chain that reads from other tasks: bytes of whole records in, calls out.
class RecordDecoder {
 public:
  virtual ~RecordDecoder() = default;
  // The number of records, or -1 when the bytes do not decode.
  virtual int64_t Decode(std::string_view bytes) = 0;
};

template <typename T>
class TypedDecoder final : public RecordDecoder {
 public:
  TypedDecoder(TaskContext& context, void* out)
      : context_(context), out_(*static_cast<Collector<T>*>(out)) {}
  int64_t Decode(std::string_view bytes) override {
    ByteReader in(bytes);
    int64_t records = 0;
    while (!in.AtEnd() && !context_.stopped()) {
      ReadRecord(in, value_);
      if (in.failed()) return -1;
      out_.Collect(value_);
      ++records;
    }
    return records;
  }

 private:
  TaskContext& context_;
  Collector<T>& out_;
  T value_{};
};

template <typename In, typename Fn>
class OperatorBase : public OperatorInstance, public Collector<In> {
 public:
  explicit OperatorBase(const Fn& fn) : fn_(fn) {}
  void* collector() final { return static_cast<Collector<In>*>(this); }

 protected:
  Fn fn_;
};

template <typename In, typename Out, typename Fn>
class MapInstance final : public OperatorBase<In, Fn> {
 public:
  MapInstance(const Fn& fn, void* out)
      : OperatorBase<In, Fn>(fn), out_(*static_cast<Collector<Out>*>(out)) {}
  void Collect(const In& value) override { out_.Collect(this->fn_(value)); }

 private:
  Collector<Out>& out_;
};

template <typename In, typename Out, typename Fn>
class FlatMapInstance final : public OperatorBase<In, Fn> {
 public:
  FlatMapInstance(const Fn& fn, void* out)
      : OperatorBase<In, Fn>(fn), out_(*static_cast<Collector<Out>*>(out)) {}
  void Collect(const In& value) override { this->fn_(value, out_); }

 private:
  Collector<Out>& out_;
};

template <typename In, typename Fn>
class FilterInstance final : public OperatorBase<In, Fn> {
 public:
  FilterInstance(const Fn& fn, void* out)
      : OperatorBase<In, Fn>(fn), out_(*static_cast<Collector<In>*>(out)) {}
  void Collect(const In& value) override {
    if (this->fn_(value)) out_.Collect(value);
  }

 private:
  Collector<In>& out_;
};

// When a reduce emits. At the end of its input (which must then be bounded): once per key, in the
// order in which the keys first came. Every update: after each record, as Flink's reduce.
enum class ReduceMode { kAtEnd, kEveryUpdate };

// fn(Owned<T>& sum, const T& value) changes the sum in place, or fn(const Owned<T>&, const T&)
// returns the new one.
template <typename T, typename KeyFn, typename Fn>
class ReduceInstance final : public OperatorInstance, public Collector<T> {
 public:
  using Key = std::decay_t<std::invoke_result_t<KeyFn&, const T&>>;

  ReduceInstance(TaskContext& context, const KeyFn& key, const Fn& fn, ReduceMode mode, void* out)
      : context_(context),
        key_(key),
        fn_(fn),
        mode_(mode),
        out_(*static_cast<Collector<Owned<T>>*>(out)) {}

  void* collector() override { return static_cast<Collector<T>*>(this); }

  void Collect(const T& value) override {
    const auto& key = key_(value);
    const auto [entry, is_new] =
        table_.FindOrInsert(hash_(key), static_cast<const Key&>(key), [&]() -> Owned<T> {
          return OwnedType<T>::From(value);
        });
    if (!is_new) Add(entry->value, value);
    if (mode_ == ReduceMode::kEveryUpdate) out_.Collect(entry->value);
  }

  void Finish() override {
    if (mode_ == ReduceMode::kEveryUpdate) return;
    for (const auto& entry : table_) {
      if (context_.stopped()) return;
      out_.Collect(entry.value);
    }
    table_.Clear();
  }

 private:
  void Add(Owned<T>& sum, const T& value) {
    if constexpr (std::is_void_v<std::invoke_result_t<Fn&, Owned<T>&, const T&>>) {
      fn_(sum, value);
    } else {
      sum = fn_(std::as_const(sum), value);
    }
  }

  TaskContext& context_;
  KeyFn key_;
  Fn fn_;
  const ReduceMode mode_;
  Collector<Owned<T>>& out_;
  KeyHasher<Key> hash_;
  KeyedTable<Owned<Key>, Owned<T>> table_;
};

class TextSourceInstance final : public OperatorInstance {
 public:
  TextSourceInstance(TaskContext& context, void* out)
      : context_(context), out_(*static_cast<Collector<std::string_view>*>(out)) {}
  void Run() override {
    LineSource& lines = context_.line_source();
    for (std::string_view line; lines.Next(line);) out_.Collect(line);
  }

 private:
  TaskContext& context_;
  Collector<std::string_view>& out_;
};

// The numbers first..last, each subtask a contiguous share.
class SequenceSourceInstance final : public OperatorInstance {
 public:
  SequenceSourceInstance(TaskContext& context, int64_t first, int64_t last, void* out)
      : context_(context),
        first_(first),
        last_(last),
        out_(*static_cast<Collector<int64_t>*>(out)) {}
  void Run() override {
    if (last_ < first_) return;
    const uint64_t span = static_cast<uint64_t>(last_) - static_cast<uint64_t>(first_);
    const auto parts = static_cast<uint64_t>(context_.parallelism());
    const auto part = static_cast<uint64_t>(context_.subtask());
    // span + 1 numbers, without overflow: every part gets span / parts, the first ones one more.
    const uint64_t extra = span % parts + 1;
    const uint64_t begin = span / parts * part + (part < extra ? part : extra);
    const uint64_t count = span / parts + (part < extra ? 1 : 0);
    for (uint64_t done = 0; done < count;) {
      const uint64_t batch = count - done < kBatch ? count - done : kBatch;
      for (uint64_t i = 0; i < batch && !context_.stopped(); ++i) {
        out_.Collect(static_cast<int64_t>(static_cast<uint64_t>(first_) + begin + done + i));
      }
      if (context_.stopped()) return;
      done += batch;
      RecordCounters::Add(context_.counters().records_in, static_cast<int64_t>(batch));
      context_.FlushIfDue();
    }
  }

 private:
  static constexpr uint64_t kBatch = 1024;
  TaskContext& context_;
  const int64_t first_;
  const int64_t last_;
  Collector<int64_t>& out_;
};

// fn(const In&, std::string& line) appends the record's text, or fn(const In&) returns it.
template <typename In, typename Fn>
class LineSinkInstance final : public OperatorBase<In, Fn> {
 public:
  LineSinkInstance(TaskContext& context, const Fn& fn)
      : OperatorBase<In, Fn>(fn), sink_(context.line_sink()) {}
  void Collect(const In& value) override {
    if constexpr (std::is_invocable_v<Fn&, const In&, std::string&>) {
      line_.clear();
      this->fn_(value, line_);
      sink_.Append(line_);
    } else {
      sink_.Append(this->fn_(value));
    }
  }

 private:
  LineSink& sink_;
  std::string line_;
};

// --- tails: where a chain hands records to edges

template <typename T>
class FanOutInstance final : public OperatorInstance, public Collector<T> {
 public:
  explicit FanOutInstance(const std::vector<void*>& outs) {
    for (void* out : outs) outs_.push_back(static_cast<Collector<T>*>(out));
  }
  void* collector() override { return static_cast<Collector<T>*>(this); }
  void Collect(const T& value) override {
    for (Collector<T>* out : outs_) out->Collect(value);
  }

 private:
  std::vector<Collector<T>*> outs_;
};

template <typename T>
class EdgeWriter : public OperatorInstance, public Collector<T> {
 public:
  explicit EdgeWriter(EdgeOutput& edge) : edge_(edge) {}
  void* collector() final { return static_cast<Collector<T>*>(this); }

 protected:
  void Write(int32_t channel, const T& value) {
    ByteWriter& buffer = edge_.buffer(channel);
    const size_t begin = buffer.size();
    WriteRecord(value, buffer);
    edge_.Appended(channel, begin);
  }
  EdgeOutput& edge_;
};

// Forward when the edge has one channel, else round robin, beginning at the subtask's own number.
template <typename T>
class RoundRobinWriter final : public EdgeWriter<T> {
 public:
  RoundRobinWriter(EdgeOutput& edge, int32_t subtask)
      : EdgeWriter<T>(edge), next_(subtask % edge.channels()) {}
  void Collect(const T& value) override {
    this->Write(next_, value);
    if (++next_ == this->edge_.channels()) next_ = 0;
  }

 private:
  int32_t next_;
};

template <typename T, typename KeyFn>
class HashWriter final : public EdgeWriter<T> {
 public:
  HashWriter(EdgeOutput& edge, const KeyFn& key)
      : EdgeWriter<T>(edge), key_(key), groups_(KeyGroupCount(edge.channels())) {
    for (int32_t group = 0; group < groups_; ++group) {
      owners_.push_back(OwnerOfKeyGroup(group, groups_, edge.channels()));
    }
  }
  void Collect(const T& value) override {
    const uint64_t hash = hash_(key_(value));
    this->Write(owners_[static_cast<size_t>(KeyGroupOf(hash, groups_))], value);
  }

 private:
  KeyFn key_;
  const int32_t groups_;
  std::vector<int32_t> owners_;
  KeyHasher<std::decay_t<std::invoke_result_t<KeyFn&, const T&>>> hash_;
};

// --- records as text: strings as they are, numbers in decimal, pairs and vectors with spaces

template <typename T>
void AppendText(const T& value, std::string& line) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    line += std::string_view(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    line += value ? "true" : "false";
  } else {
    static_assert(std::is_arithmetic_v<T>, "give WriteTextFiles() or Print() a formatter");
    char digits[64];
    const auto end = std::to_chars(digits, digits + sizeof(digits), value);
    line.append(digits, end.ptr);
  }
}
template <typename A, typename B>
void AppendText(const std::pair<A, B>& value, std::string& line) {
  AppendText(value.first, line);
  line += ' ';
  AppendText(value.second, line);
}
template <typename T>
void AppendText(const std::vector<T>& value, std::string& line) {
  const char* separator = "";
  for (const auto& each : value) {
    line += separator;
    AppendText(static_cast<const T&>(each), line);
    separator = " ";
  }
}

struct DefaultFormat {
  template <typename T>
  void operator()(const T& value, std::string& line) const {
    AppendText(value, line);
  }
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_API_OPERATORS_H_
