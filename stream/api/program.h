// JobProgram: a job whose code is at hand: its graph, and the operators behind each vertex.
//
// BuildProgram chains the operators that a program described into vertices. TaskChain makes the
// operators of one task and drives them. A JobProgram is immutable after building; chains of the
// same program may be made and run on different threads. A TaskChain is single-threaded, and must
// not outlive its program, its context and its outputs.
#ifndef WEIR_STREAM_API_PROGRAM_H_
#define WEIR_STREAM_API_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "stream/api/data_stream.h"
#include "stream/graph/job_graph.h"

namespace weir::stream {

struct JobProgram {
  std::unique_ptr<StreamEnvironment> env;
  JobGraph graph;
  std::vector<std::vector<size_t>> chains;  // by vertex: its operators, head first
};

// kInvalidArgument: parallelism outside its range (naming the operator), and all that
// JobGraph::Validate() refuses.
Result<JobProgram> BuildProgram(std::unique_ptr<StreamEnvironment> env);

class TaskChain {
 public:
  // `outputs` are the vertex's outgoing edges in the graph's order. Copies of the program's
  // functions are made here: what their copy constructors throw passes through.
  TaskChain(const JobProgram& program,
            int32_t vertex,
            TaskContext& context,
            const std::vector<EdgeOutput*>& outputs);

  // For a source: emits everything. What the program's functions throw passes through, here and
  // below.
  void Run();
  // For the others: the records of one buffer. Their number, or -1 when they do not decode.
  int64_t Decode(std::string_view bytes);
  // The end of the input: the operators emit what they hold.
  void Finish();

 private:
  // Tail first: an operator refers to the one after it.
  std::vector<std::unique_ptr<OperatorInstance>> instances_;
  std::unique_ptr<RecordDecoder> decoder_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_API_PROGRAM_H_
