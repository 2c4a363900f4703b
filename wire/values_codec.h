// Translation between the generated structs of idl/base.thrift and the domain values of common/.
//
// The wire is only a translation: services work on domain values, and a second protocol can stand
// beside this one. Everything from the wire is hostile: FromWire checks ids, enumerations and the
// bounds of common/limits.h. Pure functions; thread-safe.
//
// Errors: kInvalidArgument naming the field, for what does not decode or is over a limit.
#ifndef WEIR_WIRE_VALUES_CODEC_H_
#define WEIR_WIRE_VALUES_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>

#include "common/application.h"
#include "common/caller.h"
#include "common/container.h"
#include "common/hostport.h"
#include "common/resource.h"
#include "common/result.h"
#include "gen/base_types.h"
#include "platform/rpc_security.h"

namespace weir::wire {

idl::Resource ToWire(const Resource& resource);
// A part of nothing is left out. At most Resource::kNamedTypesMax named parts.
Result<Resource> FromWire(const idl::Resource& wire);

idl::HostPort ToWire(const HostPort& address);
Result<HostPort> FromWire(const idl::HostPort& wire);

// The version of the token keys that a peer has (TokenKeys::version); nothing from one that cannot
// be given others.
using KnownKeys = std::optional<int64_t>;
template <typename Request>
KnownKeys KnownOf(const Request& request) {
  return request.__isset.keys_version ? KnownKeys(request.keys_version) : std::nullopt;
}

idl::Token ToWire(const platform::SignedToken& token);
// Any bytes: a token is judged by verifying it.
platform::SignedToken FromWire(const idl::Token& wire);

idl::LocalResource ToWire(const LocalResource& resource);
Result<LocalResource> FromWire(const idl::LocalResource& wire);

idl::RetryPolicy ToWire(const RetryPolicy& policy);
Result<RetryPolicy> FromWire(const idl::RetryPolicy& wire);

idl::LaunchContext ToWire(const LaunchContext& context);
Result<LaunchContext> FromWire(const idl::LaunchContext& wire);

idl::ContainerStatus ToWire(const ContainerStatus& status);
// Diagnostics over limits::kDiagnosticsBytes are cut in the middle.
Result<ContainerStatus> FromWire(const idl::ContainerStatus& wire);

idl::NodeUtilization ToWire(const NodeUtilization& utilization);
NodeUtilization FromWire(const idl::NodeUtilization& wire);

idl::ServiceError ToWire(const Error& error);
// One that was thrown, or a field, as a value.
Error FromWire(const idl::ServiceError& wire);

}  // namespace weir::wire

#endif  // WEIR_WIRE_VALUES_CODEC_H_
