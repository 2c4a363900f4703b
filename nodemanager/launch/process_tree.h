// The processes below this one, which as their subreaper has them all: also those that made
// sessions of their own or whose parents have ended. Single-threaded.
#ifndef WEIR_NODEMANAGER_LAUNCH_PROCESS_TREE_H_
#define WEIR_NODEMANAGER_LAUNCH_PROCESS_TREE_H_

#include <sys/types.h>

#include <vector>

namespace weir::nm::launch {

// All that live now, from /proc; a snapshot.
std::vector<pid_t> Descendants();
// One pass; what is forked meanwhile may escape it. Never reaches a process that is not below this
// one, also if that has got the number of one that was.
void SignalAll(int signal);
// Stops them first, until no new ones appear, so that none can fork while being killed.
void KillAll();

}  // namespace weir::nm::launch

#endif  // WEIR_NODEMANAGER_LAUNCH_PROCESS_TREE_H_
