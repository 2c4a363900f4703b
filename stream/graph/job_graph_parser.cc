// The strict reader of the text form: what it accepts is byte for byte what ToText() writes.
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/strings.h"
#include "stream/graph/job_graph.h"

namespace weir::stream {
namespace {

constexpr std::string_view kHeader = "weir-job-graph 1";

// Takes one line apart, word by word. The first fault is kept; everything after it fails too.
class LineParser {
 public:
  explicit LineParser(std::string_view line) : rest_(line) {}

  bool failed() const { return !fault_.empty(); }
  const std::string& fault() const { return fault_; }
  bool AtEnd() const { return rest_.empty(); }
  bool NextIsString() const { return rest_.starts_with('"'); }

  // The next word, without looking further.
  std::string_view Peek() const { return rest_.substr(0, rest_.find(' ')); }

  std::string_view Word() {
    const std::string_view word = Peek();
    if (word.empty()) return Fail("a word is missing");
    rest_.remove_prefix(word.size());
    EatSpace();
    return word;
  }

  void Expect(std::string_view word) {
    if (failed()) return;
    const std::string_view found = Peek();
    if (found != word) {
      Fail("expected '" + std::string(word) + "', found '" + std::string(found) + "'");
      return;
    }
    Word();
  }

  int32_t Number() {
    if (failed()) return 0;
    const std::string_view word = Word();
    const std::optional<int64_t> value = ParseInt64(word);
    const bool canonical = value && std::to_string(*value) == word;
    if (!canonical || *value < 0 || *value > INT32_MAX) {
      Fail("'" + std::string(word) + "' is not a number");
      return 0;
    }
    return static_cast<int32_t>(*value);
  }

  std::string String() {
    std::string out;
    if (failed()) return out;
    if (!NextIsString()) {
      Fail("a quoted string is missing");
      return out;
    }
    rest_.remove_prefix(1);
    while (!failed()) {
      if (rest_.empty()) {
        Fail("a quoted string has no end");
        break;
      }
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        EatSpace();
        break;
      }
      if (c == '\\') {
        Escape(out);
      } else {
        out += c;
      }
    }
    return out;
  }

  void ExpectEnd() {
    if (!failed() && !AtEnd()) Fail("'" + std::string(Peek()) + "' is one word too many");
  }

  std::string_view Fail(std::string fault) {
    if (!failed()) fault_ = std::move(fault);
    rest_ = {};
    return {};
  }

 private:
  void EatSpace() {
    if (rest_.empty()) return;
    if (rest_.front() != ' ' || rest_.size() == 1) {
      Fail("words are separated by one space");
      return;
    }
    rest_.remove_prefix(1);
  }

  void Escape(std::string& out) {
    const char c = rest_.empty() ? '\0' : rest_.front();
    if (!rest_.empty()) rest_.remove_prefix(1);
    if (c == 'n') {
      out += '\n';
    } else if (c == 'r') {
      out += '\r';
    } else if (c == 't') {
      out += '\t';
    } else if (c == '"' || c == '\\') {
      out += c;
    } else if (const auto byte = HexDecode(rest_.substr(0, 2));
               c == 'x' && byte && !byte->empty()) {
      out += *byte;
      rest_.remove_prefix(2);
    } else {
      Fail("a string has an unknown escape");
    }
  }

