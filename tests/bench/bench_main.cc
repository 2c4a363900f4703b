// weir-bench: runs one benchmark and prints its metrics.
//
//   weir-bench                              lists the benchmarks
//   weir-bench NAME [--key value]... [--json] [--samples FILE]
//
// --samples writes every raw value as a JSON line; scripts/bench-metrics computes the metrics from
// it again.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/strings.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_master.h"
#include "tests/bench/memory_role.h"

namespace weir::bench {
namespace {

using nlohmann::ordered_json;

struct Request {
  const Benchmark* benchmark = nullptr;
  Parameters parameters;
  bool json = false;
  std::string samples_file;
};

int Usage(const std::string& message) {
  std::fprintf(stderr, "weir-bench: %s (run it without arguments for the list)\n", message.c_str());
  return 2;
}

// As it is typed: a number or a word.
std::string ValueText(const Benchmark& benchmark, const std::string& key, int64_t value) {
  const auto words = benchmark.words.find(key);
  return words == benchmark.words.end() ? std::to_string(value)
                                        : words->second[static_cast<size_t>(value)];
}

std::optional<int64_t> ParseValue(const Benchmark& benchmark,
                                  const std::string& key,
                                  const std::string& text) {
  const auto words = benchmark.words.find(key);
  if (words == benchmark.words.end()) return ParseInt64(text);
  const auto word = std::find(words->second.begin(), words->second.end(), text);
  if (word == words->second.end()) return std::nullopt;
  return word - words->second.begin();
}

void PrintList() {
  std::puts("Usage: weir-bench NAME [--key value]... [--json] [--samples FILE]\n");
  for (const Benchmark& benchmark : Benchmarks()) {
    std::printf("%s\n  %s\n ", benchmark.name.c_str(), benchmark.what.c_str());
    for (const auto& [key, value] : benchmark.defaults) {
      std::printf(" --%s %s", key.c_str(), ValueText(benchmark, key, value).c_str());
    }
    std::printf("\n");
  }
}

Result<Request> Parse(const std::vector<std::string>& words) {
  Request request;
  for (const Benchmark& benchmark : Benchmarks()) {
    if (benchmark.name == words[0]) request.benchmark = &benchmark;
  }
  if (request.benchmark == nullptr) {
    return Error{ErrorCode::kInvalidArgument, "there is no benchmark '" + words[0] + "'", ""};
  }
  request.parameters = request.benchmark->defaults;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--json") {
      request.json = true;
      continue;
    }
    // A switch without a number means 1.
    const bool alone = i + 1 == words.size() || words[i + 1].starts_with("--");
    const std::string name = words[i].starts_with("--") ? words[i].substr(2) : "";
    if (alone && request.parameters.contains(name)) {
      request.parameters[name] = 1;
      continue;
    }
    if (!words[i].starts_with("--") || i + 1 == words.size()) {
      return Error{ErrorCode::kInvalidArgument, "'" + words[i] + "' needs --key value", ""};
    }
    const std::string key = words[i].substr(2);
    const std::string& value = words[++i];
    if (key == "samples") {
      request.samples_file = value;
      continue;
    }
    const auto number = ParseValue(*request.benchmark, key, value);
    if (!request.parameters.contains(key) || !number || *number < 0) {
      return Error{
          ErrorCode::kInvalidArgument,
          "'--" + key + " " + value + "' is not a parameter of " + words[0] + " with its value",
          ""};
    }
    request.parameters[key] = *number;
  }
  return request;
}

std::string WhyNot(const Request& request, const Metric& metric) {
  const auto why_not = request.benchmark->why_not;
  return why_not == nullptr ? "" : why_not(metric.name, request.parameters);
}

ordered_json Spread(std::vector<double> values) {
  const double median = Compute(Statistic::kP50, values);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {{"median", median}, {"min", *low}, {"max", *high}};
}

