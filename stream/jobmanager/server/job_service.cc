#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "gen/JobService.h"
#include "stream/jobmanager/server/job_codec.h"
#include "stream/jobmanager/server/services.h"

namespace weir::stream {
namespace {

using Thrown = std::function<void(apache::thrift::TDelayedException*)>;
template <typename T>
using Answer = std::function<void(const T&)>;

class JobServiceHandler : public virtual idl::JobServiceCobSvIf,
                          public virtual idl::BaseServiceCobSvNull {
 public:
  JobServiceHandler(platform::ConnectionContext& context,
                    JobManager& jobs,
                    ClusterDescription cluster)
      : context_(context), jobs_(jobs), cluster_(std::move(cluster)) {}

  void uploadBlob(Answer<bool> cob,
                  Thrown,
                  const std::string& sha256,
                  int64_t size,
                  int64_t offset,
                  const std::string& data) override {
    const auto responder = context_.Respond(std::move(cob));
    jobs_.Upload(sha256, size, offset, data, [responder](Result<bool> r) {
      responder.Finish(std::move(r));
    });
  }

  void hasBlob(Answer<bool> cob, Thrown, const std::string& sha256) override {
    const auto responder = context_.Respond(std::move(cob));
    jobs_.HasBlob(sha256, [responder](Result<bool> r) { responder.Finish(std::move(r)); });
  }

  void submitJob(Answer<std::string> cob, Thrown, const idl::JobSpec& wire) override {
    const auto responder = context_.Respond(std::move(cob));
    Result<JobSpec> spec = SpecFromWire(wire);
    if (!spec.ok()) return responder.Fail(std::move(spec).error());
    jobs_.Submit(std::move(spec).value(), [responder](Result<JobId> id) {
      if (!id.ok()) return responder.Fail(std::move(id).error());
      responder.Reply(id->hex);
    });
  }

  void jobStatus(Answer<idl::JobReport> cob,
                 Thrown,
                 const std::string& job_id,
                 int64_t known_version,
                 int32_t park_ms) override {
    const auto responder = context_.Respond(std::move(cob));
    const Duration park = milliseconds(std::clamp(park_ms, 0, limits::kParkMillisMax));
    responder.OnAbandoned(
        jobs_.Watch({job_id}, known_version, park, [responder](Result<JobReport> report) {
          if (!report.ok()) return responder.Fail(std::move(report).error());
          responder.Reply(ReportToWire(*report, ReportDetails::kAll));
        }));
  }

  void listJobs(Answer<std::vector<idl::JobReport>> cob, Thrown) override {
    const auto responder = context_.Respond(std::move(cob));
    jobs_.List([responder](Result<std::vector<JobReport>> reports) {
      if (!reports.ok()) return responder.Fail(std::move(reports).error());
      std::vector<idl::JobReport> wire;
      for (const JobReport& report : *reports) {
        wire.push_back(ReportToWire(report, ReportDetails::kNone));
      }
      responder.Reply(std::move(wire));
    });
  }

  void cancelJob(std::function<void()> cob, Thrown, const std::string& job_id) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    jobs_.Cancel({job_id}, [responder](Status status) { responder.Finish(std::move(status)); });
  }

  void clusterStatus(Answer<idl::ClusterReport> cob, Thrown) override {
    const auto responder = context_.Respond(std::move(cob));
    jobs_.Slots([responder, cluster = cluster_](Result<SlotSummary> slots) {
      if (!slots.ok()) return responder.Fail(std::move(slots).error());
      idl::ClusterReport report;
      report.__set_application_id(cluster.application_id);
      report.__set_mode(cluster.mode);
      report.__set_task_managers(slots->task_managers);
      report.__set_slots_total(slots->slots_total);
      report.__set_slots_free(slots->slots_free);
      report.__set_jobs_running(slots->jobs_live);
      responder.Reply(std::move(report));
    });
  }

  void stopCluster(std::function<void()> cob, Thrown) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    jobs_.RequestStop([responder](Status status) { responder.Finish(std::move(status)); });
  }

 private:
  platform::ConnectionContext& context_;
  JobManager& jobs_;
  const ClusterDescription cluster_;
};

}  // namespace

ProcessorFactory MakeJobService(JobManager& jobs, ClusterDescription cluster) {
  return [&jobs, cluster = std::move(cluster)](platform::ConnectionContext& context) {
    return std::make_shared<idl::JobServiceAsyncProcessor>(
        std::make_shared<JobServiceHandler>(context, jobs, cluster));
  };
}

}  // namespace weir::stream
