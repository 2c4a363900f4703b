// Jobs as JSON, in the shape of Flink's /jobs/overview and /jobs/{id}. Pure functions; thread-safe.
#ifndef WEIR_STREAM_JOBMANAGER_SERVER_JOB_JSON_H_
#define WEIR_STREAM_JOBMANAGER_SERVER_JOB_JSON_H_

#include <string>
#include <vector>

#include "stream/jobmanager/core/job_report.h"

namespace weir::stream {

std::string JobsToJson(const std::vector<JobReport>& reports);
std::string JobToJson(const JobReport& report);

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_SERVER_JOB_JSON_H_
