#include "nodemanager/executor/health_script.h"

#include <utility>

#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr char kErrorWord[] = "ERROR";

std::string ErrorLine(const std::string& text) {
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with(kErrorWord)) return std::string(Trim(line));
  }
  return "";
}

}  // namespace

ScriptResult RunHealthScript(const HealthScript& script, const std::function<bool()>& stopping) {
  using End = ScriptResult::End;
  std::vector<std::string> words = {script.path};
  words.insert(words.end(), script.arguments.begin(), script.arguments.end());
  ScriptRun run = RunScript(std::move(words), script.timeout, stopping);
  if (std::string line = ErrorLine(run.output); !line.empty()) {
    return {script.name, End::kError, std::move(line)};
  }
  switch (run.end) {
    case ScriptRun::End::kEnded:
    case ScriptRun::End::kStopped:
      return {script.name, End::kGood, ""};
    case ScriptRun::End::kNotRun:
      return {script.name, End::kNotRun, std::move(run.cause)};
    case ScriptRun::End::kTimedOut:
      break;
  }
  return {script.name,
          End::kTimedOut,
          script.path + " did not end within " + std::to_string(ToMillis(script.timeout)) +
              " ms and was killed"};
}

}  // namespace weir::nm
