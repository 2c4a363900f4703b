// Accounts: what the system's databases (which may be a directory service) say about a user, with
// all groups, looked up anew each time so that a change counts for the next container. Blocks;
// thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_ACCOUNTS_H_
#define WEIR_NODEMANAGER_EXECUTOR_ACCOUNTS_H_

#include <optional>
#include <string>

#include "common/result.h"
#include "nodemanager/core/run_as.h"

namespace weir::nm {

// Nothing: there is no such account. kUnavailable: the databases cannot be asked now;
// kResourceExhausted: it has more groups than a process can have.
Result<std::optional<Account>> FindSystemAccount(const std::string& name);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_ACCOUNTS_H_
