// The one web page of a stream cluster: its jobs as a plain table. Pure function; thread-safe.
#ifndef WEIR_STREAM_JOBMANAGER_SERVER_JOB_PAGE_H_
#define WEIR_STREAM_JOBMANAGER_SERVER_JOB_PAGE_H_

#include <string>
#include <vector>

#include "stream/jobmanager/core/job_report.h"

namespace weir::stream {

// `cluster`: the application whose cluster it is.
std::string JobsPage(const std::string& cluster, const std::vector<JobReport>& reports);

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_SERVER_JOB_PAGE_H_
