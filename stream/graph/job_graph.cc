#include "stream/graph/job_graph.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/strings.h"

namespace weir::stream {
namespace {

Error Invalid(std::string message, std::string remedy = "") {
  return Error{ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

std::string VertexLabel(const JobVertex& vertex) {
  return "vertex " + std::to_string(vertex.id);
}

std::string EdgeLabel(const JobEdge& edge) {
  return "edge " + std::to_string(edge.from) + " -> " + std::to_string(edge.to);
}

Status CheckParallelism(const std::string& what, int32_t parallelism) {
  if (parallelism >= 1 && parallelism <= kParallelismMax) return {};
  return Invalid(what + " has parallelism " + std::to_string(parallelism),
                 "give a number from 1 to " + std::to_string(kParallelismMax));
}

Status CheckName(const std::string& what, const std::string& name) {
  if (name.empty()) return Invalid(what + " has an empty name");
  if (name.size() <= kGraphNameBytes) return {};
  return Invalid(what + " has a name of " + std::to_string(name.size()) + " bytes",
                 "at most " + std::to_string(kGraphNameBytes));
}

Status CheckPath(const std::string& what, const std::string& path) {
  if (path.empty()) return Invalid(what + " has an empty path");
  if (path.size() > kGraphPathBytes) {
    return Invalid(what + " has a path of " + std::to_string(path.size()) + " bytes",
                   "at most " + std::to_string(kGraphPathBytes));
  }
  if (path.front() == '/' && path.find('\0') == std::string::npos) return {};
  return Invalid(what + " has the path \"" + path + "\", which is not absolute",
                 "tasks run in another directory: give an absolute path");
}

Status CheckVertex(const JobVertex& vertex) {
  const std::string label = VertexLabel(vertex);
  WEIR_RETURN_IF_ERROR(CheckParallelism(label, vertex.parallelism));
  if (vertex.operators.empty()) return Invalid(label + " has no operator");
  for (const std::string& name : vertex.operators) {
    WEIR_RETURN_IF_ERROR(CheckName("an operator of " + label, name));
  }
  const bool reads_files = vertex.source == SourceKind::kTextFiles;
  if (reads_files != !vertex.source_paths.empty()) {
    return Invalid(label + (reads_files ? " reads text files, but names none"
                                        : " names source paths, but reads no text files"));
  }
  for (const std::string& path : vertex.source_paths) {
    WEIR_RETURN_IF_ERROR(CheckPath("the source of " + label, path));
  }
  if (vertex.sink == SinkKind::kTextFiles) {
    return CheckPath("the sink of " + label, vertex.sink_path);
  }
  if (vertex.sink_path.empty()) return {};
  return Invalid(label + " names a sink path, but writes no text files");
}

Status CheckEdge(const JobGraph& graph, const JobEdge& edge) {
  const std::string label = EdgeLabel(edge);
  const auto count = static_cast<int64_t>(graph.vertices.size());
  if (edge.from < 0 || edge.to < 0 || edge.from >= count || edge.to >= count) {
    return Invalid(label + " leads to a vertex that does not exist");
  }
  if (edge.from >= edge.to) {
    return Invalid(label + " does not lead to a later vertex: a job graph has no cycles");
  }
  const JobVertex& from = graph.vertices[static_cast<size_t>(edge.from)];
  const JobVertex& to = graph.vertices[static_cast<size_t>(edge.to)];
  if (from.sink != SinkKind::kNone) return Invalid(label + " leaves a sink");
  if (to.source != SourceKind::kNone) return Invalid(label + " enters a source");
  if (edge.partitioning == Partitioning::kForward && from.parallelism != to.parallelism) {
    return Invalid(label + " is forward between parallelism " + std::to_string(from.parallelism) +
                   " and " + std::to_string(to.parallelism));
  }
  return {};
}

// Every vertex takes from somewhere and gives to somewhere.
Status CheckConnected(const JobGraph& graph) {
  std::vector<bool> has_input(graph.vertices.size());
  std::vector<bool> has_output(graph.vertices.size());
  for (const JobEdge& edge : graph.edges) {
    has_output[static_cast<size_t>(edge.from)] = true;
    has_input[static_cast<size_t>(edge.to)] = true;
  }
  std::set<std::string> sink_paths;
  for (size_t i = 0; i < graph.vertices.size(); ++i) {
    const JobVertex& vertex = graph.vertices[i];
    const std::string label = VertexLabel(vertex) + " (" + vertex.Name() + ")";
    if (vertex.source == SourceKind::kNone && !has_input[i]) {
      return Invalid(label + " has neither a source nor an input");
    }
    if (vertex.sink == SinkKind::kNone && !has_output[i]) {
      return Invalid(label + " has no sink: nobody would see its result",
                     "end it with WriteTextFiles() or Print()");
    }
    if (!vertex.sink_path.empty() && !sink_paths.insert(vertex.sink_path).second) {
      return Invalid("two sinks write to " + vertex.sink_path, "give each sink its own directory");
    }
  }
  return {};
}

bool IsPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f && c != '"' && c != '\\';
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (IsPlain(c)) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      out += "\\x" + HexEncode(std::string_view(&c, 1));
    }
  }
  out += '"';
}

void AppendVertex(std::string& out, const JobVertex& vertex) {
  out +=
      "vertex " + std::to_string(vertex.id) + " parallelism " + std::to_string(vertex.parallelism);
  switch (vertex.source) {
    case SourceKind::kNone:
      break;
    case SourceKind::kTextFiles:
      out += " source text-files";
      for (const std::string& path : vertex.source_paths) {
        out += ' ';
        AppendQuoted(out, path);
      }
      break;
    case SourceKind::kSequence:
      out += " source sequence";
      break;
  }
  switch (vertex.sink) {
    case SinkKind::kNone:
      break;
    case SinkKind::kTextFiles:
      out += " sink text-files ";
      AppendQuoted(out, vertex.sink_path);
      break;
    case SinkKind::kPrint:
      out += " sink print";
      break;
  }
  out += " operators";
  for (const std::string& name : vertex.operators) {
    out += ' ';
    AppendQuoted(out, name);
  }
  out += '\n';
}

}  // namespace

