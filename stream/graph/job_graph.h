// JobGraph: what a stream job is, without its code: vertices (chains of operators) and edges.
//
// Terms: an *operator* is one step of the program (source, map, key_by's reduce, sink); a *vertex*
// is a chain of operators that run in one thread, connected one to one; a *task* is one parallel
// instance of a vertex; an *edge* carries records from every task of one vertex to tasks of
// another. Chaining: an operator joins its input's vertex when it has exactly one input edge, that
// edge is forward, both have the same parallelism, and nothing else reads that input.
//
// The text form is canonical: the same graph has the same text everywhere, and its SHA-256 is the
// graph's hash, which every TaskManager checks after replaying the program.
//
//   weir-job-graph 1
//   job "word count" parallelism 4
//   vertex 0 parallelism 4 source text-files "/data/a b.txt" operators "source: text" "flat_map"
//   vertex 1 parallelism 4 sink text-files "/out" operators "reduce" "sink: text"
//   edge 0 -> 1 hash
//
// Lines end with one \n, words are separated by one space, strings are quoted with the escapes
// \" \\ \n \r \t and \xHH for the other control characters; edges are sorted. Any other spelling
// of the same graph is refused. Every edge goes from a lower id to a higher one.
//
// Immutable value. Pure.
#ifndef WEIR_STREAM_GRAPH_JOB_GRAPH_H_
#define WEIR_STREAM_GRAPH_JOB_GRAPH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "stream/graph/kinds.h"

namespace weir::stream {

std::string_view PartitioningName(Partitioning partitioning);

struct JobVertex {
  int32_t id = 0;  // dense, from 0, sources first in program order
  int32_t parallelism = 1;
  std::vector<std::string> operators;  // names, head of the chain first
  SourceKind source = SourceKind::kNone;
  std::vector<std::string> source_paths;  // files and directories, for kTextFiles
  SinkKind sink = SinkKind::kNone;
  std::string sink_path;     // directory, for kTextFiles
  std::string Name() const;  // "source: text -> flat_map"
  bool operator==(const JobVertex&) const = default;
};

struct JobEdge {
  int32_t from = 0;
  int32_t to = 0;
  Partitioning partitioning = Partitioning::kForward;
  bool operator==(const JobEdge&) const = default;
};

struct JobGraph {
  std::string name;
  int32_t parallelism = 1;  // default of the job
  std::vector<JobVertex> vertices;
  std::vector<JobEdge> edges;

  // The largest vertex parallelism: a slot runs one task of every vertex.
  int32_t SlotsNeeded() const;
  std::string ToText() const;
  // kInvalidArgument naming the vertex or edge: everything FromText() refuses but the spelling.
  Status Validate() const;
  // kInvalidArgument with the line (or naming the vertex or edge): unknown words, ids out of order,
  // edges to nowhere, a cycle, no source or sink, parallelism outside 1..32768, more than 1000
  // vertices, more than 1 MiB.
  static Result<JobGraph> FromText(std::string_view text);
  bool operator==(const JobGraph&) const = default;
};

inline constexpr size_t kGraphTextBytes = size_t{1} << 20;
inline constexpr size_t kGraphNameBytes = 256;   // a job's or an operator's name
inline constexpr size_t kGraphPathBytes = 4096;  // of a source or a sink

}  // namespace weir::stream

#endif  // WEIR_STREAM_GRAPH_JOB_GRAPH_H_
