// Translation of idl/client.thrift. See values_codec.h for the rules.
#ifndef WEIR_WIRE_CLIENT_CODEC_H_
#define WEIR_WIRE_CLIENT_CODEC_H_

#include "common/application.h"
#include "gen/client_types.h"
#include "wire/values_codec.h"

namespace weir::wire {

idl::SubmissionContext ToWire(const SubmissionContext& context);
Result<SubmissionContext> FromWire(const idl::SubmissionContext& wire);

// Without the client token, which the server adds for the owner.
idl::ApplicationReport ToWire(const ApplicationReport& report);
Result<ApplicationReport> FromWire(const idl::ApplicationReport& wire);

idl::ContainerReport ToWire(const ContainerReport& report);
Result<ContainerReport> FromWire(const idl::ContainerReport& wire);

// The number of a signal. kInvalidArgument: there is none with it.
Result<ContainerSignal> SignalFromWire(int32_t wire);

idl::NodeReport ToWire(const NodeReport& report);
Result<NodeReport> FromWire(const idl::NodeReport& wire);

}  // namespace weir::wire

#endif  // WEIR_WIRE_CLIENT_CODEC_H_
