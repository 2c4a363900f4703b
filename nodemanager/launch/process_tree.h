// The processes below this one, which as their subreaper has them all: also those that made
// sessions of their own or whose parents have ended. Single-threaded.
#ifndef WEIR_NODEMANAGER_LAUNCH_PROCESS_TREE_H_
#define WEIR_NODEMANAGER_LAUNCH_PROCESS_TREE_H_

#include <sys/types.h>

#include <vector>

namespace weir::nm::launch {

struct ProcessAndParent {
  pid_t pid = 0;
  pid_t parent = 0;
};

// Those of `all` below `top`, each once. What /proc says of one process after the other fits
// together no more when numbers are given again meanwhile: it may be a ring.
std::vector<pid_t> DescendantsOf(pid_t top, const std::vector<ProcessAndParent>& all);

// All that live now, from /proc; a snapshot.
std::vector<pid_t> Descendants();
// One pass; what is forked meanwhile may escape it. Never reaches a process that is not below this
// one, also if that has got the number of one that was.
void SignalAll(int signal);
// Stops them first, until no new ones appear, so that none can fork while being killed.
void KillAll();

}  // namespace weir::nm::launch

#endif  // WEIR_NODEMANAGER_LAUNCH_PROCESS_TREE_H_
