// JobManagerLink: the calls to the JobManager, each on its thread, one at a time.
//
// Register and Poll run on the conversation's thread; Fetch runs on the caller's, over a connection
// of its own. Owner: the TaskManager; results are posted to its loop, which outlives this.
#ifndef WEIR_STREAM_TASKMANAGER_SERVER_JOB_MANAGER_LINK_H_
#define WEIR_STREAM_TASKMANAGER_SERVER_JOB_MANAGER_LINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/hostport.h"
#include "common/result.h"
#include "stream/taskmanager/core/messages.h"
#include "stream/taskmanager/server/task_manager_options.h"

namespace weir::stream::taskmanager {

class JobManagerLink {
 public:
  // `report` gets the outcome of every call: Registered, RegisterFailed, PollAnswered, PollFailed.
  JobManagerLink(const TaskManagerOptions& options,
                 HostPort data_address,
                 std::function<void(Event)> report);
  ~JobManagerLink();  // closes and joins
  JobManagerLink(const JobManagerLink&) = delete;
  JobManagerLink& operator=(const JobManagerLink&) = delete;

  // Thread-safe. Requires: the outcome of the last one was reported.
  void Register();
  void Poll(PollRequest request);
  // Thread-safe. The call under way or waiting ends with kUnavailable.
  void Interrupt();

  // Thread-safe. Every call under way and every later one ends with kUnavailable.
  void Close();

  // A blob's piece, on the caller's thread. One caller at a time.
  Result<std::string> Fetch(const std::string& sha256, int64_t offset, int32_t length);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_SERVER_JOB_MANAGER_LINK_H_