void WriteSamples(std::ofstream& file, int64_t run, const Request& request, const Samples& all) {
  for (const Metric& metric : request.benchmark->metrics) {
    if (!WhyNot(request, metric).empty()) continue;
    file << ordered_json{{"metric", metric.name},
                         {"sample", metric.sample},
                         {"statistic", StatisticName(metric.statistic)}}
                .dump()
         << "\n";
  }
  for (const auto& [name, values] : all) {
    for (const double value : values) {
      file << ordered_json{{"run", run}, {"sample", name}, {"value", value}}.dump() << "\n";
    }
  }
}

Result<ordered_json> Run(const Request& request) {
  std::ofstream samples_file;
  if (!request.samples_file.empty()) {
    samples_file.open(request.samples_file);
    if (!samples_file) {
      return Error{ErrorCode::kUnavailable, "cannot write " + request.samples_file, ""};
    }
  }
  const int64_t runs = request.parameters.at("runs");
  std::map<std::string, std::vector<double>> values;
  for (int64_t run = 0; run < runs; ++run) {
    WEIR_ASSIGN_OR_RETURN(const Samples samples, request.benchmark->run(request.parameters));
    for (const Metric& metric : request.benchmark->metrics) {
      if (!WhyNot(request, metric).empty()) continue;
      const auto found = samples.find(metric.sample);
      if (found == samples.end() || found->second.empty()) {
        return Error{
            ErrorCode::kInternal, "run " + std::to_string(run) + " has no " + metric.sample, ""};
      }
      values[metric.name].push_back(Compute(metric.statistic, found->second));
    }
    if (samples_file.is_open()) WriteSamples(samples_file, run, request, samples);
  }
  ordered_json parameters = ordered_json::object();
  for (const auto& [key, value] : request.parameters) {
    if (request.benchmark->words.contains(key)) {
      parameters[key] = ValueText(*request.benchmark, key, value);
    } else {
      parameters[key] = value;
    }
  }
  ordered_json metrics = ordered_json::object();
  for (const Metric& metric : request.benchmark->metrics) {
    const std::string why_not = WhyNot(request, metric);
    if (why_not.empty()) {
      metrics[metric.name] = Spread(values[metric.name]);
    } else {
      parameters[metric.name] = why_not;
    }
  }
  return ordered_json{{"name", request.benchmark->name},
                      {"parameters", std::move(parameters)},
                      {"runs", runs},
                      {"metrics", std::move(metrics)}};
}

void PrintTable(const Request& request, const ordered_json& result) {
  std::printf("%s: %s\n", request.benchmark->name.c_str(), request.benchmark->what.c_str());
  for (const auto& [name, spread] : result.at("metrics").items()) {
    std::printf("  %-32s median %12.2f   min %12.2f   max %12.2f\n",
                name.c_str(),
                spread.at("median").get<double>(),
                spread.at("min").get<double>(),
                spread.at("max").get<double>());
  }
}

// The daemons are those beside this program, unless told otherwise.
void FindDaemons() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return;
  const std::string self(path, static_cast<size_t>(length));
  setenv("WEIR_BIN_DIR", self.substr(0, self.rfind('/')).c_str(), 0);
}

int Main(const std::vector<std::string>& words) {
  FindDaemons();
  if (words.empty() || words[0] == "--help") {
    PrintList();
    return 0;
  }
  const auto request = Parse(words);
  if (!request.ok()) return Usage(request.error().message);
  const auto result = Run(*request);
  if (!result.ok()) {
    std::fprintf(stderr, "weir-bench: %s\n", result.error().ToString().c_str());
    return 1;
  }
  if (request->json) {
    std::puts(result->dump().c_str());
  } else {
    PrintTable(*request, *result);
  }
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  // The role in which a container of a benchmark runs this same program.
  if (!words.empty() && words[0] == "--as-master") return weir::bench::RunAsMaster(words);
  if (!words.empty() && words[0] == weir::bench::kMemoryRole) {
    return weir::bench::RunMemoryRole(words);
  }
  return weir::bench::Main(words);
}
