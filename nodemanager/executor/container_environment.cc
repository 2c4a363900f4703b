#include "nodemanager/executor/container_environment.h"

#include <array>

namespace weir::nm {
namespace {

constexpr std::array<std::string_view, 3> kReplaceable = {"PATH", "HOME", "LANG"};

bool IsReplaceable(std::string_view name) {
  for (const std::string_view one : kReplaceable) {
    if (one == name) return true;
  }
  return false;
}

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

}  // namespace

std::string ReplacePlaceholders(std::string_view text, const Environment& environment) {
  std::string result;
  while (true) {
    const size_t open = text.find("{{");
    const size_t close = open == std::string_view::npos ? open : text.find("}}", open + 2);
    if (close == std::string_view::npos) return result.append(text);
    const auto it = environment.find(std::string(text.substr(open + 2, close - open - 2)));
    if (it == environment.end()) {
      result.append(text.substr(0, open + 2));
      text.remove_prefix(open + 2);
      continue;
    }
    result.append(text.substr(0, open)).append(it->second);
    text.remove_prefix(close + 2);
  }
}

Environment CombineEnvironment(const Environment& base, const Environment& wanted) {
  Environment combined = base;
  for (const auto& [name, value] : wanted) {
    if (base.contains(name) && !IsReplaceable(name)) continue;
    combined[name] = ReplacePlaceholders(value, base);
  }
  return combined;
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