std::string_view PartitioningName(Partitioning partitioning) {
  switch (partitioning) {
    case Partitioning::kForward:
      return "forward";
    case Partitioning::kHash:
      return "hash";
    case Partitioning::kRebalance:
      return "rebalance";
  }
  return "unknown";
}

std::string JobVertex::Name() const {
  return Join(operators, " -> ");
}

int32_t JobGraph::SlotsNeeded() const {
  int32_t slots = 0;
  for (const JobVertex& vertex : vertices) slots = std::max(slots, vertex.parallelism);
  return slots;
}

std::string JobGraph::ToText() const {
  std::string out = "weir-job-graph 1\njob ";
  AppendQuoted(out, name);
  out += " parallelism " + std::to_string(parallelism) + "\n";
  for (const JobVertex& vertex : vertices) AppendVertex(out, vertex);
  for (const JobEdge& edge : edges) {
    out += EdgeLabel(edge) + " " + std::string(PartitioningName(edge.partitioning)) + "\n";
  }
  return out;
}

Status JobGraph::Validate() const {
  WEIR_RETURN_IF_ERROR(CheckName("the job", name));
  WEIR_RETURN_IF_ERROR(CheckParallelism("the job", parallelism));
  if (vertices.empty()) return Invalid("the job has no source", "begin with env.ReadTextFiles()");
  if (vertices.size() > kVerticesMax) {
    return Invalid("the job has " + std::to_string(vertices.size()) + " vertices",
                   "at most " + std::to_string(kVerticesMax));
  }
  for (size_t i = 0; i < vertices.size(); ++i) {
    if (vertices[i].id != static_cast<int32_t>(i)) {
      return Invalid(VertexLabel(vertices[i]) + " stands at place " + std::to_string(i));
    }
    WEIR_RETURN_IF_ERROR(CheckVertex(vertices[i]));
  }
  for (size_t i = 0; i < edges.size(); ++i) {
    WEIR_RETURN_IF_ERROR(CheckEdge(*this, edges[i]));
    if (i == 0) continue;
    const std::pair before(edges[i - 1].from, edges[i - 1].to);
    if (before >= std::pair(edges[i].from, edges[i].to)) {
      return Invalid(EdgeLabel(edges[i]) + " is out of order or given twice");
    }
  }
  return CheckConnected(*this);
}

}  // namespace weir::stream
