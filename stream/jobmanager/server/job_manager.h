// JobManager: the JobManagerCore in its shell: calls and their answers, deadlines, files, and a log
// line for every change.
//
// Threads: the core runs on the owner's loop; file work (blobs, listings) on a loop of its own. The
// methods under "from any thread" post; all others belong to the owner's loop. Callbacks of calls
// may come on either loop. Owner: the ApplicationMaster; destroy it after the owner's loop and the
// I/O loop have stopped. The listener must outlive it.
#ifndef WEIR_STREAM_JOBMANAGER_SERVER_JOB_MANAGER_H_
#define WEIR_STREAM_JOBMANAGER_SERVER_JOB_MANAGER_H_

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "platform/event_loop.h"
#include "platform/mailbox.h"
#include "stream/jobmanager/core/job_manager_core.h"
#include "stream/jobmanager/server/blob_store.h"

namespace weir::stream {

// What the owner of a JobManager learns. Called on its loop, after the step that caused it.
class JobManagerListener {
 public:
  virtual ~JobManagerListener() = default;
  virtual void OnWorkerRegistered(const ContainerId& container) = 0;
  // Its container must be stopped.
  virtual void OnWorkerGivenUp(const ContainerId& container, const std::string& cause) = 0;
  // Jobs, slots or what clients have seen may have changed.
  virtual void OnStepped() = 0;
  // A client ends the cluster.
  virtual void OnStopRequested() = 0;
};

class JobManager {
 public:
  template <typename T>
  using Callback = std::function<void(Result<T>)>;

  JobManager(platform::EventLoop& loop,
             const JobManagerOptions& options,
             const std::string& blob_directory,
             JobManagerListener& listener);
  ~JobManager();
  JobManager(const JobManager&) = delete;
  JobManager& operator=(const JobManager&) = delete;

  // --- from any thread. kResourceExhausted when too many calls are pending.
  // The library must be in the blob store.
  void Submit(JobSpec spec, Callback<JobId> done);
  // The library is a file of this machine.
  void SubmitWithFile(JobSpec spec, const std::string& library, Callback<JobId> done);
  void Cancel(const JobId& id, Callback<void> done);
  // The returned function tells that the caller has left.
  std::function<void()> Watch(const JobId& id,
                              int64_t known_version,
                              Duration park,
                              Callback<JobReport> done);
  void List(Callback<std::vector<JobReport>> done);
  void Report(const JobId& id, Callback<JobReport> done);
  void Slots(Callback<SlotSummary> done);
  void RequestStop(Callback<void> done);
  void Register(RegisterTaskManager event, Callback<TaskManagerSession> done);
  std::function<void()> Poll(PollTaskManager event, Callback<PollAnswer> done);
  void Upload(
      std::string sha256, int64_t size, int64_t offset, std::string data, Callback<bool> done);
  void HasBlob(std::string sha256, Callback<bool> done);
  void FetchBlob(std::string sha256, int64_t offset, int64_t length, Callback<std::string> done);

  // --- on the owner's loop
  const JobManagerCore& core() const { return core_; }
  // Events without a caller.
  void Handle(const JobManagerEvent& event);
  // Once the owner's loop has stopped: cleans up after the jobs that have not ended. Blocks.
  void Close();

 private:
  using Pending = std::variant<Callback<JobId>,
                               Callback<void>,
                               Callback<JobReport>,
                               Callback<TaskManagerSession>,
                               Callback<PollAnswer>>;

  CallId NextCall() { return {++calls_}; }
  // Posts `work` to the owner's loop or fails `done`.
  template <typename T>
  void Post(platform::Lane lane, const Callback<T>& done, std::function<void()> work);
  template <typename T>
  void PostFiles(const Callback<T>& done, std::function<void()> work);
  void SubmitNow(JobSpec spec, Callback<JobId> done);
  std::function<void()> AbandonLater(CallId call);

  void Step(const JobManagerEvent& event);
  void Execute(JobManagerAction& action);
  template <typename T>
  void Answer(const CallId& call, Result<T> result);
  void StartListing(const ListSources& action);
  void StartCleaning(const CleanOutputs& action);
  void LogChange(const JobChanged& change) const;
  void SetTimer();

  platform::EventLoop& loop_;
  JobManagerListener& listener_;
  JobManagerCore core_;
  BlobStore blobs_;  // touched on files_loop_ only
  std::atomic<uint64_t> calls_{0};
  std::map<CallId, Pending> pending_;
  platform::EventLoop::TimerId timer_ = 0;
  Instant timer_at_ = kNever;
  platform::EventLoop files_loop_;
  platform::Mailbox<std::function<void()>> mailbox_;
  platform::Mailbox<std::function<void()>> files_mailbox_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_SERVER_JOB_MANAGER_H_
