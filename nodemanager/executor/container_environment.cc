#include "nodemanager/executor/container_environment.h"

#include <algorithm>
#include <array>

namespace weir::nm {
namespace {

constexpr std::array<std::string_view, 3> kReplaceable = {"PATH", "HOME", "LANG"};

// For a shell: 'it'\''s'.
std::string Quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// What `text` becomes, piece by piece.
template <typename Take>
void Replace(std::string_view text, const Environment& environment, Take take) {
  while (true) {
    const size_t open = text.find("{{");
    const size_t close = open == std::string_view::npos ? open : text.find("}}", open + 2);
    if (close == std::string_view::npos) return take(text);
    const auto it = environment.find(std::string(text.substr(open + 2, close - open - 2)));
    if (it == environment.end()) {
      take(text.substr(0, open + 2));
      text.remove_prefix(open + 2);
      continue;
    }
    take(text.substr(0, open));
    take(std::string_view(it->second));
    text.remove_prefix(close + 2);
  }
}

size_t ReplacedSize(std::string_view text, const Environment& environment) {
  size_t size = 0;
  Replace(text, environment, [&size](std::string_view piece) { size += piece.size(); });
  return size;
}

bool IsOurs(const Environment& base, const std::string& name) {
  return base.contains(name) && !IsReplaceable(name);
}

// By the launch context.
bool IsSettable(const Environment& base, const EnvironmentRules& rules, const std::string& name) {
  return !IsOurs(base, name) && !rules.forced.contains(name);
}

// What is there before the launch context adds to it.
Environment WithRules(const Environment& base, const EnvironmentRules& rules) {
  Environment known = base;
  for (const Environment* more : {&rules.passed, &rules.forced}) {
    for (const auto& [name, value] : *more) {
      if (!IsOurs(base, name)) known[name] = value;
    }
  }
  return known;
}

Status CheckExpandedSize(size_t bytes) {
  if (bytes <= kExpandedBytes) return {};
  return Error{ErrorCode::kInvalidArgument,
               "with its placeholders replaced, the command and its environment would have " +
                   std::to_string(bytes) + " bytes, at most " + std::to_string(kExpandedBytes),
               "give large parts to the container as local resources"};
}

size_t SizeOf(const Environment& environment) {
  size_t size = 0;
  for (const auto& [name, value] : environment) size += name.size() + value.size() + 2;
  return size;
}

}  // namespace

std::string ReplacePlaceholders(std::string_view text, const Environment& environment) {
  std::string result;
  Replace(text, environment, [&result](std::string_view piece) { result.append(piece); });
  return result;
}

bool IsReplaceable(std::string_view name) {
  return std::ranges::find(kReplaceable, name) != kReplaceable.end();
}

Environment CombineEnvironment(const Environment& base,
                               const EnvironmentRules& rules,
                               const Environment& wanted) {
  const Environment known = WithRules(base, rules);
  Environment combined = known;
  for (const auto& [name, value] : wanted) {
    if (!IsSettable(base, rules, name)) continue;
    combined[name] = ReplacePlaceholders(value, known);
  }
  return combined;
}

Result<ExpandedLaunch> ExpandLaunch(const Environment& base,
                                    const EnvironmentRules& rules,
                                    const LaunchContext& launch) {
  const Environment known = WithRules(base, rules);
  size_t bytes = SizeOf(known);
  for (const auto& [name, value] : launch.environment) {
    if (IsSettable(base, rules, name)) bytes += name.size() + ReplacedSize(value, known) + 2;
  }
  WEIR_RETURN_IF_ERROR(CheckExpandedSize(bytes));
  ExpandedLaunch expanded;
  expanded.environment = CombineEnvironment(base, rules, launch.environment);
  bytes = SizeOf(expanded.environment);
  for (const std::string& argument : launch.command) {
    bytes += ReplacedSize(argument, expanded.environment) + 1;
  }
  WEIR_RETURN_IF_ERROR(CheckExpandedSize(bytes));
  for (const std::string& argument : launch.command) {
    expanded.command.push_back(ReplacePlaceholders(argument, expanded.environment));
  }
  return expanded;
}

std::string LaunchScript(const Environment& environment,
                         const std::string& directory,
                         const std::vector<std::string>& command) {
  std::string script =
      "#!/bin/sh\n"
      "# What weir-launch started here, for reading; the container was not started by this file.\n"
      "cd " +
      Quote(directory) + " || exit 1\nexec env -i";
  for (const auto& [name, value] : environment) script += " \\\n  " + Quote(name + "=" + value);
  for (const std::string& argument : command) script += " \\\n  " + Quote(argument);
  return script + "\n";
}

}  // namespace weir::nm
