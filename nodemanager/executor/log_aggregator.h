// LogAggregator: one thread that brings the logs of this node to the shared directory while
// applications run and when they end, and takes away what is old, there and here.
//
// What is to be done is read from the disk: every application with a log directory here is
// collected, every roll_interval while it is not over, once more when it is. Its note
// (<notes>/<application>: user, archive name, whether it is over, when it was collected for the
// last time) makes a later run of the NodeManager go on. An application is over when the
// ResourceManager said so (ApplicationEnded), or when nothing of it runs here and nothing was
// written for local_retain. What runs here is known as of the last Update: what was written since
// then is no silence, and before the first one nothing is. Then its local logs are removed,
// delete_delay after the last round, container by container. One that has a container here again by
// then, or in whose logs something was written since, is not over after all: it is collected
// further. What could not be collected is never removed; what a bound of the archive kept out
// (log_collector.h) stays for local_retain, as without aggregation.
//
// A round that fails (full disk, directory not there) is repeated after a back-off that doubles up
// to the roll interval; the report says what is wrong. Archives of applications that are not here
// and in which nothing was written for `retain` are removed every retain_check.
//
// Owner: the daemon; the destructor gives what is under way stop_patience to be collected and
// joins. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_AGGREGATOR_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_AGGREGATOR_H_

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "nodemanager/executor/log_collector.h"
#include "platform/mutex.h"

namespace weir::nm {

struct AggregatorOptions {
  logs::ArchiveRoot root;
  std::string node;  // host:port
  int64_t max_archive_bytes = int64_t{10} << 30;
  std::string notes;  // a directory of its own
  Duration roll_interval = seconds(60);
  Duration smallest_back_off = seconds(1);
  Duration local_retain = seconds(10'800);
  Duration delete_delay{0};
  std::optional<Duration> retain;  // nothing = for ever
  Duration retain_check = seconds(3600);
  Duration stop_patience = seconds(5);
};

struct AggregationReport {
  int64_t applications = 0;  // with logs here that are not removed yet
  int64_t failing = 0;       // of them: the last round failed
  int64_t bytes = 0;         // collected by this run
  int64_t rounds = 0;        // of this run that went well
  int64_t failures = 0;      // of this run that did not
  int64_t removed = 0;       // archives removed because they were old
  std::string last_error;    // "" when the last round of every application went well
  WallTime last_success{};   // 1970 = none
};

class LogAggregator {
 public:
  LogAggregator(platform::FileSystem& files,
                const ContainerDirectories& directories,
                AggregatorOptions options);
  ~LogAggregator();
  LogAggregator(const LogAggregator&) = delete;
  LogAggregator& operator=(const LogAggregator&) = delete;

  // The applications with a container here now. Told by the same thread as the next.
  void Update(std::set<ApplicationId> present);
  // The ResourceManager says that it is over, and no container of it is left here.
  void ApplicationEnded(const ApplicationId& id);
  AggregationReport Report() const;

 private:
  struct Application {
    std::string user;
    std::string node;  // archive's name
    bool over = false;
    bool left_out = false;                    // a bound kept something out of the archive
    bool told = false;                        // by the ResourceManager, so that it is over for good
    WallTime collected{};                     // when the last round began; 1970 = not yet
    std::unique_ptr<LogCollector> collector;  // null: it could not be adopted yet
    Instant due{};
    Duration back_off{0};
    bool failing = false;
  };

  void Run();
  // Takes over what was told, and finds applications on the disk.
  void Discover();
  // kNotFound: its user is not known.
  Status Adopt(const ApplicationId& id, Application& application);
  void DoDue(bool whatever_is_due);
  // Removes its local logs, or finds that it is not over. True: it has left the node.
  bool Leave(const ApplicationId& id, Application& application);
  // Something of it is not collected after all; `runs`: it has a container here.
  void TakeBack(const ApplicationId& id, Application& application, bool runs);
  void Collect(const ApplicationId& id, Application& application);
  void NoteFailure(const ApplicationId& id, Application& application, const Error& error);
  Status WriteNote(const ApplicationId& id, const Application& application) const;
  void ReadNote(const ApplicationId& id, Application& application) const;
  bool IsPresent(const ApplicationId& id) const { return present_ && present_->contains(id); }
  bool IsSilent(const ApplicationId& id) const;
  // kFailedPrecondition: something was written after `until`.
  Status RemoveLocal(const ApplicationId& id, WallTime until);
  void RemoveOldArchives();
  void Publish();
  Instant NextDue() const;
  Duration DelayOf(const Application& application) const;  // from the last round to the removal

  platform::FileSystem& files_;
  const ContainerDirectories& directories_;
  const AggregatorOptions options_;
  std::map<ApplicationId, Application> applications_;  // of the thread, as are those below
  std::optional<std::set<ApplicationId>> present_;     // nothing: not told yet
  WallTime present_at_{};                              // when that was so
  std::set<ApplicationId> ended_;                      // told to be over, and not found yet
  Instant discover_due_{};
  Instant retain_due_{};
  AggregationReport counted_;
  std::atomic<bool> stop_ = false;  // in the middle of a round
  mutable platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::optional<std::set<ApplicationId>> told_present_ WEIR_GUARDED_BY(mutex_);
  WallTime told_present_at_ WEIR_GUARDED_BY(mutex_){};
  std::set<ApplicationId> told_over_ WEIR_GUARDED_BY(mutex_);
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  bool done_ WEIR_GUARDED_BY(mutex_) = false;
  AggregationReport report_ WEIR_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_AGGREGATOR_H_
