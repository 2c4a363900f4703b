#include "wire/queue_codec.h"

#include "wire/enum_codec.h"
#include "wire/lists_codec.h"

namespace weir::wire {
namespace {

Result<PendingReason> ReasonFromWire(int32_t wire) {
  return EnumFromWire(wire, PendingReason::kNone, PendingReason::kWorkersMissing, "pending reason");
}

Result<ApplicationState> StateFromWire(int32_t wire) {
  return EnumFromWire(wire, ApplicationState::kNew, ApplicationState::kKilled, "application state");
}

Result<PlannedEffect::Kind> KindFromWire(int32_t wire) {
  return EnumFromWire(
      wire, PlannedEffect::Kind::kWaits, PlannedEffect::Kind::kOrphaned, "planned effect");
}

}  // namespace

// --- parts, for the list functions

idl::QueuePartitionReport ToWire(const QueuePartitionReport& report) {
  idl::QueuePartitionReport wire;
  wire.__set_label(report.label);
  wire.__set_capacity(report.capacity);
  wire.__set_maximum_capacity(report.maximum_capacity);
  wire.__set_absolute_capacity(report.absolute_capacity);
  wire.__set_absolute_maximum_capacity(report.absolute_maximum_capacity);
  wire.__set_used_capacity(report.used_capacity);
  wire.__set_absolute_used_capacity(report.absolute_used_capacity);
  wire.__set_weight(report.weight);
  wire.__set_normalized_weight(report.normalized_weight);
  wire.__set_guaranteed(ToWire(report.guaranteed));
  wire.__set_maximum(ToWire(report.maximum));
  wire.__set_used(ToWire(report.used));
  wire.__set_reserved(ToWire(report.reserved));
  wire.__set_pending(ToWire(report.pending));
  wire.__set_am_limit(ToWire(report.am_limit));
  wire.__set_am_used(ToWire(report.am_used));
  wire.__set_user_limit(ToWire(report.user_limit));
  return wire;
}

Result<QueuePartitionReport> FromWire(const idl::QueuePartitionReport& wire) {
  QueuePartitionReport report;
  report.label = wire.label;
  report.capacity = wire.capacity;
  report.maximum_capacity = wire.maximum_capacity;
  report.absolute_capacity = wire.absolute_capacity;
  report.absolute_maximum_capacity = wire.absolute_maximum_capacity;
  report.used_capacity = wire.used_capacity;
  report.absolute_used_capacity = wire.absolute_used_capacity;
  report.weight = wire.weight;
  report.normalized_weight = wire.normalized_weight;
  WEIR_ASSIGN_OR_RETURN(report.guaranteed, FromWire(wire.guaranteed));
  WEIR_ASSIGN_OR_RETURN(report.maximum, FromWire(wire.maximum));
  WEIR_ASSIGN_OR_RETURN(report.used, FromWire(wire.used));
  WEIR_ASSIGN_OR_RETURN(report.reserved, FromWire(wire.reserved));
  WEIR_ASSIGN_OR_RETURN(report.pending, FromWire(wire.pending));
  WEIR_ASSIGN_OR_RETURN(report.am_limit, FromWire(wire.am_limit));
  WEIR_ASSIGN_OR_RETURN(report.am_used, FromWire(wire.am_used));
  WEIR_ASSIGN_OR_RETURN(report.user_limit, FromWire(wire.user_limit));
  return report;
}

idl::QueueUserReport ToWire(const QueueUserReport& report) {
  idl::QueueUserReport wire;
  wire.__set_name(report.name);
  wire.__set_weight(report.weight);
  wire.__set_active(report.active);
  wire.__set_pending_applications(report.pending_applications);
  wire.__set_active_applications(report.active_applications);
  wire.__set_used(ToWire(report.used));
  wire.__set_am_used(ToWire(report.am_used));
  wire.__set_user_limit(ToWire(report.user_limit));
  wire.__set_memory_seconds(report.memory_seconds);
  wire.__set_vcore_seconds(report.vcore_seconds);
  return wire;
}

Result<QueueUserReport> FromWire(const idl::QueueUserReport& wire) {
  QueueUserReport report;
  report.name = wire.name;
  report.weight = wire.weight;
  report.active = wire.active;
  report.pending_applications = wire.pending_applications;
  report.active_applications = wire.active_applications;
  WEIR_ASSIGN_OR_RETURN(report.used, FromWire(wire.used));
  WEIR_ASSIGN_OR_RETURN(report.am_used, FromWire(wire.am_used));
  WEIR_ASSIGN_OR_RETURN(report.user_limit, FromWire(wire.user_limit));
  report.memory_seconds = wire.memory_seconds;
  report.vcore_seconds = wire.vcore_seconds;
  return report;
}

idl::RefusedNodes ToWire(const RefusedNodes& refused) {
  idl::RefusedNodes wire;
  wire.__set_cause(refused.cause);
  wire.__set_nodes(refused.nodes);
  return wire;
}

Result<RefusedNodes> FromWire(const idl::RefusedNodes& wire) {
  RefusedNodes refused;
  refused.cause = wire.cause;
  refused.nodes = wire.nodes;
  return refused;
}

idl::ExplainedAsk ToWire(const ExplainedAsk& ask) {
  idl::ExplainedAsk wire;
  wire.__set_request_id(ask.request_id);
  wire.__set_priority(ask.priority);
  wire.__set_count(ask.count);
  wire.__set_resource(ToWire(ask.resource));
  wire.__set_label(ask.label);
  wire.__set_reason(EnumToWire(ask.reason));
  wire.__set_detail(ask.detail);
  wire.__set_unblock(ask.unblock);
  wire.__set_refused(ListToWire<idl::RefusedNodes>(ask.refused));
  return wire;
}

Result<ExplainedAsk> FromWire(const idl::ExplainedAsk& wire) {
  ExplainedAsk ask;
  ask.request_id = wire.request_id;
  ask.priority = wire.priority;
  ask.count = wire.count;
  WEIR_ASSIGN_OR_RETURN(ask.resource, FromWire(wire.resource));
  ask.label = wire.label;
  WEIR_ASSIGN_OR_RETURN(ask.reason, ReasonFromWire(wire.reason));
  ask.detail = wire.detail;
  ask.unblock = wire.unblock;
  WEIR_ASSIGN_OR_RETURN(ask.refused, ListFromWire<RefusedNodes>(wire.refused));
  return ask;
}

idl::ExplainedLimit ToWire(const ExplainedLimit& limit) {
  idl::ExplainedLimit wire;
  wire.__set_name(limit.name);
  wire.__set_limit(ToWire(limit.limit));
  wire.__set_used(ToWire(limit.used));
  wire.__set_binds(limit.binds);
  return wire;
}

Result<ExplainedLimit> FromWire(const idl::ExplainedLimit& wire) {
  ExplainedLimit limit;
  limit.name = wire.name;
  WEIR_ASSIGN_OR_RETURN(limit.limit, FromWire(wire.limit));
  WEIR_ASSIGN_OR_RETURN(limit.used, FromWire(wire.used));
  limit.binds = wire.binds;
  return limit;
}

idl::QueueChange ToWire(const QueueChange& change) {
  idl::QueueChange wire;
  wire.__set_path(change.path);
  wire.__set_what(change.what);
  wire.__set_before(change.before);
  wire.__set_after(change.after);
  return wire;
}

Result<QueueChange> FromWire(const idl::QueueChange& wire) {
  QueueChange change;
  change.path = wire.path;
  change.what = wire.what;
  change.before = wire.before;
  change.after = wire.after;
  return change;
}

idl::PlannedEffect ToWire(const PlannedEffect& effect) {
  idl::PlannedEffect wire;
  wire.__set_kind(EnumToWire(effect.kind));
  wire.__set_application_id(effect.application.ToString());
  wire.__set_queue(effect.queue);
  wire.__set_detail(effect.detail);
  return wire;
}

Result<PlannedEffect> FromWire(const idl::PlannedEffect& wire) {
  PlannedEffect effect;
  WEIR_ASSIGN_OR_RETURN(effect.kind, KindFromWire(wire.kind));
  WEIR_ASSIGN_OR_RETURN(effect.application, ApplicationId::Parse(wire.application_id));
  effect.queue = wire.queue;
  effect.detail = wire.detail;
  return effect;
}

// --- wholes

idl::QueueReport ToWire(const QueueReport& report) {
  idl::QueueReport wire;
  wire.__set_path(report.path);
  wire.__set_name(report.name);
  wire.__set_leaf(report.leaf);
  wire.__set_is_dynamic(report.dynamic);
  wire.__set_state(report.state);
  wire.__set_ordering_policy(report.ordering_policy);
  wire.__set_priority(report.priority);
  wire.__set_pending_applications(report.pending_applications);
  wire.__set_active_applications(report.active_applications);
  wire.__set_maximum_applications(report.maximum_applications);
  wire.__set_maximum_applications_per_user(report.maximum_applications_per_user);
  wire.__set_maximum_parallel_applications(report.maximum_parallel_applications);
  wire.__set_containers(report.containers);
  wire.__set_pending_containers(report.pending_containers);
  wire.__set_reserved_containers(report.reserved_containers);
  wire.__set_minimum_user_limit_percent(report.minimum_user_limit_percent);
  wire.__set_user_limit_factor(report.user_limit_factor);
  wire.__set_preemption_disabled(report.preemption_disabled);
  wire.__set_intra_queue_preemption_disabled(report.intra_queue_preemption_disabled);
  wire.__set_default_label(report.default_label);
  wire.__set_labels(report.labels);
  wire.__set_maximum_allocation(ToWire(report.maximum_allocation));
  wire.__set_partitions(ListToWire<idl::QueuePartitionReport>(report.partitions));
  wire.__set_users(ListToWire<idl::QueueUserReport>(report.users));
  wire.__set_memory_seconds(report.memory_seconds);
  wire.__set_vcore_seconds(report.vcore_seconds);
  return wire;
}

Result<QueueReport> FromWire(const idl::QueueReport& wire) {
  QueueReport report;
  report.path = wire.path;
  report.name = wire.name;
  report.leaf = wire.leaf;
  report.dynamic = wire.is_dynamic;
  report.state = wire.state;
  report.ordering_policy = wire.ordering_policy;
  report.priority = wire.priority;
  report.pending_applications = wire.pending_applications;
  report.active_applications = wire.active_applications;
  report.maximum_applications = wire.maximum_applications;
  report.maximum_applications_per_user = wire.maximum_applications_per_user;
  report.maximum_parallel_applications = wire.maximum_parallel_applications;
  report.containers = wire.containers;
  report.pending_containers = wire.pending_containers;
  report.reserved_containers = wire.reserved_containers;
  report.minimum_user_limit_percent = wire.minimum_user_limit_percent;
  report.user_limit_factor = wire.user_limit_factor;
  report.preemption_disabled = wire.preemption_disabled;
  report.intra_queue_preemption_disabled = wire.intra_queue_preemption_disabled;
  report.default_label = wire.default_label;
  report.labels = wire.labels;
  WEIR_ASSIGN_OR_RETURN(report.maximum_allocation, FromWire(wire.maximum_allocation));
  WEIR_ASSIGN_OR_RETURN(report.partitions, ListFromWire<QueuePartitionReport>(wire.partitions));
  WEIR_ASSIGN_OR_RETURN(report.users, ListFromWire<QueueUserReport>(wire.users));
  report.memory_seconds = wire.memory_seconds;
  report.vcore_seconds = wire.vcore_seconds;
  return report;
}

idl::Explanation ToWire(const Explanation& explanation) {
  idl::Explanation wire;
  wire.__set_application_id(explanation.application.ToString());
  wire.__set_queue(explanation.queue);
  wire.__set_user(explanation.user);
  wire.__set_state(EnumToWire(explanation.state));
  wire.__set_reason(EnumToWire(explanation.reason));
  wire.__set_detail(explanation.detail);
  wire.__set_unblock(explanation.unblock);
  wire.__set_applications_ahead(explanation.applications_ahead);
  wire.__set_limits(ListToWire<idl::ExplainedLimit>(explanation.limits));
  wire.__set_asks(ListToWire<idl::ExplainedAsk>(explanation.asks));
  wire.__set_asks_left_out(explanation.asks_left_out);
  return wire;
}

Result<Explanation> FromWire(const idl::Explanation& wire) {
  Explanation explanation;
  WEIR_ASSIGN_OR_RETURN(explanation.application, ApplicationId::Parse(wire.application_id));
  explanation.queue = wire.queue;
  explanation.user = wire.user;
  WEIR_ASSIGN_OR_RETURN(explanation.state, StateFromWire(wire.state));
  WEIR_ASSIGN_OR_RETURN(explanation.reason, ReasonFromWire(wire.reason));
  explanation.detail = wire.detail;
  explanation.unblock = wire.unblock;
  explanation.applications_ahead = wire.applications_ahead;
  WEIR_ASSIGN_OR_RETURN(explanation.limits, ListFromWire<ExplainedLimit>(wire.limits));
  WEIR_ASSIGN_OR_RETURN(explanation.asks, ListFromWire<ExplainedAsk>(wire.asks));
  explanation.asks_left_out = wire.asks_left_out;
  return explanation;
}

idl::QueuePlan ToWire(const QueuePlan& plan) {
  idl::QueuePlan wire;
  wire.__set_faults(plan.faults);
  wire.__set_changes(ListToWire<idl::QueueChange>(plan.changes));
  wire.__set_effects(ListToWire<idl::PlannedEffect>(plan.effects));
  wire.__set_base_version(plan.base_version);
  return wire;
}

Result<QueuePlan> FromWire(const idl::QueuePlan& wire) {
  QueuePlan plan;
  plan.faults = wire.faults;
  WEIR_ASSIGN_OR_RETURN(plan.changes, ListFromWire<QueueChange>(wire.changes));
  WEIR_ASSIGN_OR_RETURN(plan.effects, ListFromWire<PlannedEffect>(wire.effects));
  plan.base_version = wire.base_version;
  return plan;
}

idl::QueueConfigurationVersion ToWire(const QueueConfigurationVersion& version) {
  idl::QueueConfigurationVersion wire;
  wire.__set_version(version.version);
  wire.__set_applied_ms(ToMillis(version.applied));
  wire.__set_by(version.by);
  wire.__set_origin(version.origin);
  wire.__set_sha256(version.sha256);
  return wire;
}

QueueConfigurationVersion FromWire(const idl::QueueConfigurationVersion& wire) {
  return {.version = wire.version,
          .applied = WallFromMillis(wire.applied_ms),
          .by = wire.by,
          .origin = wire.origin,
          .sha256 = wire.sha256};
}

idl::LabelReport ToWire(const LabelReport& report) {
  idl::LabelReport wire;
  wire.__set_name(report.name);
  wire.__set_exclusive(report.exclusive);
  wire.__set_nodes(report.nodes);
  wire.__set_total(ToWire(report.total));
  wire.__set_used(ToWire(report.used));
  return wire;
}

Result<LabelReport> FromWire(const idl::LabelReport& wire) {
  LabelReport report;
  report.name = wire.name;
  report.exclusive = wire.exclusive;
  report.nodes = wire.nodes;
  WEIR_ASSIGN_OR_RETURN(report.total, FromWire(wire.total));
  WEIR_ASSIGN_OR_RETURN(report.used, FromWire(wire.used));
  return report;
}

}  // namespace weir::wire
