#include "tests/simulation/hits.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/strings.h"

namespace weir::simulation {
namespace {

constexpr std::string_view kRuns = "runs";
constexpr std::string_view kMessages = "messages";
constexpr std::string_view kFault = "fault";
constexpr std::string_view kPair = "pair";

Error Malformed(const std::string& file, std::string_view line) {
  return {ErrorCode::kInvalidArgument,
          file + ": \"" + std::string(line) + "\" is no line of hits",
          "have it written anew with weir-sim --hits"};
}

bool TakeLine(const std::vector<std::string_view>& words, int64_t count, Hits& hits) {
  if (words.size() == 2 && words[1] == kRuns) {
    hits.runs += count;
  } else if (words.size() == 2 && words[1] == kMessages) {
    hits.faults.messages += count;
  } else if (words.size() == 3 && words[1] == kFault) {
    const std::optional<Fault> fault = FindFault(words[2]);
    if (!fault) return false;
    hits.faults[*fault] += count;
  } else if (words.size() == 5 && words[1] == kPair) {
    hits.coverage.Hit(words[2], words[3], words[4], count);
  } else {
    return false;
  }
  return true;
}

const UnreachablePair* FindUnreachable(const Coverage::Pair& pair) {
  for (const UnreachablePair& one : UnreachablePairs()) {
    if (one.machine == pair.machine && one.state == pair.state && one.event == pair.event) {
      return &one;
    }
  }
  return nullptr;
}

bool IsPair(const UnreachablePair& one, const std::vector<Coverage::Pair>& pairs) {
  return std::any_of(pairs.begin(), pairs.end(), [&one](const Coverage::Pair& pair) {
    return one.machine == pair.machine && one.state == pair.state && one.event == pair.event;
  });
}

}  // namespace

void Hits::Merge(const Hits& other) {
  runs += other.runs;
  faults += other.faults;
  coverage.Merge(other.coverage);
}

std::string Hits::ToText() const {
  std::string text = std::to_string(runs) + "\t" + std::string(kRuns) + "\n" +
                     std::to_string(faults.messages) + "\t" + std::string(kMessages) + "\n";
  for (const FaultKind& kind : FaultKinds()) {
    text += std::to_string(faults[kind.fault]) + "\t" + std::string(kFault) + "\t" +
            std::string(kind.name) + "\n";
  }
  for (const Coverage::Pair& pair : coverage.Pairs()) {
    text += std::to_string(pair.hits) + "\t" + std::string(kPair) + "\t" + pair.machine + "\t" +
            pair.state + "\t" + pair.event + "\n";
  }
  return text;
}

Result<Hits> Hits::FromText(const std::string& file, std::string_view text) {
  Hits hits;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    const std::vector<std::string_view> words = Split(line, '\t');
    const std::optional<int64_t> count = ParseInt64(words.front());
    if (!count || *count < 0 || !TakeLine(words, *count, hits)) return Malformed(file, line);
  }
  return hits;
}

std::vector<std::string> Hits::Complaints() const {
  std::vector<std::string> complaints;
  for (const FaultKind& kind : FaultKinds()) {
    if (faults[kind.fault] >= kOfEachFault) continue;
    complaints.push_back(std::to_string(faults[kind.fault]) + " " + std::string(kind.name) + " (" +
                         std::string(kind.what) + "), fewer than " + std::to_string(kOfEachFault));
  }
  const std::vector<Coverage::Pair> pairs = coverage.Pairs();
  for (const Coverage::Pair& pair : pairs) {
    const UnreachablePair* unreachable = FindUnreachable(pair);
    if (pair.hits == 0 && unreachable == nullptr) {
      complaints.push_back("never occurred: " + pair.ToString());
    }
    if (pair.hits > 0 && unreachable != nullptr) {
      complaints.push_back("occurred " + std::to_string(pair.hits) + " times: " + pair.ToString() +
                           ", although \"" + std::string(unreachable->why) + "\"");
    }
  }
  for (const UnreachablePair& one : UnreachablePairs()) {
    if (IsPair(one, pairs)) continue;
    complaints.push_back(
        "no table has the pair that cannot be reached: " + std::string(one.machine) + " " +
        std::string(one.state) + " " + std::string(one.event));
  }
  return complaints;
}

}  // namespace weir::simulation
