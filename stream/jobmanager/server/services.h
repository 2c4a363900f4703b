// The JobManager's two Thrift services: translation only. JobService is for holders of the
// attempt's client token, TaskService for its TaskManagers; the listeners' authenticators see to
// that, the handlers check it once more by the Caller's kind.
//
// Threads: handlers run on the I/O loop and post to the JobManager. The JobManager must outlive the
// server that uses the factories.
#ifndef WEIR_STREAM_JOBMANAGER_SERVER_SERVICES_H_
#define WEIR_STREAM_JOBMANAGER_SERVER_SERVICES_H_

#include <functional>
#include <memory>
#include <string>

#include "platform/thrift_server.h"
#include "stream/jobmanager/server/job_manager.h"

namespace weir::stream {

// What clusterStatus tells besides the JobManager's own numbers.
struct ClusterDescription {
  std::string application_id;
  std::string mode;
};

using ProcessorFactory = std::function<std::shared_ptr<apache::thrift::async::TAsyncProcessor>(
    platform::ConnectionContext&)>;

ProcessorFactory MakeJobService(JobManager& jobs, ClusterDescription cluster);
ProcessorFactory MakeTaskService(JobManager& jobs);

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_SERVER_SERVICES_H_
