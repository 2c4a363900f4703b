// OpenAs: opens a file for reading with the rights of an account, in a process that has root's. For
// what a user names and the NodeManager reads: it must not be lent more than he has.
#ifndef WEIR_NODEMANAGER_EXECUTOR_OPEN_AS_H_
#define WEIR_NODEMANAGER_EXECUTOR_OPEN_AS_H_

#include <string>

#include "common/result.h"
#include "nodemanager/core/run_as.h"
#include "platform/file_descriptor.h"

namespace weir::nm {

// nullptr: with the rights of this process. Does not wait for a pipe's writer. Errors: those of
// file_system.h. Only this thread has the account's rights meanwhile; if it could not get its own
// back, the process ends. Thread-safe.
Result<platform::FileDescriptor> OpenAs(const Account* account, const std::string& path);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_OPEN_AS_H_
