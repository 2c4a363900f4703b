// Word count: how often each word stands in text files.
//
//   weir run build/examples/word_count.so --input PATH... --output DIRECTORY
//
// Words are what white space separates, as `tr -s '[:space:]' '\n'` cuts them in the C locale. The
// output's lines are "word count", in no particular order.
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stream/api/job_library.h"

namespace {

using weir::stream::Collector;

struct Arguments {
  std::vector<std::string> inputs;
  std::string output;
};

Arguments Parse(const std::vector<std::string>& arguments) {
  constexpr char kUsage[] = "word_count: usage: --input PATH... --output DIRECTORY";
  Arguments parsed;
  std::string option;
  for (const std::string& argument : arguments) {
    if (argument == "--input" || argument == "--output") {
      option = argument;
    } else if (option == "--input") {
      parsed.inputs.push_back(argument);
    } else if (option == "--output" && parsed.output.empty()) {
      parsed.output = argument;
    } else {
      throw std::invalid_argument(std::string(kUsage) + "; not understood: " + argument);
    }
  }
  if (parsed.inputs.empty() || parsed.output.empty()) throw std::invalid_argument(kUsage);
  return parsed;
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

void SplitWords(std::string_view line, Collector<std::string_view>& out) {
  const char* at = line.data();
  const char* const end = at + line.size();
  while (at != end) {
    while (at != end && IsSpace(*at)) ++at;
    const char* const begin = at;
    while (at != end && !IsSpace(*at)) ++at;
    if (at != begin) out.Collect(std::string_view(begin, static_cast<size_t>(at - begin)));
  }
}

}  // namespace

WEIR_STREAM_JOB(env, arguments) {
  const Arguments parsed = Parse(arguments);
  env.SetName("word count");
  env.ReadTextFiles(parsed.inputs)
      .FlatMap<std::string_view>(SplitWords)
      .Map([](std::string_view word) { return std::pair(word, int64_t{1}); })
      .KeyBy([](const auto& count) { return count.first; })
      .Sum()
      .WriteTextFiles(parsed.output);
}
