// JobClient: the command line's conversation with the JobManager of one stream cluster. Blocking;
// single-threaded. Errors: those of the JobManager; kUnavailable when it cannot be reached.
#ifndef WEIR_CLIENT_JOB_CLIENT_H_
#define WEIR_CLIENT_JOB_CLIENT_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/rm_client.h"
#include "gen/job_types.h"

namespace weir::cli {

class JobClient {
 public:
  // Requires: the application is RUNNING and the caller may talk to its AM; kPermissionDenied or
  // kFailedPrecondition otherwise.
  static Result<std::unique_ptr<JobClient>> Connect(const WatchedApplication& application);
  ~JobClient();

  // Uploads the file if the JobManager does not have it; its SHA-256.
  Result<std::string> UploadBlob(const std::string& path);
  Result<std::string> Submit(const idl::JobSpec& spec);
  Result<idl::JobReport> Watch(const std::string& job, int64_t known_version, Duration park);
  Result<std::vector<idl::JobReport>> List();
  Status Cancel(const std::string& job);
  Result<idl::ClusterReport> Cluster();
  Status StopCluster();

 private:
  struct State;
  explicit JobClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// CREATED, RUNNING... are not; FINISHED, FAILED, CANCELED are.
bool IsTerminalJobState(const std::string& state);

// One line of progress per change: TaskManagers k/n, running, records read.
class JobProgress {
 public:
  void Tell(const idl::JobReport& report);

 private:
  std::string last_;
  int64_t told_records_ = 0;
};

}  // namespace weir::cli

#endif  // WEIR_CLIENT_JOB_CLIENT_H_