  std::string_view rest_;
  std::string fault_;
};

void ParseSource(LineParser& line, JobVertex& vertex) {
  line.Expect("source");
  const std::string kind(line.Word());
  if (kind == "sequence") {
    vertex.source = SourceKind::kSequence;
  } else if (kind == "text-files") {
    vertex.source = SourceKind::kTextFiles;
    while (line.NextIsString()) vertex.source_paths.push_back(line.String());
  } else {
    line.Fail("'" + kind + "' is not a kind of source");
  }
}

void ParseSink(LineParser& line, JobVertex& vertex) {
  line.Expect("sink");
  const std::string kind(line.Word());
  if (kind == "print") {
    vertex.sink = SinkKind::kPrint;
  } else if (kind == "text-files") {
    vertex.sink = SinkKind::kTextFiles;
    vertex.sink_path = line.String();
  } else {
    line.Fail("'" + kind + "' is not a kind of sink");
  }
}

JobVertex ParseVertex(LineParser& line) {
  JobVertex vertex;
  line.Expect("vertex");
  vertex.id = line.Number();
  line.Expect("parallelism");
  vertex.parallelism = line.Number();
  if (line.Peek() == "source") ParseSource(line, vertex);
  if (line.Peek() == "sink") ParseSink(line, vertex);
  line.Expect("operators");
  while (!line.AtEnd()) vertex.operators.push_back(line.String());
  return vertex;
}

JobEdge ParseEdge(LineParser& line) {
  JobEdge edge;
  line.Expect("edge");
  edge.from = line.Number();
  line.Expect("->");
  edge.to = line.Number();
  const std::string kind(line.Word());
  for (const Partitioning each :
       {Partitioning::kForward, Partitioning::kHash, Partitioning::kRebalance}) {
    if (PartitioningName(each) == kind) {
      edge.partitioning = each;
      return edge;
    }
  }
  line.Fail("'" + kind + "' is not a partitioning");
  return edge;
}

Error AtLine(size_t number, const std::string& fault) {
  return Error{ErrorCode::kInvalidArgument,
               "job graph, line " + std::to_string(number) + ": " + fault,
               "take the text exactly as weir-graph prints it"};
}

Status ParseLine(size_t number, std::string_view text, JobGraph& graph) {
  if (number == 1) {
    if (text == kHeader) return {};
    return AtLine(number, "is not '" + std::string(kHeader) + "'");
  }
  LineParser line(text);
  if (number == 2) {
    line.Expect("job");
    graph.name = line.String();
    line.Expect("parallelism");
    graph.parallelism = line.Number();
  } else if (line.Peek() == "vertex") {
    if (!graph.edges.empty()) line.Fail("a vertex after an edge");
    if (graph.vertices.size() == kVerticesMax) {
      line.Fail("more than " + std::to_string(kVerticesMax) + " vertices");
    }
    const JobVertex vertex = ParseVertex(line);
    if (!line.failed() && vertex.id != static_cast<int32_t>(graph.vertices.size())) {
      line.Fail("vertex " + std::to_string(vertex.id) + " is out of order");
    }
    graph.vertices.push_back(vertex);
  } else {
    graph.edges.push_back(ParseEdge(line));
  }
  line.ExpectEnd();
  return line.failed() ? Status(AtLine(number, line.fault())) : Status();
}

// Where two texts begin to differ, as a line number.
size_t FirstDifferentLine(std::string_view a, std::string_view b) {
  size_t line = 1;
  for (size_t i = 0; i < a.size() && i < b.size() && a[i] == b[i]; ++i) {
    if (a[i] == '\n') ++line;
  }
  return line;
}

}  // namespace

Result<JobGraph> JobGraph::FromText(std::string_view text) {
  if (text.size() > kGraphTextBytes) {
    return Error{ErrorCode::kInvalidArgument,
                 "the job graph has " + std::to_string(text.size()) + " bytes",
                 "at most " + std::to_string(kGraphTextBytes)};
  }
  JobGraph graph;
  size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = rest.find('\n');
    ++number;
    if (end == std::string_view::npos) return AtLine(number, "the line has no end");
    WEIR_RETURN_IF_ERROR(ParseLine(number, rest.substr(0, end), graph));
    rest.remove_prefix(end + 1);
  }
  if (number < 2) return AtLine(number + 1, "the text ends too early");
  const Status valid = graph.Validate();
  if (!valid.ok()) return valid.error();
  const std::string canonical = graph.ToText();
  if (canonical == text) return graph;
  return AtLine(FirstDifferentLine(canonical, text), "is not in the canonical spelling");
}

}  // namespace weir::stream
