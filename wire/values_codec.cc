#include "wire/values_codec.h"

#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "wire/enum_codec.h"

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
  return wire;
}

Result<LocalResource> FromWire(const idl::LocalResource& wire) {
  WEIR_ASSIGN_OR_RETURN(const auto visibility,
                        EnumFromWire(wire.visibility,
                                     LocalResourceVisibility::kPublic,
                                     LocalResourceVisibility::kApplication,
                                     "visibility"));
  return LocalResource{.uri = wire.uri,
                       .size = wire.size,
                       .mtime_ms = wire.mtime_ms,
                       .sha256 = wire.sha256,
                       .visibility = visibility};
}

idl::LaunchContext ToWire(const LaunchContext& context) {
  idl::LaunchContext wire;
  wire.__set_command(context.command);
  wire.__set_environment(context.environment);
  std::map<std::string, idl::LocalResource> resources;
  for (const auto& [name, resource] : context.local_resources) resources[name] = ToWire(resource);
  wire.__set_local_resources(std::move(resources));
  wire.__set_secrets(context.secrets);
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
  return context;
}

idl::ContainerStatus ToWire(const ContainerStatus& status) {
  idl::ContainerStatus wire;
  wire.__set_id(status.id.ToString());
  wire.__set_state(EnumToWire(status.state));
  wire.__set_exit_code(status.exit_code);
  wire.__set_diagnostics(status.diagnostics);
  wire.__set_resource(ToWire(status.resource));
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
                         .resource = std::move(resource)};
}

Error FromWire(const idl::ServiceError& wire) {
  const auto code =
      EnumFromWire(wire.code, ErrorCode::kInvalidArgument, ErrorCode::kInternal, "error code");
  return {code.ok() ? *code : ErrorCode::kInternal, wire.message, wire.remedy};
}

}  // namespace weir::wire
