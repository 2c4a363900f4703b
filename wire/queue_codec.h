// Translation of idl/queue.thrift: what is told about queues. See values_codec.h for the rules.
#ifndef WEIR_WIRE_QUEUE_CODEC_H_
#define WEIR_WIRE_QUEUE_CODEC_H_

#include "common/queue.h"
#include "gen/queue_types.h"
#include "wire/values_codec.h"

namespace weir::wire {

// The parts of what follows.
idl::QueuePartitionReport ToWire(const QueuePartitionReport& report);
Result<QueuePartitionReport> FromWire(const idl::QueuePartitionReport& wire);
idl::QueueUserReport ToWire(const QueueUserReport& report);
Result<QueueUserReport> FromWire(const idl::QueueUserReport& wire);
idl::RefusedNodes ToWire(const RefusedNodes& refused);
Result<RefusedNodes> FromWire(const idl::RefusedNodes& wire);
idl::ExplainedAsk ToWire(const ExplainedAsk& ask);
Result<ExplainedAsk> FromWire(const idl::ExplainedAsk& wire);
idl::ExplainedLimit ToWire(const ExplainedLimit& limit);
Result<ExplainedLimit> FromWire(const idl::ExplainedLimit& wire);
idl::QueueChange ToWire(const QueueChange& change);
Result<QueueChange> FromWire(const idl::QueueChange& wire);
idl::PlannedEffect ToWire(const PlannedEffect& effect);
Result<PlannedEffect> FromWire(const idl::PlannedEffect& wire);

idl::QueueReport ToWire(const QueueReport& report);
Result<QueueReport> FromWire(const idl::QueueReport& wire);

idl::Explanation ToWire(const Explanation& explanation);
Result<Explanation> FromWire(const idl::Explanation& wire);

idl::QueuePlan ToWire(const QueuePlan& plan);
Result<QueuePlan> FromWire(const idl::QueuePlan& wire);

idl::QueueConfigurationVersion ToWire(const QueueConfigurationVersion& version);
QueueConfigurationVersion FromWire(const idl::QueueConfigurationVersion& wire);

idl::LabelReport ToWire(const LabelReport& report);
Result<LabelReport> FromWire(const idl::LabelReport& wire);

}  // namespace weir::wire

#endif  // WEIR_WIRE_QUEUE_CODEC_H_
