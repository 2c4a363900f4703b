#include "stream/runtime/task_wiring.h"

namespace weir::stream {
namespace {

// The subtasks that subtask `subtask` of `edge.from` writes to.
std::vector<int32_t> ReadersOf(const JobGraph& graph, const JobEdge& edge, int32_t subtask) {
  if (edge.partitioning == Partitioning::kForward) return {subtask};
  std::vector<int32_t> readers;
  const int32_t count = graph.vertices[static_cast<size_t>(edge.to)].parallelism;
  for (int32_t i = 0; i < count; ++i) readers.push_back(i);
  return readers;
}

}  // namespace

std::string TaskLabel(const JobGraph& graph, int32_t vertex, int32_t subtask) {
  const JobVertex& description = graph.vertices[static_cast<size_t>(vertex)];
  return description.Name() + " (" + std::to_string(subtask + 1) + "/" +
         std::to_string(description.parallelism) + ")";
}

std::vector<InputGate::Source> SourcesOf(const JobGraph& graph, int32_t vertex, int32_t subtask) {
  std::vector<InputGate::Source> sources;
  for (const JobEdge& edge : graph.edges) {
    if (edge.to != vertex) continue;
    const int32_t writers = graph.vertices[static_cast<size_t>(edge.from)].parallelism;
    const bool forward = edge.partitioning == Partitioning::kForward;
    for (int32_t i = forward ? subtask : 0; i < (forward ? subtask + 1 : writers); ++i) {
      sources.push_back({edge.from, i, TaskLabel(graph, edge.from, i)});
    }
  }
  return sources;
}

Result<std::vector<std::vector<std::shared_ptr<OutputChannel>>>> OpenOutputs(
    const WiringContext& context, int32_t vertex, int32_t subtask) {
  // All places are looked up before the first channel is opened: an error leaves nothing behind.
  std::vector<std::vector<std::pair<TaskPlace, std::string>>> readers;
  for (const JobEdge& edge : context.graph.edges) {
    if (edge.from != vertex) continue;
    readers.emplace_back();
    for (const int32_t reader : ReadersOf(context.graph, edge, subtask)) {
      const std::string label = TaskLabel(context.graph, edge.to, reader);
      const auto place = context.places.find({edge.to, reader});
      if (place == context.places.end()) {
        return Error{ErrorCode::kInvalidArgument, "the job has no place for task " + label, ""};
      }
      readers.back().emplace_back(place->second, label);
    }
  }
  std::vector<std::vector<std::shared_ptr<OutputChannel>>> outputs;
  for (const auto& edge : readers) {
    outputs.emplace_back();
    for (const auto& [place, label] : edge) {
      const OpenRequest request{place.execution, vertex, subtask};
      outputs.back().push_back(
          place.data_address == context.own_address
              ? OpenLocalChannel(context.gates, request, label)
              : context.exchange.OpenChannel(place.data_address, request, label));
    }
  }
  return outputs;
}

}  // namespace weir::stream
