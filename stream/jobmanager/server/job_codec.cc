#include "stream/jobmanager/server/job_codec.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "platform/crypto.h"
#include "wire/codec.h"

namespace weir::stream {
namespace {

constexpr size_t kArgumentsBytes = 256u << 10;
constexpr size_t kOutputBytesTold = 2u << 20;
constexpr int64_t kSlotTimeoutMillisMax = int64_t{365} * 24 * 3600 * 1000;

Error Invalid(std::string what, std::string remedy = "") {
  return {ErrorCode::kInvalidArgument, std::move(what), std::move(remedy)};
}

Status CheckBounds(const idl::JobSpec& wire) {
  if (wire.name.size() > limits::kNameBytes || wire.idempotency_key.size() > 64) {
    return Invalid("the job's name or idempotency key is too long",
                   "a name has at most " + std::to_string(limits::kNameBytes) + " bytes");
  }
  size_t bytes = 0;
  for (const auto& argument : wire.arguments) bytes += argument.size();
  for (const auto& [key, value] : wire.configuration) bytes += key.size() + value.size();
  if (bytes > kArgumentsBytes || wire.arguments.size() > limits::kCommandArguments ||
      wire.configuration.size() > limits::kCommandArguments) {
    return Invalid("the job's arguments and configuration are too long",
                   "at most " + std::to_string(kArgumentsBytes) + " bytes together");
  }
  if (wire.library_sha256.size() != 64 || !HexDecode(wire.library_sha256)) {
    return Invalid("the job names no library", "upload its library first");
  }
  if (wire.parallelism < 1 || wire.parallelism > kParallelismMax) {
    return Invalid("parallelism " + std::to_string(wire.parallelism) + " is out of range",
                   "from 1 to " + std::to_string(kParallelismMax));
  }
  if (wire.slot_timeout_ms < 0 || wire.slot_timeout_ms > kSlotTimeoutMillisMax) {
    return Invalid("slot timeout " + std::to_string(wire.slot_timeout_ms) + " ms is out of range");
  }
  return {};
}

idl::VertexReport VertexToWire(const VertexReport& vertex) {
  idl::VertexReport wire;
  wire.__set_id(vertex.id);
  wire.__set_name(vertex.name);
  wire.__set_parallelism(vertex.parallelism);
  std::map<std::string, int32_t> tasks;
  for (const auto& [state, count] : vertex.tasks) tasks[std::string(TaskStateName(state))] = count;
  wire.__set_tasks(std::move(tasks));
  wire.__set_records_in(vertex.counters.records_in);
  wire.__set_records_out(vertex.counters.records_out);
  wire.__set_bytes_in(vertex.counters.bytes_in);
  wire.__set_bytes_out(vertex.counters.bytes_out);
  return wire;
}

// Nothing: a state that only the JobManager decides about.
Result<std::optional<TaskEvent>> EventOf(const std::string& state) {
  if (state == "INITIALIZING") return {TaskEvent::kReportedInitializing};
  if (state == "RUNNING") return {TaskEvent::kReportedRunning};
  if (state == "FINISHED") return {TaskEvent::kReportedFinished};
  if (state == "CANCELED") return {TaskEvent::kReportedCanceled};
  if (state == "FAILED") return {TaskEvent::kReportedFailed};
  for (const TaskState known : AllTaskStates()) {
    if (TaskStateName(known) == state) return std::optional<TaskEvent>{};
  }
  return Invalid("'" + state.substr(0, 40) + "' is not a task state");
}

Result<TaskReport> TaskFromWire(const idl::TaskReport& wire) {
  TaskReport report;
  report.job = {wire.job_id};
  report.execution_id = wire.execution_id;
  WEIR_ASSIGN_OR_RETURN(report.event, EventOf(wire.state));
  report.failure = CutMiddle(wire.failure, limits::kDiagnosticsBytes);
  report.counters = {wire.records_in, wire.records_out, wire.bytes_in, wire.bytes_out};
  report.outputs = wire.outputs;
  return report;
}

struct CommandWriter {
  idl::TaskCommand operator()(const PrepareJob& prepare) const {
    const JobInformation& job = *prepare.information;
    idl::JobInformation wire;
    wire.__set_job_id(job.job.hex);
    wire.__set_library_sha256(job.library_sha256);
    wire.__set_library_size(job.library_size);
    wire.__set_arguments(job.arguments);
    wire.__set_graph_sha256(job.graph_sha256);
    wire.__set_parallelism(job.parallelism);
    wire.__set_configuration(job.configuration);
    std::vector<idl::TaskLocation> locations;
    for (const TaskLocation& location : job.locations) {
      idl::TaskLocation one;
      one.__set_vertex(location.vertex);
      one.__set_subtask(location.subtask);
      one.__set_execution_id(location.execution_id);
      one.__set_data_address(wire::ToWire(location.data_address));
      locations.push_back(std::move(one));
    }
    wire.__set_locations(std::move(locations));
    idl::TaskCommand command;
    command.__set_job(std::move(wire));
    return command;
  }
  idl::TaskCommand operator()(const DeployTask& deploy) const {
    idl::DeployTask wire;
    wire.__set_job_id(deploy.job.hex);
    wire.__set_execution_id(deploy.execution_id);
    wire.__set_vertex(deploy.vertex);
    wire.__set_subtask(deploy.subtask);
    std::vector<idl::FileSplit> splits;
    for (const FileSplit& split : deploy.splits) {
      idl::FileSplit one;
      one.__set_path(split.path);
      one.__set_begin_byte(split.begin_byte);
      one.__set_end_byte(split.end_byte);
      splits.push_back(std::move(one));
    }
    wire.__set_splits(std::move(splits));
    idl::TaskCommand command;
    command.__set_deploy(std::move(wire));
    return command;
  }
  idl::TaskCommand operator()(const CancelTasks& cancel) const {
    idl::TaskCommand command;
    command.__set_cancel_job(cancel.job.hex);
    return command;
  }
  idl::TaskCommand operator()(const CommitResults& commit) const {
    idl::TaskCommand command;
    command.__set_commit_job(commit.job.hex);
    return command;
  }
  idl::TaskCommand operator()(const ReleaseTasks& release) const {
    idl::TaskCommand command;
    command.__set_release_job(release.job.hex);
    return command;
  }
  idl::TaskCommand operator()(const ShutDown&) const {
    idl::TaskCommand command;
    command.__set_shut_down(true);
    return command;
  }
};

}  // namespace

Result<JobSpec> SpecFromWire(const idl::JobSpec& wire) {
  WEIR_RETURN_IF_ERROR(CheckBounds(wire));
  JobSpec spec;
  WEIR_ASSIGN_OR_RETURN(spec.graph, JobGraph::FromText(wire.graph));
  spec.idempotency_key = wire.idempotency_key;
  spec.name = wire.name.empty() ? spec.graph.name : wire.name;
  spec.library_sha256 = ToLower(wire.library_sha256);
  spec.arguments = wire.arguments;
  spec.graph_sha256 = platform::Sha256Hex(spec.graph.ToText());
  spec.parallelism = wire.parallelism;
  spec.configuration = wire.configuration;
  spec.slot_timeout = milliseconds(wire.slot_timeout_ms);
  return spec;
}

idl::JobReport ReportToWire(const JobReport& report, ReportDetails details) {
  idl::JobReport wire;
  wire.__set_job_id(report.id.hex);
  wire.__set_name(report.name);
  wire.__set_state(std::string(PublicName(report.state)));
  wire.__set_started_ms(ToMillis(report.started));
  wire.__set_finished_ms(ToMillis(report.finished));
  wire.__set_failure(report.failure);
  wire.__set_slots_needed(report.slots_needed);
  wire.__set_slots_ready(report.slots_ready);
  wire.__set_task_managers_ready(report.task_managers_ready);
  wire.__set_task_managers_wanted(report.task_managers_wanted);
  wire.__set_waiting(report.waiting);
  wire.__set_version(report.version);
  wire.__set_source_records(report.source_records);
  std::vector<idl::VertexReport> vertices;
  std::vector<std::string> outputs;
  if (details == ReportDetails::kAll) {
    for (const VertexReport& vertex : report.vertices) vertices.push_back(VertexToWire(vertex));
    size_t bytes = 0;
    for (const std::string& output : report.outputs) {
      bytes += output.size() + 8;
      if (bytes > kOutputBytesTold) break;
      outputs.push_back(output);
    }
  }
  wire.__set_vertices(std::move(vertices));
  wire.__set_outputs(std::move(outputs));
  return wire;
}

Result<RegisterTaskManager> RegistrationFromWire(const idl::RegisterTaskManagerRequest& wire) {
  RegisterTaskManager event;
  WEIR_ASSIGN_OR_RETURN(event.container, ContainerId::Parse(wire.container_id));
  WEIR_ASSIGN_OR_RETURN(event.data_address, wire::FromWire(wire.data_address));
  event.slots = wire.slots;
  return event;
}

idl::RegisterTaskManagerAnswer SessionToWire(const TaskManagerSession& session) {
  idl::RegisterTaskManagerAnswer wire;
  wire.__set_session(session.session);
  wire.__set_expiry_ms(ToMillis(session.expiry));
  return wire;
}

Result<PollTaskManager> PollFromWire(const idl::TaskPollRequest& wire) {
  PollTaskManager event;
  event.session = wire.session;
  event.sequence = wire.sequence;
  event.park = milliseconds(std::clamp(wire.park_ms, 0, limits::kParkMillisMax));
  for (const idl::TaskReport& task : wire.tasks) {
    WEIR_ASSIGN_OR_RETURN(TaskReport report, TaskFromWire(task));
    event.tasks.push_back(std::move(report));
  }
  for (const idl::CommitReport& commit : wire.commits) {
    event.commits.push_back(
        {{commit.job_id}, CutMiddle(commit.failure, limits::kDiagnosticsBytes)});
  }
  return event;
}

idl::TaskPollAnswer PollToWire(const PollAnswer& answer) {
  idl::TaskPollAnswer wire;
  wire.__set_sequence(answer.sequence);
  std::vector<idl::TaskCommand> commands;
  for (const TaskCommand& command : answer.commands) {
    commands.push_back(std::visit(CommandWriter{}, command));
  }
  wire.__set_commands(std::move(commands));
  return wire;
}

}  // namespace weir::stream
