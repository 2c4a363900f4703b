// FailoverJournal: what simulated NodeManagers were told to start and to stop, and what the owners
// of containers wished and were told; and the verdict over all of it when the ResourceManagers have
// been killed often enough. The verdict counts containers and applications, each once:
//
//   lost        an acknowledged application that the ResourceManager does not lead any more; a
//               container that runs on a node and not in its books, or the other way round; one
//               whose owner was told of an end that nobody had wished
//   duplicated  a container that was started twice; an attempt with two ApplicationMasters, or an
//               application with two at a time
//   disturbed   a running container that was to stop although its owner had not given it back
//
// Thread-safe.
#ifndef WEIR_TESTS_BENCH_FAILOVER_JOURNAL_H_
#define WEIR_TESTS_BENCH_FAILOVER_JOURNAL_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "platform/mutex.h"

namespace weir::bench {

struct FailoverVerdict {
  std::set<std::string> lost;
  std::set<std::string> duplicated;
  std::set<std::string> disturbed;
  std::string ToString() const;  // with the first few of each
};

// What the ResourceManager answers in the end.
struct FailoverBooks {
  std::set<ApplicationId> applications;  // that it leads
  std::set<ContainerId> containers;      // that are not complete
};

class FailoverJournal {
 public:
  // --- of the nodes
  void Started(const ContainerId& id, Instant at);
  void ToldToStop(const ContainerId& id);

  // --- of the owners
  void Acknowledged(const ApplicationId& id);
  void GivenBack(const ContainerId& id);  // before the ResourceManager is told
  void ToldEnded(const ContainerId& id);

  // When the first container that no ApplicationMaster runs in was started of those that were
  // granted under a later epoch.
  std::optional<Instant> FirstWorkerSince(Epoch epoch) const;
  FailoverVerdict Judge(const FailoverBooks& books) const;

 private:
  struct Entry {
    int starts = 0;
    Instant started;  // the first time
    bool stopped = false;
    bool given_back = false;
    bool told_ended = false;
  };
  void JudgeMasterStart(const ContainerId& id) WEIR_REQUIRES(mutex_);

  mutable platform::Mutex mutex_;
  std::map<ContainerId, Entry> entries_ WEIR_GUARDED_BY(mutex_);
  std::set<ApplicationId> acknowledged_ WEIR_GUARDED_BY(mutex_);
  // Of each application the ApplicationMaster that runs, as the nodes have it.
  std::map<ApplicationId, ContainerId> masters_ WEIR_GUARDED_BY(mutex_);
  std::set<AttemptId> attempts_ WEIR_GUARDED_BY(mutex_);  // that had one
  FailoverVerdict found_ WEIR_GUARDED_BY(mutex_);         // what was seen when it happened
};

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_FAILOVER_JOURNAL_H_
