#include "wire/client_codec.h"

#include <utility>

#include "common/limits.h"
#include "wire/enum_codec.h"
#include "wire/lists_codec.h"

namespace weir::wire {
namespace {

// An empty text is the absent id.
Result<AttemptId> AttemptOrNone(const std::string& text) {
  if (text.empty()) return AttemptId{};
  return AttemptId::Parse(text);
}
Result<ContainerId> ContainerOrNone(const std::string& text) {
  if (text.empty()) return ContainerId{};
  return ContainerId::Parse(text);
}

// The scalar fields of a report, which need no checking.
void CopyPlainFields(const idl::ApplicationReport& wire, ApplicationReport& report) {
  report.name = wire.name;
  report.type = wire.type;
  report.user = wire.user;
  report.queue = wire.queue;
  report.priority = wire.priority;
  report.progress = static_cast<float>(wire.progress);
  report.tracking_url = wire.tracking_url;
  report.diagnostics = wire.diagnostics;
  report.started = WallFromMillis(wire.started_ms);
  report.launched = WallFromMillis(wire.launched_ms);
  report.finished = WallFromMillis(wire.finished_ms);
  report.am_node = NodeId{wire.am_node};
  report.am_node_http_address = wire.am_node_http_address;
  report.running_containers = wire.running_containers;
  report.memory_seconds = wire.memory_seconds;
  report.vcore_seconds = wire.vcore_seconds;
  report.pending_detail = wire.pending_detail;
  report.version = wire.version;
  report.label = wire.label;
  report.expires = WallFromMillis(wire.expires_ms);
  report.preempted_containers = wire.preempted_containers;
  report.max_attempts = wire.max_attempts;
  report.counted_failures = wire.counted_failures;
  report.avoided_nodes = wire.avoided_nodes;
}

}  // namespace

idl::SubmissionContext ToWire(const SubmissionContext& context) {
  idl::SubmissionContext wire;
  wire.__set_name(context.name);
  wire.__set_type(context.type);
  wire.__set_queue(context.queue);
  wire.__set_priority(context.priority);
  wire.__set_am_resource(ToWire(context.am_resource));
  wire.__set_am_launch(ToWire(context.am_launch));
  wire.__set_max_attempts(context.max_attempts);
  wire.__set_queue_timeout_ms(ToMillis(context.queue_timeout));
  wire.__set_tags(context.tags);
  wire.__set_label(context.label);
  wire.__set_am_label(context.am_label);
  wire.__set_lifetime_ms(ToMillis(context.lifetime));
  wire.__set_attempt_failures_validity_ms(ToMillis(context.attempt_failures_validity));
  wire.__set_keep_containers(context.keep_containers);
  return wire;
}

Result<SubmissionContext> FromWire(const idl::SubmissionContext& wire) {
  SubmissionContext context;
  WEIR_ASSIGN_OR_RETURN(context.queue_timeout,
                        PeriodFromWire(wire.queue_timeout_ms, "the queue timeout"));
  WEIR_ASSIGN_OR_RETURN(context.lifetime, PeriodFromWire(wire.lifetime_ms, "the lifetime"));
  WEIR_ASSIGN_OR_RETURN(context.attempt_failures_validity,
                        PeriodFromWire(wire.attempt_failures_validity_ms,
                                       "the validity interval of attempts' failures"));
  WEIR_RETURN_IF_ERROR(CheckText(wire.label, "a node label"));
  WEIR_RETURN_IF_ERROR(CheckText(wire.am_label, "a node label"));
  WEIR_ASSIGN_OR_RETURN(context.am_resource, FromWire(wire.am_resource));
  WEIR_ASSIGN_OR_RETURN(context.am_launch, FromWire(wire.am_launch));
  context.name = wire.name;
  context.type = wire.type;
  context.queue = wire.queue;
  context.priority = wire.priority;
  context.max_attempts = wire.max_attempts;
  context.tags = wire.tags;
  context.label = wire.label;
  context.am_label = wire.am_label;
  context.keep_containers = wire.keep_containers;
  return context;
}

idl::ApplicationReport ToWire(const ApplicationReport& report) {
  idl::ApplicationReport wire;
  wire.__set_id(report.id.ToString());
  wire.__set_name(report.name);
  wire.__set_type(report.type);
  wire.__set_user(report.user);
  wire.__set_queue(report.queue);
  wire.__set_priority(report.priority);
  wire.__set_state(EnumToWire(report.state));
  wire.__set_final_status(EnumToWire(report.final_status));
  wire.__set_progress(static_cast<double>(report.progress));
  wire.__set_tracking_url(report.tracking_url);
  wire.__set_am_address(ToWire(report.am_address));
  wire.__set_diagnostics(report.diagnostics);
  wire.__set_started_ms(ToMillis(report.started));
  wire.__set_launched_ms(ToMillis(report.launched));
  wire.__set_finished_ms(ToMillis(report.finished));
  wire.__set_attempt_id(report.attempt.number == 0 ? "" : report.attempt.ToString());
  wire.__set_am_container_id(report.am_container.number == 0 ? "" : report.am_container.ToString());
  wire.__set_am_node(report.am_node.uuid);
  wire.__set_am_node_http_address(report.am_node_http_address);
  wire.__set_allocated(ToWire(report.allocated));
  wire.__set_running_containers(report.running_containers);
  wire.__set_memory_seconds(report.memory_seconds);
  wire.__set_vcore_seconds(report.vcore_seconds);
  wire.__set_pending_reason(EnumToWire(report.pending_reason));
  wire.__set_pending_detail(report.pending_detail);
  wire.__set_version(report.version);
  wire.__set_label(report.label);
  wire.__set_expires_ms(ToMillis(report.expires));
  wire.__set_preempted_containers(report.preempted_containers);
  wire.__set_max_attempts(report.max_attempts);
  wire.__set_counted_failures(report.counted_failures);
  wire.__set_attempt_failures_validity_ms(ToMillis(report.attempt_failures_validity));
  wire.__set_avoided_nodes(report.avoided_nodes);
  return wire;
}

Result<ApplicationReport> FromWire(const idl::ApplicationReport& wire) {
  ApplicationReport report;
  WEIR_ASSIGN_OR_RETURN(report.id, ApplicationId::Parse(wire.id));
  WEIR_ASSIGN_OR_RETURN(
      report.state,
      EnumFromWire(
          wire.state, ApplicationState::kNew, ApplicationState::kKilled, "application state"));
  WEIR_ASSIGN_OR_RETURN(
      report.final_status,
      EnumFromWire(
          wire.final_status, FinalStatus::kUndefined, FinalStatus::kKilled, "final status"));
  WEIR_ASSIGN_OR_RETURN(report.attempt, AttemptOrNone(wire.attempt_id));
  WEIR_ASSIGN_OR_RETURN(report.am_container, ContainerOrNone(wire.am_container_id));
  WEIR_ASSIGN_OR_RETURN(report.am_address, FromWire(wire.am_address));
  WEIR_ASSIGN_OR_RETURN(report.allocated, FromWire(wire.allocated));
  WEIR_ASSIGN_OR_RETURN(report.pending_reason,
                        EnumFromWire(wire.pending_reason,
                                     PendingReason::kNone,
                                     PendingReason::kWorkersMissing,
                                     "pending reason"));
  WEIR_ASSIGN_OR_RETURN(report.attempt_failures_validity,
                        PeriodFromWire(wire.attempt_failures_validity_ms,
                                       "the validity interval of attempts' failures"));
  CopyPlainFields(wire, report);
  return report;
}

idl::ContainerReport ToWire(const ContainerReport& report) {
  idl::ContainerReport wire;
  wire.__set_id(report.id.ToString());
  wire.__set_node(report.node.uuid);
  wire.__set_node_http_address(report.node_http_address);
  wire.__set_node_name(report.node_name);
  wire.__set_resource(ToWire(report.resource));
  wire.__set_state(EnumToWire(report.state));
  wire.__set_exit_code(report.exit_code);
  wire.__set_diagnostics(report.diagnostics);
  wire.__set_started_ms(ToMillis(report.started));
  wire.__set_finished_ms(ToMillis(report.finished));
  if (!report.detail.empty()) wire.__set_detail(report.detail);
  return wire;
}

Result<ContainerReport> FromWire(const idl::ContainerReport& wire) {
  WEIR_ASSIGN_OR_RETURN(const ContainerId id, ContainerId::Parse(wire.id));
  WEIR_ASSIGN_OR_RETURN(
      const auto state,
      EnumFromWire(wire.state, ContainerState::kNew, ContainerState::kComplete, "container state"));
  WEIR_ASSIGN_OR_RETURN(Resource resource, FromWire(wire.resource));
  return ContainerReport{.id = id,
                         .node = NodeId{wire.node},
                         .node_http_address = wire.node_http_address,
                         .node_name = wire.node_name,
                         .resource = std::move(resource),
                         .state = state,
                         .exit_code = wire.exit_code,
                         .diagnostics = wire.diagnostics,
                         .started = WallFromMillis(wire.started_ms),
                         .finished = WallFromMillis(wire.finished_ms),
                         .detail = wire.detail};
}

Result<ContainerSignal> SignalFromWire(int32_t wire) {
  return EnumFromWire(wire,
                      ContainerSignal::kOutputThreadDump,
                      ContainerSignal::kForcefulShutdown,
                      "container signal");
}

idl::NodeReport ToWire(const NodeReport& report) {
  idl::NodeReport wire;
  wire.__set_id(report.id.uuid);
  wire.__set_name(report.name);
  wire.__set_rack(report.rack);
  wire.__set_http_address(report.http_address);
  wire.__set_state(EnumToWire(report.state));
  wire.__set_capacity(ToWire(report.capacity));
  wire.__set_used(ToWire(report.used));
  wire.__set_containers(report.containers);
  wire.__set_health_report(report.health_report);
  wire.__set_last_heartbeat_ms(ToMillis(report.last_heartbeat));
  wire.__set_label(report.label);
  if (report.utilization != NodeUtilization{}) wire.__set_utilization(ToWire(report.utilization));
  wire.__set_decommission_by_ms(ToMillis(report.decommission_by));
  return wire;
}

Result<NodeReport> FromWire(const idl::NodeReport& wire) {
  WEIR_ASSIGN_OR_RETURN(
      const auto state,
      EnumFromWire(wire.state, NodeState::kNew, NodeState::kDecommissioned, "node state"));
  WEIR_ASSIGN_OR_RETURN(Resource capacity, FromWire(wire.capacity));
  WEIR_ASSIGN_OR_RETURN(Resource used, FromWire(wire.used));
  return NodeReport{.id = NodeId{wire.id},
                    .name = wire.name,
                    .rack = wire.rack,
                    .http_address = wire.http_address,
                    .state = state,
                    .capacity = std::move(capacity),
                    .used = std::move(used),
                    .containers = wire.containers,
                    .health_report = wire.health_report,
                    .last_heartbeat = WallFromMillis(wire.last_heartbeat_ms),
                    .label = wire.label,
                    .utilization = FromWire(wire.utilization),
                    .decommission_by = WallFromMillis(wire.decommission_by_ms)};
}

}  // namespace weir::wire
