// The environment of a container: what the NodeManager sets, what the launch context adds, and the
// replacement of {{NAME}}. Pure functions; thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CONTAINER_ENVIRONMENT_H_
#define WEIR_NODEMANAGER_EXECUTOR_CONTAINER_ENVIRONMENT_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/container.h"
#include "common/result.h"

namespace weir::nm {

using Environment = std::map<std::string, std::string>;

// Every {{NAME}} that `environment` has; others stay as they are, so that they are seen.
std::string ReplacePlaceholders(std::string_view text, const Environment& environment);

// Of the whole node; never one of those that the NodeManager sets itself, but for PATH, HOME and
// LANG.
struct EnvironmentRules {
  Environment passed{};  // of the NodeManager's own, for containers that do not set them
  Environment forced{};  // over what containers set
};

// `base`: what the NodeManager sets. The launch context adds and may replace PATH, HOME, LANG and
// what is passed; its values may name variables of `base` and of the rules.
Environment CombineEnvironment(const Environment& base,
                               const EnvironmentRules& rules,
                               const Environment& wanted);
// PATH, HOME, LANG.
bool IsReplaceable(std::string_view name);

// Of arguments and environment together, as the program gets them. The system itself takes less
// than some MiB (and 128 KiB of one string).
inline constexpr size_t kExpandedBytes = 1u << 20;

struct ExpandedLaunch {
  Environment environment;
  std::vector<std::string> command;
};
// Environment and arguments with every placeholder replaced: those of arguments by any variable of
// the container. kInvalidArgument: it would have more than kExpandedBytes, says how many; nothing
// of that size is made to find out.
Result<ExpandedLaunch> ExpandLaunch(const Environment& base,
                                    const EnvironmentRules& rules,
                                    const LaunchContext& launch);

// The script a reader can run by hand; without secrets, which are in files.
std::string LaunchScript(const Environment& environment,
                         const std::string& directory,
                         const std::vector<std::string>& command);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CONTAINER_ENVIRONMENT_H_
