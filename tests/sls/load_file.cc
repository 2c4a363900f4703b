#include "tests/sls/load_file.h"

namespace weir::sls {
namespace {

constexpr int kJobs = 2000;
constexpr int kSpanMillis = 1000;

std::string JobLine(int job, int run_ms) {
  // Of four neighbours one is in queue 1, one in queue 2, two in queue 3.
  constexpr const char* kQueues[] = {"sls_queue_1", "sls_queue_2", "sls_queue_3", "sls_queue_3"};
  return R"({"am.type": "stream", "job.id": "job_)" + std::to_string(job + 1) +
         R"(", "job.user": "user_)" + std::to_string(job % 20) + R"(", "job.queue.name": ")" +
         kQueues[job % 4] + R"(", "job.start.ms": )" + std::to_string(job * kSpanMillis / kJobs) +
         R"(, "job.tasks": [{"count": 50, "duration.ms": )" + std::to_string(run_ms) +
         R"(, "container.priority": 20, "container.type": "stream",)" +
         R"( "container.memory-mb": 1024, "container.vcores": 1}]})" + "\n";
}

}  // namespace

Result<std::string> MakeLoadFile(std::string_view name) {
  int run_ms = 0;
  if (name == "sls-5k") run_ms = 120'000;
  if (name == "sls-5k-churn") run_ms = 5'000;
  if (run_ms == 0) {
    return Error{ErrorCode::kNotFound,
                 "there is no load called '" + std::string(name) + "'",
                 "the loads are sls-5k and sls-5k-churn"};
  }
  std::string text = "{\"num.nodes\": 5000, \"num.racks\": 125}\n";
  for (int job = 0; job < kJobs; ++job) text += JobLine(job, run_ms);
  return text;
}

}  // namespace weir::sls
