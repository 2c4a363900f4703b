#include "wire/node_codec.h"

#include <algorithm>
#include <map>
#include <string>

#include "common/limits.h"
#include "wire/client_codec.h"
#include "wire/enum_codec.h"
#include "wire/lists_codec.h"

namespace weir::wire {
namespace {

// Longer than any lease: what is more says no more.
constexpr int64_t kUnconfirmedMost = 86'400'000;

Duration UnconfirmedFromWire(int64_t ms) {
  return milliseconds(std::clamp<int64_t>(ms, 0, kUnconfirmedMost));
}

template <typename Answer>
void SetKeys(Answer& wire, const platform::TokenKeys& keys) {
  std::vector<idl::TokenKey> wire_keys;
  for (const auto& [id, key] : keys.keys()) {
    idl::TokenKey one;
    one.__set_key_id(id);
    one.__set_key(key);
    wire_keys.push_back(std::move(one));
  }
  wire.__set_token_keys(std::move(wire_keys));
  wire.__set_signing_key(keys.signer());
}

template <typename Answer>
Result<platform::TokenKeys> KeysOf(const Answer& wire) {
  std::map<int, std::string> keys;
  for (const auto& key : wire.token_keys) keys[key.key_id] = key.key;
  if (keys.empty() || !wire.__isset.signing_key) return platform::TokenKeys(std::move(keys));
  if (!keys.contains(wire.signing_key)) {
    return Error{ErrorCode::kCorruption,
                 "the ResourceManager signs with key " + std::to_string(wire.signing_key) +
                     " and does not give it",
                 "see its log"};
  }
  return platform::TokenKeys(std::move(keys), wire.signing_key);
}

}  // namespace

idl::RegisterNodeRequest ToWire(const RegisterNodeRequest& request) {
  idl::RegisterNodeRequest wire;
  wire.__set_node_id(request.id.uuid);
  wire.__set_address(ToWire(request.address));
  wire.__set_http_address(request.http_address);
  wire.__set_rack(request.rack);
  wire.__set_capacity(ToWire(request.capacity));
  wire.__set_containers(ListToWire<idl::ContainerStatus>(request.containers));
  wire.__set_applications(IdsToWire(request.applications));
  wire.__set_label(request.label);
  wire.__set_process(request.process);
  wire.__set_number(request.number);
  return wire;
}

Result<RegisterNodeRequest> FromWire(const idl::RegisterNodeRequest& wire) {
  if (wire.node_id.empty() || wire.node_id.size() > limits::kNameBytes) {
    return Error{ErrorCode::kInvalidArgument, "a node's id must have 1 to 256 bytes", ""};
  }
  RegisterNodeRequest request;
  WEIR_ASSIGN_OR_RETURN(request.address, FromWire(wire.address));
  WEIR_ASSIGN_OR_RETURN(request.containers, ListFromWire<ContainerStatus>(wire.containers));
  WEIR_ASSIGN_OR_RETURN(request.applications, IdsFromWire<ApplicationId>(wire.applications));
  WEIR_ASSIGN_OR_RETURN(request.capacity, FromWire(wire.capacity));
  WEIR_RETURN_IF_ERROR(CheckText(wire.rack, "a rack's name"));
  WEIR_RETURN_IF_ERROR(CheckText(wire.label, "a node label"));
  request.id = NodeId{wire.node_id};
  request.http_address = wire.http_address;
  request.rack = wire.rack;
  request.label = wire.label;
  request.process = wire.process;
  request.number = wire.number;
  return request;
}

idl::RegisterNodeAnswer ToWire(const RegisterNodeAnswer& answer,
                               const platform::TokenKeys& keys,
                               const std::string& rm_http_address) {
  idl::RegisterNodeAnswer wire;
  wire.__set_epoch(answer.epoch.value);
  wire.__set_session(answer.session);
  wire.__set_expiry_ms(ToMillis(answer.expiry));
  wire.__set_lease_ms(ToMillis(answer.lease));
  wire.__set_wall_ms(ToMillis(answer.wall));
  wire.__set_unconfirmed_ms(ToMillis(answer.unconfirmed));
  SetKeys(wire, keys);
  wire.__set_rm_http_address(rm_http_address);
  return wire;
}

RegisterNodeAnswer FromWire(const idl::RegisterNodeAnswer& wire) {
  return {.epoch = Epoch{wire.epoch},
          .session = wire.session,
          .expiry = milliseconds(wire.expiry_ms),
          .lease = milliseconds(wire.lease_ms),
          .wall = WallFromMillis(wire.wall_ms),
          .unconfirmed = UnconfirmedFromWire(wire.unconfirmed_ms)};
}

Result<platform::TokenKeys> KeysFromWire(const idl::RegisterNodeAnswer& wire) {
  return KeysOf(wire);
}

Result<std::optional<platform::TokenKeys>> KeysFromWire(const idl::NodeHeartbeatAnswer& wire) {
  if (!wire.__isset.token_keys) return std::optional<platform::TokenKeys>();
  WEIR_ASSIGN_OR_RETURN(platform::TokenKeys keys, KeysOf(wire));
  return std::optional<platform::TokenKeys>(std::move(keys));
}

idl::CommandOutcome ToWire(const CommandOutcome& outcome) {
  idl::CommandOutcome wire;
  wire.__set_number(outcome.number);
  if (outcome.refusal) wire.__set_refusal(ToWire(*outcome.refusal));
  return wire;
}

Result<CommandOutcome> FromWire(const idl::CommandOutcome& wire) {
  CommandOutcome outcome;
  outcome.number = wire.number;
  if (wire.__isset.refusal) outcome.refusal = FromWire(wire.refusal);
  return outcome;
}

idl::NodeHeartbeatRequest ToWire(const NodeHeartbeatRequest& request, const NodeId& node) {
  idl::NodeHeartbeatRequest wire;
  wire.__set_node_id(node.uuid);
  wire.__set_session(request.session);
  wire.__set_sequence(request.sequence);
  wire.__set_containers(ListToWire<idl::ContainerStatus>(request.containers));
  wire.__set_healthy(request.healthy);
  wire.__set_health_report(request.health_report);
  wire.__set_park_ms(ParkToWire(request.park));
  if (request.utilization != NodeUtilization{}) {
    wire.__set_utilization(ToWire(request.utilization));
  }
  if (!request.outcomes.empty()) {
    wire.__set_outcomes(ListToWire<idl::CommandOutcome>(request.outcomes));
  }
  return wire;
}

Result<NodeHeartbeatRequest> FromWire(const idl::NodeHeartbeatRequest& wire) {
  NodeHeartbeatRequest request;
  WEIR_ASSIGN_OR_RETURN(request.containers, ListFromWire<ContainerStatus>(wire.containers));
  request.session = wire.session;
  request.sequence = wire.sequence;
  request.healthy = wire.healthy;
  request.health_report = wire.health_report;
  request.park = ParkFromWire(wire.park_ms);
  request.utilization = FromWire(wire.utilization);
  WEIR_ASSIGN_OR_RETURN(request.outcomes, ListFromWire<CommandOutcome>(wire.outcomes));
  return request;
}

idl::ResizeContainerCommand ToWire(const ResizeContainerCommand& command) {
  idl::ResizeContainerCommand wire;
  wire.__set_id(command.id.ToString());
  wire.__set_resource(ToWire(command.resource));
  wire.__set_number(command.number);
  return wire;
}

Result<ResizeContainerCommand> FromWire(const idl::ResizeContainerCommand& wire) {
  ResizeContainerCommand command;
  WEIR_ASSIGN_OR_RETURN(command.id, ContainerId::Parse(wire.id));
  WEIR_ASSIGN_OR_RETURN(command.resource, FromWire(wire.resource));
  command.number = wire.number;
  return command;
}

idl::SignalContainerCommand ToWire(const SignalContainerCommand& command) {
  idl::SignalContainerCommand wire;
  wire.__set_id(command.id.ToString());
  wire.__set_signal(EnumToWire(command.signal));
  wire.__set_number(command.number);
  wire.__set_by(command.by);
  return wire;
}

Result<SignalContainerCommand> FromWire(const idl::SignalContainerCommand& wire) {
  SignalContainerCommand command;
  WEIR_ASSIGN_OR_RETURN(command.id, ContainerId::Parse(wire.id));
  WEIR_ASSIGN_OR_RETURN(command.signal, SignalFromWire(wire.signal));
  WEIR_RETURN_IF_ERROR(CheckText(wire.by, "a user's name"));
  command.number = wire.number;
  command.by = wire.by;
  return command;
}

void AddKeys(const KnownKeys& known,
             const platform::TokenKeys& keys,
             idl::NodeHeartbeatAnswer& wire) {
  if (known && *known < keys.version()) SetKeys(wire, keys);
}

idl::NodeHeartbeatAnswer ToWire(const NodeHeartbeatAnswer& answer,
                                const platform::TokenKeys& keys) {
  idl::NodeHeartbeatAnswer wire;
  wire.__set_epoch(answer.epoch.value);
  wire.__set_sequence(answer.sequence);
  wire.__set_wall_ms(ToMillis(answer.wall));
  wire.__set_unconfirmed_ms(ToMillis(answer.unconfirmed));
  std::vector<idl::StartContainerCommand> starts;
  for (const auto& start : answer.start) {
    idl::StartContainerCommand one;
    one.__set_container_token(ToWire(keys.Sign(start.token)));
    one.__set_launch(ToWire(start.launch));
    starts.push_back(std::move(one));
  }
  std::vector<idl::StopContainerCommand> stops;
  for (const auto& stop : answer.stop) {
    idl::StopContainerCommand one;
    one.__set_id(stop.id.ToString());
    one.__set_reason(EnumToWire(stop.reason));
    stops.push_back(std::move(one));
  }
  wire.__set_start(std::move(starts));
  wire.__set_stop(std::move(stops));
  wire.__set_completions_recorded(IdsToWire(answer.completions_recorded));
  wire.__set_applications_finished(IdsToWire(answer.applications_finished));
  if (answer.capacity) wire.__set_capacity(ToWire(*answer.capacity));
  if (!answer.resize.empty()) {
    wire.__set_resize(ListToWire<idl::ResizeContainerCommand>(answer.resize));
  }
  if (!answer.signal.empty()) {
    wire.__set_signal(ListToWire<idl::SignalContainerCommand>(answer.signal));
  }
  return wire;
}

Result<NodeHeartbeatAnswer> FromWire(const idl::NodeHeartbeatAnswer& wire,
                                     const platform::TokenKeys& keys) {
  NodeHeartbeatAnswer answer;
  answer.epoch = Epoch{wire.epoch};
  answer.sequence = wire.sequence;
  answer.wall = WallFromMillis(wire.wall_ms);
  answer.unconfirmed = UnconfirmedFromWire(wire.unconfirmed_ms);
  for (const auto& start : wire.start) {
    StartContainerCommand command;
    WEIR_ASSIGN_OR_RETURN(command.token, keys.VerifyContainer(FromWire(start.container_token)));
    WEIR_ASSIGN_OR_RETURN(command.launch, FromWire(start.launch));
    answer.start.push_back(std::move(command));
  }
  for (const auto& stop : wire.stop) {
    StopContainerCommand command;
    WEIR_ASSIGN_OR_RETURN(command.id, ContainerId::Parse(stop.id));
    WEIR_ASSIGN_OR_RETURN(command.reason,
                          EnumFromWire(stop.reason,
                                       StopReason::kReleasedByApplicationMaster,
                                       StopReason::kNodeDecommissioned,
                                       "stop reason"));
    answer.stop.push_back(command);
  }
  WEIR_ASSIGN_OR_RETURN(answer.completions_recorded,
                        IdsFromWire<ContainerId>(wire.completions_recorded));
  if (wire.__isset.capacity) {
    WEIR_ASSIGN_OR_RETURN(answer.capacity, FromWire(wire.capacity));
  }
  WEIR_ASSIGN_OR_RETURN(answer.applications_finished,
                        IdsFromWire<ApplicationId>(wire.applications_finished));
  WEIR_ASSIGN_OR_RETURN(answer.resize, ListFromWire<ResizeContainerCommand>(wire.resize));
  WEIR_ASSIGN_OR_RETURN(answer.signal, ListFromWire<SignalContainerCommand>(wire.signal));
  return answer;
}

}  // namespace weir::wire
