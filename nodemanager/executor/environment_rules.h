// The node's own variables for containers, as its configuration says them: admin-env and
// env-whitelist.
//
// Terms. Own: of the NodeManager's environment. Forced: set in every container, over what that sets
// (admin-env). Passed: an own one, for containers that do not set it (env-whitelist).
//
// Nothing is passed but by its full name: what is secret, or changes how programs are loaded
// (LD_*), stays with the NodeManager unless an administrator writes its name. Names that the
// NodeManager sets itself are refused, but for PATH, HOME and LANG. Pure functions; thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_ENVIRONMENT_RULES_H_
#define WEIR_NODEMANAGER_EXECUTOR_ENVIRONMENT_RULES_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "nodemanager/executor/container_environment.h"

namespace weir::nm {

inline constexpr size_t kRuleVariablesMax = 256;          // forced; and passed
inline constexpr size_t kRuleVariablesBytes = 64u << 10;  // of all of either

// Nothing: the NodeManager has no such variable.
using FindVariable = std::function<std::optional<std::string>(const std::string& name)>;

// "NAME=value", comma-separated; $NAME and ${NAME} in a value are own variables, and a variable
// that needs one that is not there is left out. kInvalidArgument: another form, a name that cannot
// be or is the NodeManager's, one twice, too many.
Result<Environment> ParseForced(std::string_view text, const FindVariable& own);
// One of them, whose value may have commas; added to `forced`.
Status AddForced(const std::string& name,
                 std::string_view value,
                 const FindVariable& own,
                 Environment& forced);

// Names, comma-separated: those that the NodeManager has, with their values. kInvalidArgument as
// above.
Result<Environment> ParsePassed(std::string_view text, const FindVariable& own);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_ENVIRONMENT_RULES_H_
