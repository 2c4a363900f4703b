// NodeHealth: whether this node may get new containers, and why not: samples in, verdict out.
//
// Terms. A *directory* (local or log) is *good* when it can be written and is not too full. It is
// too full from the stop limits on, until it is back within the resume limits: in between it stays
// what it was, so that a node does not flap. A *script* is a program of the administrator's; a line
// of it that begins with ERROR, or no end in time, makes the node unhealthy. *Suspicion*: so many
// launches in a row failed by the node's own fault that it gets none for a while; the first failure
// after that renews it, a success ends the row.
//
// Verdict. Unhealthy: too few good directories of a kind, a script says so, or suspicion. Degraded:
// healthy, but with a reason to look. The report names each reason with its numbers; it is empty
// when all is well, and changes only when a reason does (percents are whole).
//
// Owner: the NodeManager core. Single-threaded; no clock.
#ifndef WEIR_NODEMANAGER_CORE_NODE_HEALTH_H_
#define WEIR_NODEMANAGER_CORE_NODE_HEALTH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/time.h"

namespace weir::nm {

enum class DirectoryKind : int { kLocal = 0, kLog = 1 };

// One look at one directory.
struct DirectorySample {
  std::string path;
  DirectoryKind kind = DirectoryKind::kLocal;
  std::string fault{};      // why it cannot be used; "" = a file in it could be written
  int64_t total_bytes = 0;  // of its file system, as far as others than root may use it
  int64_t free_bytes = 0;
};

// One run of a script.
struct ScriptResult {
  enum class End : int {
    kGood = 0,      // whatever its exit status
    kError = 1,     // it said ERROR
    kTimedOut = 2,  // it was killed
    kNotRun = 3,    // it could not be started: no fault of the node
  };
  std::string name;
  End end = End::kGood;
  std::string text{};  // the line of kError, the cause of kTimedOut and kNotRun
};

struct HealthLimits {
  double stop_percent = 90;     // used
  double resume_percent = 85;   // at most stop_percent
  int64_t stop_free_bytes = 0;  // less is too little
  int64_t resume_free_bytes = 0;
  double min_healthy_share = 0.25;  // of the directories of each kind; one at least
  int suspect_after = 3;            // launch failures in a row; 0 = never
  Duration suspicion = seconds(300);
};

class NodeHealth {
 public:
  struct Directory {
    DirectorySample last;
    bool full = false;
    bool good() const { return !full && last.fault.empty(); }
  };

  explicit NodeHealth(const HealthLimits& limits) : limits_(limits) {}

  // All directories of one round; what is not among them is forgotten.
  void OnSamples(std::vector<DirectorySample> samples);
  void OnScript(ScriptResult result);
  // A container could not be started by the node's own fault / runs.
  void OnLaunchFailed(const std::string& cause, Now now);
  void OnLaunched();
  // The node cannot keep its records, for this reason; "" = it can. Degrades it: each start that
  // fails for that counts as a launch failure.
  void OnRecords(const std::string& fault);
  // Ends a suspicion whose time is over.
  void OnDeadline(Now now);
  Instant NextDeadline() const { return suspected_until_; }

  bool healthy() const;
  bool degraded() const { return healthy() && !report().empty(); }
  std::string report() const;
  const std::vector<Directory>& directories() const { return directories_; }
  std::vector<std::string> Good(DirectoryKind kind) const;
  // Before the first samples every directory counts as good.
  bool sampled() const { return sampled_; }

 private:
  bool IsTooFull(const DirectorySample& sample, bool was_full) const;
  bool Enough(DirectoryKind kind) const;
  std::string DirectoryWords(DirectoryKind kind) const;
  std::string Reason(const Directory& directory) const;

  const HealthLimits limits_;
  bool sampled_ = false;
  std::vector<Directory> directories_;
  std::map<std::string, ScriptResult> scripts_;  // those with something to say
  std::string records_fault_;
  int failures_in_a_row_ = 0;
  std::string last_failure_;
  Instant suspected_until_ = kNever;
  WallTime suspected_until_wall_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_NODE_HEALTH_H_
