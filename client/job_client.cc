#include "client/job_client.h"

#include <cstdio>

#include "client/output.h"
#include "common/strings.h"
#include "gen/JobService.h"
#include "platform/crypto.h"
#include "platform/thrift_client.h"

namespace weir::cli {
namespace {

constexpr Duration kCallTimeout = seconds(30);
constexpr size_t kPiece = 512 * 1024;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

struct JobClient::State {
  State(const HostPort& address, const platform::SignedToken& token)
      : thrift(platform::Endpoint{.unix_path = "", .address = address},
               platform::HelloIdentity{
                   .cluster_id = "", .secret = "", .role = "", .name = "", .token = &token}) {}
  platform::ThriftClient<idl::JobServiceClient> thrift;
};

JobClient::JobClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
JobClient::~JobClient() = default;

Result<std::unique_ptr<JobClient>> JobClient::Connect(const WatchedApplication& application) {
  const ApplicationReport& report = application.report;
  if (report.am_address.empty() || (IsTerminal(report.state) && !application.client_token)) {
    return Error{ErrorCode::kFailedPrecondition,
                 report.id.ToString() + " is " + std::string(ApplicationStateName(report.state)) +
                     " and has no JobManager to talk to",
                 "see 'weir application -status " + report.id.ToString() + "'"};
  }
  if (!application.client_token) {
    return Error{ErrorCode::kPermissionDenied,
                 report.id.ToString() + " belongs to " + report.user,
                 "only its owner and administrators may talk to its JobManager"};
  }
  return std::unique_ptr<JobClient>(
      new JobClient(std::make_unique<State>(report.am_address, *application.client_token)));
}

Result<std::string> JobClient::UploadBlob(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto digest, platform::DigestFile(path));
  WEIR_ASSIGN_OR_RETURN(const bool there,
                        state_->thrift.Call(kCallTimeout, [&](idl::JobServiceClient& jm) {
                          return jm.hasBlob(digest.sha256);
                        }));
  if (there) return digest.sha256;
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return Error{ErrorCode::kNotFound, "cannot read " + path, ""};
  std::string piece;
  for (int64_t offset = 0; offset < digest.size;) {
    piece.resize(kPiece);
    piece.resize(std::fread(piece.data(), 1, kPiece, file.get()));
    if (piece.empty()) {
      return Error{ErrorCode::kUnavailable, path + " became shorter while it was uploaded", ""};
    }
    WEIR_ASSIGN_OR_RETURN([[maybe_unused]] const bool whole,
                          state_->thrift.Call(kCallTimeout, [&](idl::JobServiceClient& jm) {
                            return jm.uploadBlob(digest.sha256, digest.size, offset, piece);
                          }));
    offset += static_cast<int64_t>(piece.size());
  }
  return digest.sha256;
}

Result<std::string> JobClient::Submit(const idl::JobSpec& spec) {
  const auto submit = [&](idl::JobServiceClient& jm) {
    std::string job;
    jm.submitJob(job, spec);
    return job;
  };
  auto job = state_->thrift.Call(kCallTimeout, submit);
  // The key makes repeating harmless when the connection was lost.
  if (!job.ok() && job.error().code == ErrorCode::kUnavailable) {
    job = state_->thrift.Call(kCallTimeout, submit);
  }
  return job;
}

Result<idl::JobReport> JobClient::Watch(const std::string& job,
                                        int64_t known_version,
                                        Duration park) {
  return state_->thrift.Call(kCallTimeout + park, [&](idl::JobServiceClient& jm) {
    idl::JobReport report;
    jm.jobStatus(report, job, known_version, static_cast<int32_t>(ToMillis(park)));
    return report;
  });
}

Result<std::vector<idl::JobReport>> JobClient::List() {
  return state_->thrift.Call(kCallTimeout, [&](idl::JobServiceClient& jm) {
    std::vector<idl::JobReport> reports;
    jm.listJobs(reports);
    return reports;
  });
}

Status JobClient::Cancel(const std::string& job) {
  return state_->thrift.Call(kCallTimeout, [&](idl::JobServiceClient& jm) { jm.cancelJob(job); });
}

Result<idl::ClusterReport> JobClient::Cluster() {
  return state_->thrift.Call(kCallTimeout, [&](idl::JobServiceClient& jm) {
    idl::ClusterReport report;
    jm.clusterStatus(report);
    return report;
  });
}

Status JobClient::StopCluster() {
  return state_->thrift.Call(kCallTimeout, [&](idl::JobServiceClient& jm) { jm.stopCluster(); });
}

bool IsTerminalJobState(const std::string& state) {
  return state == "FINISHED" || state == "FAILED" || state == "CANCELED";
}

void JobProgress::Tell(const idl::JobReport& report) {
  std::string line = ToLower(report.state);
  if (!report.waiting.empty()) line += ": " + report.waiting;
  if (report.task_managers_wanted > 0) {
    line += ", TaskManagers " + std::to_string(report.task_managers_ready) + "/" +
            std::to_string(report.task_managers_wanted);
  }
  const bool news = line != last_;
  // Every tenfold step, so that a long job shows life and a short one does not chatter.
  const bool records = report.source_records >= std::max<int64_t>(told_records_ * 10, 1) ||
                       (IsTerminalJobState(report.state) && report.source_records > told_records_);
  if (news) Say("job " + report.job_id + " " + line);
  if (records) {
    Say("job " + report.job_id + " records read: " + std::to_string(report.source_records));
    told_records_ = report.source_records;
  }
  last_ = line;
}

}  // namespace weir::cli
