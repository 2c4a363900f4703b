#include "stream/taskmanager/server/task_codec.h"

#include <string>
#include <utility>

namespace weir::stream::taskmanager {
namespace {

Error Corrupt(const std::string& what) {
  return Error{ErrorCode::kCorruption, "a command of the JobManager: " + what, ""};
}

idl::TaskReport ToWire(const TaskReport& report) {
  idl::TaskReport out;
  out.__set_job_id(report.job);
  out.__set_execution_id(report.execution);
  out.__set_state(std::string(TaskStateName(report.state)));
  out.__set_failure(report.failure);
  out.__set_records_in(report.counters.records_in);
  out.__set_records_out(report.counters.records_out);
  out.__set_bytes_in(report.counters.bytes_in);
  out.__set_bytes_out(report.counters.bytes_out);
  out.__set_outputs(report.outputs);
  return out;
}

Result<HostPort> FromWire(const idl::HostPort& address) {
  if (address.host.empty() || address.port < 1 || address.port > 65535) {
    return Corrupt("an address is missing");
  }
  return HostPort{address.host, static_cast<uint16_t>(address.port)};
}

Result<Command> FromWire(const idl::JobInformation& job) {
  if (job.job_id.empty() || job.library_sha256.empty() || job.graph_sha256.empty()) {
    return Corrupt("job information without id, library or graph");
  }
  JobInformation out;
  out.job = job.job_id;
  out.library_sha256 = job.library_sha256;
  out.library_size = job.library_size;
  out.arguments = job.arguments;
  out.graph_sha256 = job.graph_sha256;
  out.parallelism = job.parallelism;
  out.configuration = job.configuration;
  for (const idl::TaskLocation& location : job.locations) {
    WEIR_ASSIGN_OR_RETURN(HostPort address, FromWire(location.data_address));
    out.locations.push_back(
        {location.vertex, location.subtask, location.execution_id, std::move(address)});
  }
  return Command(std::move(out));
}

Result<Command> FromWire(const idl::DeployTask& deploy) {
  if (deploy.job_id.empty() || deploy.execution_id.empty()) {
    return Corrupt("a deployment without job or execution");
  }
  DeployTask out{deploy.job_id, deploy.execution_id, deploy.vertex, deploy.subtask, {}};
  for (const idl::FileSplit& split : deploy.splits) {
    if (split.path.empty() || split.begin_byte < 0 || split.end_byte < split.begin_byte) {
      return Corrupt("a file split without path or with a range that is none");
    }
    out.splits.push_back({split.path, split.begin_byte, split.end_byte});
  }
  return Command(std::move(out));
}

Result<Command> FromWire(const idl::TaskCommand& command) {
  if (command.__isset.job) return FromWire(command.job);
  if (command.__isset.deploy) return FromWire(command.deploy);
  if (command.__isset.cancel_job) return Command(CancelJob{command.cancel_job});
  if (command.__isset.commit_job) return Command(CommitJob{command.commit_job});
  if (command.__isset.release_job) return Command(ReleaseJob{command.release_job});
  if (command.__isset.shut_down) return Command(ShutDown{});
  return Corrupt("it is of a kind that this version does not know");
}

}  // namespace

idl::TaskPollRequest ToWire(const PollRequest& request) {
  idl::TaskPollRequest out;
  out.__set_session(request.session);
  out.__set_sequence(request.sequence);
  out.__set_park_ms(static_cast<int32_t>(ToMillis(request.park)));
  out.__isset.tasks = out.__isset.commits = true;
  for (const TaskReport& report : request.tasks) out.tasks.push_back(ToWire(report));
  for (const CommitReport& report : request.commits) {
    idl::CommitReport commit;
    commit.__set_job_id(report.job);
    commit.__set_failure(report.failure);
    out.commits.push_back(std::move(commit));
  }
  return out;
}

Result<PollAnswered> FromWire(const idl::TaskPollAnswer& answer) {
  PollAnswered out;
  out.sequence = answer.sequence;
  for (const idl::TaskCommand& each : answer.commands) {
    WEIR_ASSIGN_OR_RETURN(Command command, FromWire(each));
    out.commands.push_back(std::move(command));
  }
  return out;
}

}  // namespace weir::stream::taskmanager
