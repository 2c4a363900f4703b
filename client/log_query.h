// LogQuery: what `weir logs` was asked for, checked as a whole. Immutable value, but for Seen.
#ifndef WEIR_CLIENT_LOG_QUERY_H_
#define WEIR_CLIENT_LOG_QUERY_H_

#include <cstdint>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "client/arguments.h"
#include "common/ids.h"
#include "common/result.h"

namespace weir::cli {

enum class LogAction { kPrint, kFollow, kListNodes, kShowInfo };

struct LogQuery {
  LogAction action = LogAction::kPrint;
  ApplicationId application;
  std::optional<AttemptId> attempt;
  std::optional<ContainerId> container;
  bool masters_only = false;
  std::vector<int32_t> master_attempts;  // -1 = the last one; empty = all
  std::string role;                      // "" = any
  std::string node;                      // host:port; "" = any
  std::string owner;                     // whose collected logs; "" = whoever's
  std::vector<std::string> files;        // empty = all
  std::optional<std::regex> pattern;     // that a name has to match somewhere
  std::optional<int64_t> size;           // of each file; negative: the last bytes
  int64_t limit_bytes = -1;              // of all together; -1 = none
  std::string out;                       // a directory; "" = standard output

  // `last_attempt`: the highest number of an attempt that is known.
  bool TakesContainer(const ContainerId& id,
                      const std::string& container_role,
                      const std::string& container_node,
                      int32_t last_attempt) const;
  bool TakesFile(const std::string& name) const;
};

// The options of `weir logs`.
std::vector<OptionSpec> LogOptions();
// kInvalidArgument: one is wrong, or two do not go together.
Result<LogQuery> ReadLogQuery(const Arguments& arguments);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_LOG_QUERY_H_
