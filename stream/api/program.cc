#include "stream/api/program.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/check.h"

namespace weir::stream {
namespace {

int32_t ParallelismOf(const StreamEnvironment& env, const OperatorSpec& spec) {
  return spec.parallelism == OperatorSpec::kDefaultParallelism ? env.parallelism()
                                                               : spec.parallelism;
}

Partitioning PartitioningOf(const StreamEnvironment& env,
                            const OperatorSpec& spec,
                            const OperatorSpec::Input& input) {
  if (input.repartitions) return input.partitioning;
  const OperatorSpec& from = env.operators()[input.from];
  return ParallelismOf(env, from) == ParallelismOf(env, spec) ? Partitioning::kForward
                                                              : Partitioning::kRebalance;
}

// The head of each operator's chain: itself, or the head of its input's chain.
std::vector<size_t> FindHeads(const StreamEnvironment& env) {
  const std::vector<OperatorSpec>& specs = env.operators();
  std::vector<size_t> readers(specs.size());
  for (const OperatorSpec& spec : specs) {
    for (const auto& input : spec.inputs) ++readers[input.from];
  }
  std::vector<size_t> heads(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    heads[i] = i;
    if (specs[i].inputs.size() != 1) continue;
    const auto& input = specs[i].inputs.front();
    if (readers[input.from] == 1 &&
        PartitioningOf(env, specs[i], input) == Partitioning::kForward) {
      heads[i] = heads[input.from];
    }
  }
  return heads;
}

// Sources first, each kind in program order: every edge leads to a later vertex.
std::vector<size_t> OrderHeads(const StreamEnvironment& env, const std::vector<size_t>& heads) {
  std::vector<size_t> order;
  for (size_t i = 0; i < heads.size(); ++i) {
    if (heads[i] == i) order.push_back(i);
  }
  std::stable_partition(order.begin(), order.end(), [&](size_t head) {
    return env.operators()[head].source != SourceKind::kNone;
  });
  return order;
}

JobVertex MakeVertex(const StreamEnvironment& env, int32_t id, const std::vector<size_t>& chain) {
  JobVertex vertex;
  vertex.id = id;
  vertex.parallelism = ParallelismOf(env, env.operators()[chain.front()]);
  for (const size_t index : chain) {
    const OperatorSpec& spec = env.operators()[index];
    vertex.operators.push_back(spec.name);
    if (spec.source != SourceKind::kNone) {
      vertex.source = spec.source;
      vertex.source_paths = spec.source_paths;
    }
    if (spec.sink != SinkKind::kNone) {
      vertex.sink = spec.sink;
      vertex.sink_path = spec.sink_path;
    }
  }
  return vertex;
}

Status CheckOperators(const StreamEnvironment& env) {
  for (const OperatorSpec& spec : env.operators()) {
    const int32_t parallelism = ParallelismOf(env, spec);
    if (parallelism >= 1 && parallelism <= kParallelismMax) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "operator '" + spec.name + "' has parallelism " + std::to_string(parallelism),
                 "give a number from 1 to " + std::to_string(kParallelismMax)};
  }
  return {};
}

// The input of `to`'s head that comes from the tail of `from`.
const OperatorSpec::Input& InputBetween(const JobProgram& program, int32_t from, int32_t to) {
  const size_t tail = program.chains[static_cast<size_t>(from)].back();
  const size_t head = program.chains[static_cast<size_t>(to)].front();
  const OperatorSpec& spec = program.env->operators()[head];
  const auto found = std::find_if(spec.inputs.begin(), spec.inputs.end(), [&](const auto& input) {
    return input.from == tail;
  });
  WEIR_CHECK(found != spec.inputs.end(), "an edge of the graph without an input");
  return *found;
}

}  // namespace

Result<JobProgram> BuildProgram(std::unique_ptr<StreamEnvironment> env) {
  WEIR_RETURN_IF_ERROR(CheckOperators(*env));
  const std::vector<OperatorSpec>& specs = env->operators();
  const std::vector<size_t> heads = FindHeads(*env);
  JobProgram program;
  program.graph.name = env->name();
  program.graph.parallelism = env->parallelism();
  std::vector<int32_t> vertex_of_head(specs.size(), -1);
  for (const size_t head : OrderHeads(*env, heads)) {
    vertex_of_head[head] = static_cast<int32_t>(program.chains.size());
    program.chains.emplace_back();
  }
  for (size_t i = 0; i < specs.size(); ++i) {
    program.chains[static_cast<size_t>(vertex_of_head[heads[i]])].push_back(i);
  }
  for (size_t i = 0; i < program.chains.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    program.graph.vertices.push_back(MakeVertex(*env, id, program.chains[i]));
    const OperatorSpec& head = specs[program.chains[i].front()];
    for (const auto& input : head.inputs) {
      program.graph.edges.push_back(
          {vertex_of_head[heads[input.from]], id, PartitioningOf(*env, head, input)});
    }
  }
  std::stable_sort(program.graph.edges.begin(),
                   program.graph.edges.end(),
                   [](const JobEdge& a, const JobEdge& b) {
                     return std::pair(a.from, a.to) < std::pair(b.from, b.to);
                   });
  WEIR_RETURN_IF_ERROR(program.graph.Validate());
  program.env = std::move(env);
  return program;
}

TaskChain::TaskChain(const JobProgram& program,
                     int32_t vertex,
                     TaskContext& context,
                     const std::vector<EdgeOutput*>& outputs) {
  const std::vector<size_t>& chain = program.chains[static_cast<size_t>(vertex)];
  const std::vector<OperatorSpec>& specs = program.env->operators();
  std::vector<void*> writers;
  for (const JobEdge& edge : program.graph.edges) {
    if (edge.from != vertex) continue;
    WEIR_CHECK(writers.size() < outputs.size(), "fewer outputs than edges");
    const auto& input = InputBetween(program, edge.from, edge.to);
    instances_.push_back(input.make_writer(context, *outputs[writers.size()]));
    writers.push_back(instances_.back()->collector());
  }
  void* out = writers.empty() ? nullptr : writers.front();
  if (writers.size() > 1) {
    instances_.push_back(specs[chain.back()].make_fan_out(writers));
    out = instances_.back()->collector();
  }
  for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
    instances_.push_back(specs[*it].make(context, out));
    out = instances_.back()->collector();
  }
  const OperatorSpec& head = specs[chain.front()];
  if (head.make_decoder != nullptr) decoder_ = head.make_decoder(context, out);
}

void TaskChain::Run() {
  instances_.back()->Run();
}

int64_t TaskChain::Decode(std::string_view bytes) {
  WEIR_CHECK(decoder_ != nullptr, "a source has no input");
  return decoder_->Decode(bytes);
}

void TaskChain::Finish() {
  for (auto it = instances_.rbegin(); it != instances_.rend(); ++it) (*it)->Finish();
}

}  // namespace weir::stream
