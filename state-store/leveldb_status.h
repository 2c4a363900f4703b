// Translates LevelDB's statuses, which carry the cause as text only, into Errors with a remedy.
// Pure; thread-safe.
#ifndef WEIR_STATE_STORE_LEVELDB_STATUS_H_
#define WEIR_STATE_STORE_LEVELDB_STATUS_H_

#include <leveldb/status.h>

#include <string>

#include "common/result.h"

namespace weir::store {

// Requires: !status.ok(). `directory` is the store's; `what` was attempted ("open", "write to").
//   kFailedPrecondition  the directory is locked by another process or store
//   kResourceExhausted   no space, over quota, over the file size limit
//   kPermissionDenied    the directory or a file in it may not be accessed
//   kCorruption          the store's files are damaged
//   kUnavailable         anything else
Error TranslateLevelDbStatus(const leveldb::Status& status,
                             const std::string& what,
                             const std::string& directory);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_LEVELDB_STATUS_H_
