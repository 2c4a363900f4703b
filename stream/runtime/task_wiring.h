// Task wiring: the channels of a task, from the graph and the places of the job's tasks.
#ifndef WEIR_STREAM_RUNTIME_TASK_WIRING_H_
#define WEIR_STREAM_RUNTIME_TASK_WIRING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/hostport.h"
#include "common/result.h"
#include "stream/graph/job_graph.h"
#include "stream/runtime/channel.h"
#include "stream/runtime/data_exchange.h"
#include "stream/runtime/gate_registry.h"

namespace weir::stream {

// Where a task of the job runs.
struct TaskPlace {
  std::string execution;
  HostPort data_address;
};
// By (vertex, subtask).
using TaskPlaces = std::map<std::pair<int32_t, int32_t>, TaskPlace>;

// "flat_map -> map (2/4)": a task as people name it, subtasks from 1.
std::string TaskLabel(const JobGraph& graph, int32_t vertex, int32_t subtask);

// The tasks that subtask `subtask` of `vertex` reads from.
std::vector<InputGate::Source> SourcesOf(const JobGraph& graph, int32_t vertex, int32_t subtask);

struct WiringContext {
  const JobGraph& graph;
  const TaskPlaces& places;
  HostPort own_address;  // tasks there are reached without the network
  GateRegistry& gates;
  DataExchange& exchange;
};

// The channels a task writes to, by outgoing edge. kInvalidArgument: the place of a reader is
// missing.
Result<std::vector<std::vector<std::shared_ptr<OutputChannel>>>> OpenOutputs(
    const WiringContext& context, int32_t vertex, int32_t subtask);

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_TASK_WIRING_H_
