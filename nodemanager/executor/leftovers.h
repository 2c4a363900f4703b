// What an earlier run of this NodeManager left behind: containers whose processes may still run,
// and directories. Called once at start, before anything else touches the directories.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LEFTOVERS_H_
#define WEIR_NODEMANAGER_EXECUTOR_LEFTOVERS_H_

#include "common/time.h"
#include "nodemanager/core/recovery.h"
#include "nodemanager/executor/container_directories.h"
#include "platform/file_system.h"

namespace weir::nm {

// Completes `recovery`, which has the records, by what is found on the machine.
//
// A container with a record that is not complete is left alone: `found` says whether its launcher
// lives, how it ended, or that nothing of it was ever started (what was prepared is removed then,
// so that preparing begins anew). A launcher that was killed has left its processes to nobody: they
// are killed, and `outcome` is kLost.
//
// Every other container that is found is killed and told in `ended`, as it ended before by itself
// or as kAborted; its notes stay until the RM has recorded that. One whose notes say that the RM
// has, is no such container. Working directories of containers that do not live are removed, and
// notes of which the RM needs no more; but not before `delete_delay` is over since they were to go:
// those are told in `kept`.
//
// `patience`: for all that is to be killed together; what outlasts it is logged as an error and
// told as ended nevertheless. kUnavailable: the notes cannot be listed; kFailedPrecondition: a
// newer release has written some of them, and nothing was touched.
Status FindLeftovers(platform::FileSystem& files,
                     const ContainerDirectories& directories,
                     Duration patience,
                     Recovery& recovery,
                     Duration delete_delay = Duration{0});

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LEFTOVERS_H_
