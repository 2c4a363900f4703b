#include "wire/values_codec.h"

#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "wire/enum_codec.h"
#include "wire/lists_codec.h"

namespace weir::wire {
namespace {

Error TooLarge(const std::string& what, size_t size, size_t limit) {
  return {ErrorCode::kInvalidArgument,
          what + " has " + std::to_string(size) + ", the limit is " + std::to_string(limit),
          "make it smaller; ship large inputs as files"};
}

}  // namespace

idl::Resource ToWire(const Resource& resource) {
  idl::Resource wire;
  wire.__set_memory_mib(resource.memory_mib);
  wire.__set_vcores(resource.vcores);
  if (resource.named.empty()) return wire;
  std::map<std::string, int64_t> named;
  for (const NamedAmount& part : resource.named) named.emplace(part.name, part.amount);
  wire.__set_named(std::move(named));
  return wire;
}

Result<Resource> FromWire(const idl::Resource& wire) {
  if (wire.named.size() > Resource::kNamedTypesMax) {
    return Error{ErrorCode::kInvalidArgument,
                 "a resource has " + std::to_string(wire.named.size()) + " named parts",
                 "at most " + std::to_string(Resource::kNamedTypesMax) + " types can be named"};
  }
  Resource resource{wire.memory_mib, wire.vcores};
  for (const auto& [name, amount] : wire.named) {
    if (name.empty() || name.size() > limits::kNameBytes) {
      return Error{ErrorCode::kInvalidArgument,
                   "a resource's name has " + std::to_string(name.size()) + " bytes",
                   "it must have from 1 to " + std::to_string(limits::kNameBytes)};
    }
    resource.SetNamed(name, amount);
  }
  return resource;
}

idl::HostPort ToWire(const HostPort& address) {
  idl::HostPort wire;
  wire.__set_host(address.host);
  wire.__set_port(address.port);
  return wire;
}

Result<HostPort> FromWire(const idl::HostPort& wire) {
  if (wire.port < 0 || wire.port > 65535 || wire.host.size() > limits::kNameBytes) {
    return Error{ErrorCode::kInvalidArgument,
                 "an address has the port " + std::to_string(wire.port) + " and a host of " +
                     std::to_string(wire.host.size()) + " bytes",
                 ""};
  }
  return HostPort{wire.host, static_cast<uint16_t>(wire.port)};
}

idl::Token ToWire(const platform::SignedToken& token) {
  idl::Token wire;
  wire.__set_kind(EnumToWire(token.kind));
  wire.__set_key_id(token.key_id);
  wire.__set_identifier(token.identifier);
  wire.__set_mac(token.mac);
  return wire;
}

platform::SignedToken FromWire(const idl::Token& wire) {
  return {static_cast<TokenKind>(wire.kind), wire.key_id, wire.identifier, wire.mac};
}

idl::LocalResource ToWire(const LocalResource& resource) {
  idl::LocalResource wire;
  wire.__set_uri(resource.uri);
  wire.__set_size(resource.size);
  wire.__set_mtime_ms(resource.mtime_ms);
  wire.__set_sha256(resource.sha256);
  wire.__set_visibility(EnumToWire(resource.visibility));
  wire.__set_type(EnumToWire(resource.type));
  return wire;
}

Result<LocalResource> FromWire(const idl::LocalResource& wire) {
  WEIR_ASSIGN_OR_RETURN(const auto visibility,
                        EnumFromWire(wire.visibility,
                                     LocalResourceVisibility::kPublic,
                                     LocalResourceVisibility::kApplication,
                                     "visibility"));
  auto type = LocalResourceType::kFile;
  if (wire.__isset.type) {
    WEIR_ASSIGN_OR_RETURN(
        type,
        EnumFromWire(
            wire.type, LocalResourceType::kFile, LocalResourceType::kArchive, "resource type"));
  }
  return LocalResource{.uri = wire.uri,
                       .size = wire.size,
                       .mtime_ms = wire.mtime_ms,
                       .sha256 = wire.sha256,
                       .visibility = visibility,
                       .type = type};
}

idl::RetryPolicy ToWire(const RetryPolicy& policy) {
  idl::RetryPolicy wire;
  wire.__set_on(EnumToWire(policy.on));
  wire.__set_exit_codes(policy.exit_codes);
  wire.__set_max_retries(policy.max_retries);
  wire.__set_interval_ms(ToMillis(policy.interval));
  wire.__set_validity_ms(ToMillis(policy.validity));
  return wire;
}

Result<RetryPolicy> FromWire(const idl::RetryPolicy& wire) {
  RetryPolicy policy;
  WEIR_ASSIGN_OR_RETURN(
      policy.on, EnumFromWire(wire.on, RetryOn::kNothing, RetryOn::kExitCodes, "retry policy"));
  if (wire.exit_codes.size() > limits::kRetryExitCodes) {
    return TooLarge(
        "the number of exit codes to retry", wire.exit_codes.size(), limits::kRetryExitCodes);
  }
  if (wire.max_retries < RetryPolicy::kForEver) {
    return Error{ErrorCode::kInvalidArgument,
                 "max_retries is " + std::to_string(wire.max_retries),
                 "give the number of retries, or -1 for no bound"};
  }
  policy.exit_codes = wire.exit_codes;
  policy.max_retries = wire.max_retries;
  WEIR_ASSIGN_OR_RETURN(policy.interval, PeriodFromWire(wire.interval_ms, "the retry interval"));
  WEIR_ASSIGN_OR_RETURN(policy.validity,
                        PeriodFromWire(wire.validity_ms, "the validity of failures"));
  return policy;
}

idl::NodeUtilization ToWire(const NodeUtilization& utilization) {
  idl::NodeUtilization wire;
  wire.__set_node_memory_mib(utilization.node_memory_mib);
  wire.__set_node_milli_vcores(utilization.node_milli_vcores);
  wire.__set_containers_memory_mib(utilization.containers_memory_mib);
  wire.__set_containers_virtual_mib(utilization.containers_virtual_mib);
  wire.__set_containers_milli_vcores(utilization.containers_milli_vcores);
  return wire;
}

NodeUtilization FromWire(const idl::NodeUtilization& wire) {
  return {.node_memory_mib = wire.node_memory_mib,
          .node_milli_vcores = wire.node_milli_vcores,
          .containers_memory_mib = wire.containers_memory_mib,
          .containers_virtual_mib = wire.containers_virtual_mib,
          .containers_milli_vcores = wire.containers_milli_vcores};
}

idl::LaunchContext ToWire(const LaunchContext& context) {
  idl::LaunchContext wire;
  wire.__set_command(context.command);
  wire.__set_environment(context.environment);
  std::map<std::string, idl::LocalResource> resources;
  for (const auto& [name, resource] : context.local_resources) resources[name] = ToWire(resource);
  wire.__set_local_resources(std::move(resources));
  wire.__set_secrets(context.secrets);
  if (context.retry != RetryPolicy{}) wire.__set_retry_policy(ToWire(context.retry));
  wire.__set_on_lease_end(EnumToWire(context.on_lease_end));
  return wire;
}

Result<LaunchContext> FromWire(const idl::LaunchContext& wire) {
  if (wire.command.size() > limits::kCommandArguments) {
    return TooLarge(
        "the number of command arguments", wire.command.size(), limits::kCommandArguments);
  }
  if (wire.local_resources.size() > limits::kLocalResources) {
    return TooLarge(
        "the number of local resources", wire.local_resources.size(), limits::kLocalResources);
  }
  size_t bytes = 0;
  for (const auto& argument : wire.command) bytes += argument.size();
  for (const auto& [name, value] : wire.environment) bytes += name.size() + value.size();
  for (const auto& [name, value] : wire.secrets) bytes += name.size() + value.size();
  LaunchContext context;
  for (const auto& [name, resource] : wire.local_resources) {
    bytes += name.size() + resource.uri.size() + resource.sha256.size();
    WEIR_ASSIGN_OR_RETURN(context.local_resources[name], FromWire(resource));
  }
  if (bytes > limits::kLaunchContextBytes) {
    return TooLarge("the launch context (bytes)", bytes, limits::kLaunchContextBytes);
  }
  context.command = wire.command;
  context.environment = wire.environment;
  context.secrets = wire.secrets;
  if (wire.__isset.retry_policy) {
    WEIR_ASSIGN_OR_RETURN(context.retry, FromWire(wire.retry_policy));
  }
  if (wire.__isset.on_lease_end) {
    WEIR_ASSIGN_OR_RETURN(
        context.on_lease_end,
        EnumFromWire(wire.on_lease_end, LeaseEnd::kStop, LeaseEnd::kKeep, "lease end"));
  }
  return context;
}

idl::ContainerStatus ToWire(const ContainerStatus& status) {
  idl::ContainerStatus wire;
  wire.__set_id(status.id.ToString());
  wire.__set_state(EnumToWire(status.state));
  wire.__set_exit_code(status.exit_code);
  wire.__set_diagnostics(CutMiddle(status.diagnostics, limits::kDiagnosticsBytes));
  wire.__set_resource(ToWire(status.resource));
  if (!status.detail.empty()) wire.__set_detail(status.detail);
  return wire;
}

Result<ContainerStatus> FromWire(const idl::ContainerStatus& wire) {
  WEIR_ASSIGN_OR_RETURN(const ContainerId id, ContainerId::Parse(wire.id));
  WEIR_ASSIGN_OR_RETURN(
      const auto state,
      EnumFromWire(wire.state, ContainerState::kNew, ContainerState::kComplete, "container state"));
  WEIR_ASSIGN_OR_RETURN(Resource resource, FromWire(wire.resource));
  return ContainerStatus{.id = id,
                         .state = state,
                         .exit_code = wire.exit_code,
                         .diagnostics = CutMiddle(wire.diagnostics, limits::kDiagnosticsBytes),
                         .resource = std::move(resource),
                         .detail = CutMiddle(wire.detail, limits::kNameBytes)};
}

idl::ServiceError ToWire(const Error& error) {
  idl::ServiceError wire;
  wire.__set_code(EnumToWire(error.code));
  wire.__set_message(CutMiddle(error.message, limits::kDiagnosticsBytes));
  wire.__set_remedy(CutMiddle(error.remedy, limits::kDiagnosticsBytes));
  return wire;
}

Error FromWire(const idl::ServiceError& wire) {
  const auto code =
      EnumFromWire(wire.code, ErrorCode::kInvalidArgument, ErrorCode::kInternal, "error code");
  return {code.ok() ? *code : ErrorCode::kInternal, wire.message, wire.remedy};
}

}  // namespace weir::wire
