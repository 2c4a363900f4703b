// weir-sls: runs a trace of jobs against the ResourceManager's core in virtual time and writes a
// summary as JSON.
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "tests/sls/cluster.h"
#include "tests/sls/core_options.h"
#include "tests/sls/load_file.h"
#include "tests/sls/nodes_reader.h"
#include "tests/sls/trace_reader.h"

namespace weir::sls {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr Duration kSeriesInterval = seconds(10);

constexpr char kUsage[] =
    R"(usage: weir-sls --trace FILE [--queues FILE] [--nodes FILE] [--seed N] [--output FILE]
                [--node-memory-mb N] [--node-vcores N] [--limit-s N]
                [--series FILE]
       weir-sls --generate sls-5k|sls-5k-churn [--output FILE]

Runs a trace against the ResourceManager's core in virtual time and writes a summary as JSON.

  --trace FILE         SLS or SYNTH trace of Hadoop's scheduler load simulator
  --queues FILE        capacity-scheduler.xml; without it there is one queue, root.default
  --nodes FILE         nodes by rack; without it as many as the trace says, all alike
  --seed N             draws SYNTH jobs and the moments at which nodes register; default: the
                       trace's own seed
  --output FILE        instead of standard output
  --node-memory-mb N   of nodes that do not say (default 10240)
  --node-vcores N      of nodes that do not say (default 10)
  --limit-s N          longest virtual time (default 604800)
  --series FILE        what the queues hold, every 10 s of virtual time, as CSV
  --generate NAME      writes a load file: sls-5k (5,000 nodes, 100,000 containers of 120 s;
                       meant for nodes of 100240 MiB and 100 vcores), sls-5k-churn (of 5 s)

Exit codes: 0 every job came to its end; 1 some were refused or did not, or a fault; 2 bad arguments or files.
)";

struct Arguments {
  std::string trace;
  std::string queues;
  std::string nodes;
  std::string output;
  std::string generate;
  std::string series;
  std::optional<uint64_t> seed;
  Resource node{10'240, 10};
  Duration limit = seconds(604'800);
  bool help = false;
};

Error Usage(const std::string& what) {
  return {ErrorCode::kInvalidArgument, what, "see weir-sls --help"};
}

Result<int64_t> ParseNumber(const std::string& option, const std::string& text, int64_t high) {
  const std::optional<int64_t> number = ParseInt64(text);
  if (!number || *number < (option == "--seed" ? 0 : 1) || *number > high) {
    return Usage(option + " is \"" + text + "\", not a number up to " + std::to_string(high));
  }
  return *number;
}

Result<Arguments> Parse(const std::vector<std::string>& words) {
  Arguments arguments;
  const std::vector<std::pair<std::string, std::string*>> texts = {
      {"--trace", &arguments.trace},
      {"--queues", &arguments.queues},
      {"--nodes", &arguments.nodes},
      {"--output", &arguments.output},
      {"--generate", &arguments.generate},
      {"--series", &arguments.series}};
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& option = words[i];
    if (option == "--help") {
      arguments.help = true;
      return arguments;
    }
    if (i + 1 == words.size()) return Usage(option + " is not known or lacks its value");
    const std::string& value = words[++i];
    bool known = false;
    for (const auto& [name, text] : texts) {
      if (option != name) continue;
      *text = value;
      known = true;
    }
    if (known) continue;
    if (option == "--seed") {
      WEIR_ASSIGN_OR_RETURN(const int64_t seed, ParseNumber(option, value, INT64_MAX));
      arguments.seed = static_cast<uint64_t>(seed);
    } else if (option == "--node-memory-mb") {
      WEIR_ASSIGN_OR_RETURN(arguments.node.memory_mib,
                            ParseNumber(option, value, Resource::kMemoryMibMax));
    } else if (option == "--node-vcores") {
      WEIR_ASSIGN_OR_RETURN(arguments.node.vcores,
                            ParseNumber(option, value, Resource::kVcoresMax));
    } else if (option == "--limit-s") {
      WEIR_ASSIGN_OR_RETURN(const int64_t limit, ParseNumber(option, value, kTimeMax / seconds(1)));
      arguments.limit = seconds(limit);
    } else {
      return Usage(option + " is not known");
    }
  }
  if (arguments.trace.empty() == arguments.generate.empty()) {
    return Usage("give --trace or --generate");
  }
  return arguments;
}

std::string FileName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Status Write(const std::string& path, const std::string& text) {
  if (path.empty()) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
        std::fflush(stdout) == 0) {
      return {};
    }
    return Error{ErrorCode::kInternal, "standard output cannot be written", "give --output FILE"};
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (file) return {};
  return Error{
      ErrorCode::kInternal, path + " cannot be written", "check the directory and its rights"};
}

Result<std::vector<NodePlan>> MakeNodes(const Arguments& arguments, Trace& trace) {
  if (arguments.nodes.empty()) return NodesOf(trace, arguments.node);
  WEIR_ASSIGN_OR_RETURN(const std::string text, ReadFile(arguments.nodes));
  IgnoredFields ignored;
  auto nodes = ReadNodes(FileName(arguments.nodes), text, arguments.node, ignored);
  trace.ignored_fields.insert(trace.ignored_fields.end(), ignored.begin(), ignored.end());
  return nodes;
}

Result<bool> Simulate(const Arguments& arguments) {
  WEIR_ASSIGN_OR_RETURN(const std::string text, ReadFile(arguments.trace));
  WEIR_ASSIGN_OR_RETURN(Trace trace, ReadTrace(arguments.trace, text, arguments.seed));
  WEIR_ASSIGN_OR_RETURN(const std::vector<NodePlan> nodes, MakeNodes(arguments, trace));
  ClusterOptions options;
  WEIR_ASSIGN_OR_RETURN(options.core, MakeCoreOptions(arguments.queues, nodes));
  options.seed = trace.seed;
  options.limit = arguments.limit;
  if (!arguments.series.empty()) options.series_every = kSeriesInterval;
  Cluster cluster(options, trace, nodes);
  WEIR_ASSIGN_OR_RETURN(RunFacts facts, cluster.Run());
  facts.trace = FileName(arguments.trace);
  if (!arguments.series.empty()) {
    WEIR_RETURN_IF_ERROR(Write(arguments.series, cluster.series()));
  }
  WEIR_RETURN_IF_ERROR(Write(arguments.output, cluster.recorder().Summary(facts)));
  return facts.complete;
}

Result<bool> Run(const Arguments& arguments) {
  if (arguments.help) {
    WEIR_RETURN_IF_ERROR(Write("", kUsage));
    return true;
  }
  if (!arguments.generate.empty()) {
    WEIR_ASSIGN_OR_RETURN(const std::string text, MakeLoadFile(arguments.generate));
    WEIR_RETURN_IF_ERROR(Write(arguments.output, text));
    return true;
  }
  return Simulate(arguments);
}

}  // namespace
}  // namespace weir::sls

int main(int count, char** words) {
  const auto arguments = weir::sls::Parse(std::vector<std::string>(words + 1, words + count));
  const auto done =
      arguments.ok() ? weir::sls::Run(*arguments) : weir::Result<bool>(arguments.error());
  if (done.ok()) return *done ? 0 : weir::sls::kExitFailure;
  std::fprintf(stderr, "weir-sls: %s\n", done.error().ToString().c_str());
  return done.error().code == weir::ErrorCode::kInternal ? weir::sls::kExitFailure
                                                         : weir::sls::kExitUsage;
}
