#include "wire/master_codec.h"

#include "common/limits.h"
#include "common/strings.h"
#include "wire/enum_codec.h"
#include "wire/lists_codec.h"

namespace weir::wire {
namespace {

idl::ContainerAsk ToWire(const ContainerAsk& ask) {
  idl::ContainerAsk wire;
  wire.__set_request_id(ask.request_id);
  wire.__set_priority(ask.priority);
  wire.__set_count(ask.count);
  wire.__set_resource(weir::wire::ToWire(ask.resource));
  if (!ask.nodes.empty()) wire.__set_nodes(ask.nodes);
  if (!ask.racks.empty()) wire.__set_racks(ask.racks);
  wire.__set_relax_locality(ask.relax_locality);
  wire.__set_label(ask.label);
  wire.__set_gang(ask.gang);
  wire.__set_spread(EnumToWire(ask.spread));
  wire.__set_max_per_node(ask.max_per_node);
  wire.__set_max_per_rack(ask.max_per_rack);
  return wire;
}

// What an older ApplicationMaster does not say has the value that it meant.
Result<Spread> SpreadFromWire(const idl::ContainerAsk& wire) {
  if (!wire.__isset.spread) return Spread::kPack;
  return EnumFromWire(wire.spread, Spread::kPack, Spread::kRacks, "spread");
}

Result<ContainerAsk> AskFromWire(const idl::ContainerAsk& wire) {
  WEIR_RETURN_IF_ERROR(CheckTexts(wire.nodes, limits::kPlacesPerAsk, "a node's name"));
  WEIR_RETURN_IF_ERROR(CheckTexts(wire.racks, limits::kPlacesPerAsk, "a rack's name"));
  WEIR_RETURN_IF_ERROR(CheckText(wire.label, "a node label"));
  if (wire.max_per_node < 0 || wire.max_per_rack < 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "an ask bounds its containers by " + std::to_string(wire.max_per_node) +
                     " a node and " + std::to_string(wire.max_per_rack) + " a rack",
                 "a bound is positive; 0 = none"};
  }
  ContainerAsk ask;
  WEIR_ASSIGN_OR_RETURN(ask.resource, FromWire(wire.resource));
  WEIR_ASSIGN_OR_RETURN(ask.spread, SpreadFromWire(wire));
  ask.request_id = wire.request_id;
  ask.priority = wire.priority;
  ask.count = wire.count;
  ask.nodes = wire.nodes;
  ask.racks = wire.racks;
  ask.relax_locality = !wire.__isset.relax_locality || wire.relax_locality;
  ask.label = wire.label;
  ask.gang = wire.gang;
  ask.max_per_node = wire.max_per_node;
  ask.max_per_rack = wire.max_per_rack;
  return ask;
}

idl::PreemptionNotice ToWire(const PreemptionNotice& notice) {
  idl::PreemptionNotice wire;
  wire.__set_container_id(notice.container.ToString());
  wire.__set_grace_ms(ToMillis(notice.grace));
  return wire;
}

Result<PreemptionNotice> NoticeFromWire(const idl::PreemptionNotice& wire) {
  PreemptionNotice notice;
  WEIR_ASSIGN_OR_RETURN(notice.container, ContainerId::Parse(wire.container_id));
  WEIR_ASSIGN_OR_RETURN(notice.grace, PeriodFromWire(wire.grace_ms, "the time to give back"));
  return notice;
}

idl::SizeAsk ToWire(const SizeAsk& ask) {
  idl::SizeAsk wire;
  wire.__set_container_id(ask.container.ToString());
  wire.__set_resource(weir::wire::ToWire(ask.resource));
  return wire;
}

Result<SizeAsk> SizeAskFromWire(const idl::SizeAsk& wire) {
  SizeAsk ask;
  WEIR_ASSIGN_OR_RETURN(ask.container, ContainerId::Parse(wire.container_id));
  WEIR_ASSIGN_OR_RETURN(ask.resource, weir::wire::FromWire(wire.resource));
  return ask;
}

idl::SizeNotice ToWire(const SizeNotice& notice) {
  idl::SizeNotice wire;
  wire.__set_container_id(notice.container.ToString());
  wire.__set_resource(weir::wire::ToWire(notice.resource));
  wire.__set_asked(notice.asked);
  if (notice.refusal) wire.__set_refusal(weir::wire::ToWire(*notice.refusal));
  return wire;
}

Result<SizeNotice> SizeNoticeFromWire(const idl::SizeNotice& wire) {
  SizeNotice notice;
  WEIR_ASSIGN_OR_RETURN(notice.container, ContainerId::Parse(wire.container_id));
  WEIR_ASSIGN_OR_RETURN(notice.resource, weir::wire::FromWire(wire.resource));
  notice.asked = wire.asked;
  if (wire.__isset.refusal) notice.refusal = weir::wire::FromWire(wire.refusal);
  return notice;
}

idl::ContainerGrant ToWire(const ContainerGrant& grant, const platform::TokenKeys& keys) {
  idl::ContainerGrant wire;
  wire.__set_id(grant.token.id.ToString());
  wire.__set_node(grant.token.node.uuid);
  wire.__set_node_address(weir::wire::ToWire(grant.node_address));
  wire.__set_node_http_address(grant.node_http_address);
  wire.__set_resource(weir::wire::ToWire(grant.token.resource));
  wire.__set_request_id(grant.request_id);
  wire.__set_priority(grant.priority);
  wire.__set_container_token(weir::wire::ToWire(keys.Sign(grant.token)));
  wire.__set_nm_token(weir::wire::ToWire(keys.Sign(grant.nm_token)));
  return wire;
}

Result<ReceivedGrant> GrantFromWire(const idl::ContainerGrant& wire) {
  ReceivedGrant grant;
  WEIR_ASSIGN_OR_RETURN(grant.id, ContainerId::Parse(wire.id));
  WEIR_ASSIGN_OR_RETURN(grant.node_address, FromWire(wire.node_address));
  WEIR_ASSIGN_OR_RETURN(grant.resource, FromWire(wire.resource));
  grant.node = NodeId{wire.node};
  grant.request_id = wire.request_id;
  grant.priority = wire.priority;
  grant.node_http_address = wire.node_http_address;
  grant.container_token = FromWire(wire.container_token);
  grant.nm_token = FromWire(wire.nm_token);
  return grant;
}

std::vector<idl::ContainerGrant> GrantsToWire(const std::vector<ContainerGrant>& grants,
                                              const platform::TokenKeys& keys) {
  std::vector<idl::ContainerGrant> wire;
  wire.reserve(grants.size());
  for (const ContainerGrant& grant : grants) wire.push_back(ToWire(grant, keys));
  return wire;
}

Result<std::vector<ReceivedGrant>> GrantsFromWire(const std::vector<idl::ContainerGrant>& wire) {
  std::vector<ReceivedGrant> grants;
  grants.reserve(wire.size());
  for (const auto& grant : wire) {
    WEIR_ASSIGN_OR_RETURN(ReceivedGrant one, GrantFromWire(grant));
    grants.push_back(std::move(one));
  }
  return grants;
}

idl::MasterCredentials CredentialsOf(const AttemptId& attempt, const platform::TokenKeys& keys) {
  idl::MasterCredentials wire;
  wire.__set_keys_version(keys.version());
  wire.__set_am_token(weir::wire::ToWire(keys.Sign(AmTokenIdentifier{attempt})));
  std::vector<idl::ClientKey> client_keys;
  for (const auto& [id, key] : keys.ClientKeys(attempt)) {
    idl::ClientKey one;
    one.__set_key_id(id);
    one.__set_key(key);
    client_keys.push_back(std::move(one));
  }
  wire.__set_client_keys(std::move(client_keys));
  return wire;
}

std::vector<idl::NmToken> NmTokensToWire(const std::vector<NmTokenIdentifier>& tokens,
                                         const platform::TokenKeys& keys) {
  std::vector<idl::NmToken> wire;
  for (const NmTokenIdentifier& token : tokens) {
    idl::NmToken one;
    one.__set_node(token.node.uuid);
    one.__set_token(weir::wire::ToWire(keys.Sign(token)));
    wire.push_back(std::move(one));
  }
  return wire;
}

}  // namespace

ReceivedCredentials FromWire(const idl::MasterCredentials& wire) {
  ReceivedCredentials credentials;
  credentials.keys_version = wire.keys_version;
  credentials.am_token = FromWire(wire.am_token);
  for (const auto& one : wire.client_keys) credentials.client_keys[one.key_id] = one.key;
  return credentials;
}

Result<std::vector<ReceivedGrant>> InheritedFromWire(const idl::RegisterMasterAnswer& wire) {
  return GrantsFromWire(wire.containers);
}

idl::RegisterMasterRequest ToWire(const RegisterMasterRequest& request) {
  idl::RegisterMasterRequest wire;
  wire.__set_rpc_address(ToWire(request.rpc_address));
  wire.__set_tracking_url(request.tracking_url);
  std::vector<idl::HeldContainer> held;
  held.reserve(request.containers.size());
  for (const HeldContainer& each : request.containers) {
    idl::HeldContainer one;
    one.__set_id(each.id.ToString());
    one.__set_node(each.node.uuid);
    held.push_back(std::move(one));
  }
  wire.__set_containers(std::move(held));
  wire.__set_again(request.again);
  return wire;
}

Result<RegisterMasterRequest> FromWire(const idl::RegisterMasterRequest& wire) {
  RegisterMasterRequest request;
  WEIR_ASSIGN_OR_RETURN(request.rpc_address, FromWire(wire.rpc_address));
  request.tracking_url = wire.tracking_url;
  request.containers.reserve(wire.containers.size());
  for (const idl::HeldContainer& each : wire.containers) {
    WEIR_ASSIGN_OR_RETURN(const ContainerId id, ContainerId::Parse(each.id));
    request.containers.push_back({.id = id, .node = {each.node}});
  }
  request.again = wire.again;
  return request;
}

idl::RegisterMasterAnswer ToWire(const RegisterMasterAnswer& answer,
                                 const AttemptId& attempt,
                                 const platform::TokenKeys& keys) {
  idl::RegisterMasterAnswer wire;
  wire.__set_epoch(answer.epoch.value);
  wire.__set_minimum_allocation(ToWire(answer.minimum_allocation));
  wire.__set_maximum_allocation(ToWire(answer.maximum_allocation));
  wire.__set_queue(answer.queue);
  wire.__set_client_key(keys.ClientKeys(attempt).at(keys.signer()));
  wire.__set_credentials(CredentialsOf(attempt, keys));
  if (!answer.containers.empty()) wire.__set_containers(GrantsToWire(answer.containers, keys));
  return wire;
}

Result<RegisterMasterAnswer> FromWire(const idl::RegisterMasterAnswer& wire) {
  RegisterMasterAnswer answer;
  WEIR_ASSIGN_OR_RETURN(answer.maximum_allocation, FromWire(wire.maximum_allocation));
  WEIR_ASSIGN_OR_RETURN(answer.minimum_allocation, FromWire(wire.minimum_allocation));
  answer.epoch = Epoch{wire.epoch};
  answer.queue = wire.queue;
  return answer;
}

idl::AllocateRequest ToWire(const AllocateRequest& request) {
  idl::AllocateRequest wire;
  if (!request.nm_tokens.empty()) {
    std::vector<std::string> nodes;
    for (const NodeId& node : request.nm_tokens) nodes.push_back(node.uuid);
    wire.__set_nm_tokens(std::move(nodes));
  }
  wire.__set_sequence(request.sequence);
  std::vector<idl::ContainerAsk> asks;
  for (const ContainerAsk& ask : request.asks) asks.push_back(ToWire(ask));
  wire.__set_asks(std::move(asks));
  wire.__set_releases(IdsToWire(request.releases));
  std::vector<idl::SizeAsk> sizes;
  for (const SizeAsk& ask : request.sizes) sizes.push_back(ToWire(ask));
  if (!sizes.empty()) wire.__set_sizes(std::move(sizes));
  if (!request.blacklist_add.empty()) wire.__set_blacklist_add(request.blacklist_add);
  if (!request.blacklist_remove.empty()) wire.__set_blacklist_remove(request.blacklist_remove);
  wire.__set_progress(static_cast<double>(request.progress));
  wire.__set_park_ms(ParkToWire(request.park));
  return wire;
}

Result<AllocateRequest> FromWire(const idl::AllocateRequest& wire) {
  if (wire.asks.size() > limits::kAsksPerAllocate) {
    return Error{ErrorCode::kInvalidArgument,
                 std::to_string(wire.asks.size()) + " asks in one allocate",
                 "send at most " + std::to_string(limits::kAsksPerAllocate) + " at a time"};
  }
  if (wire.sizes.size() > limits::kSizesPerAllocate) {
    return Error{
        ErrorCode::kInvalidArgument,
        "other sizes for " + std::to_string(wire.sizes.size()) + " containers in one allocate",
        "send at most " + std::to_string(limits::kSizesPerAllocate) + " at a time"};
  }
  constexpr char kNode[] = "a node's name in the blacklist";
  WEIR_RETURN_IF_ERROR(CheckTexts(wire.blacklist_add, limits::kBlacklistChanges, kNode));
  WEIR_RETURN_IF_ERROR(CheckTexts(wire.blacklist_remove, limits::kBlacklistChanges, kNode));
  WEIR_RETURN_IF_ERROR(
      CheckTexts(wire.nm_tokens, limits::kNmTokensPerAllocate, "the id of a node for a token"));
  AllocateRequest request;
  for (const std::string& node : wire.nm_tokens) request.nm_tokens.push_back({node});
  request.blacklist_add = wire.blacklist_add;
  request.blacklist_remove = wire.blacklist_remove;
  WEIR_ASSIGN_OR_RETURN(request.releases, IdsFromWire<ContainerId>(wire.releases));
  for (const auto& one : wire.asks) {
    WEIR_ASSIGN_OR_RETURN(ContainerAsk ask, AskFromWire(one));
    request.asks.push_back(std::move(ask));
  }
  for (const auto& one : wire.sizes) {
    WEIR_ASSIGN_OR_RETURN(SizeAsk ask, SizeAskFromWire(one));
    request.sizes.push_back(std::move(ask));
  }
  request.sequence = wire.sequence;
  request.progress = static_cast<float>(wire.progress);
  request.park = ParkFromWire(wire.park_ms);
  return request;
}

void AddCredentials(const KnownKeys& known,
                    const AttemptId& attempt,
                    const platform::TokenKeys& keys,
                    idl::AllocateAnswer& wire) {
  if (known && *known < keys.version()) wire.__set_credentials(CredentialsOf(attempt, keys));
}

idl::AllocateAnswer ToWire(const AllocateAnswer& answer, const platform::TokenKeys& keys) {
  idl::AllocateAnswer wire;
  if (!answer.nm_tokens.empty()) wire.__set_nm_tokens(NmTokensToWire(answer.nm_tokens, keys));
  wire.__set_epoch(answer.epoch.value);
  wire.__set_sequence(answer.sequence);
  wire.__set_granted(GrantsToWire(answer.granted, keys));
  if (!answer.inherited.empty()) wire.__set_inherited(GrantsToWire(answer.inherited, keys));
  wire.__set_completed(ListToWire<idl::ContainerStatus>(answer.completed));
  std::vector<idl::PreemptionNotice> notices;
  for (const PreemptionNotice& notice : answer.preemption) notices.push_back(ToWire(notice));
  if (!notices.empty()) wire.__set_preemption(std::move(notices));
  std::vector<idl::SizeNotice> sizes;
  for (const SizeNotice& notice : answer.sizes) sizes.push_back(ToWire(notice));
  if (!sizes.empty()) wire.__set_sizes(std::move(sizes));
  wire.__set_headroom(ToWire(answer.headroom));
  wire.__set_cluster_nodes(answer.cluster_nodes);
  wire.__set_pending_reason(EnumToWire(answer.pending_reason));
  wire.__set_pending_detail(answer.pending_detail);
  return wire;
}

Result<ReceivedAllocation> FromWire(const idl::AllocateAnswer& wire) {
  ReceivedAllocation answer;
  WEIR_ASSIGN_OR_RETURN(answer.granted, GrantsFromWire(wire.granted));
  WEIR_ASSIGN_OR_RETURN(answer.inherited, GrantsFromWire(wire.inherited));
  WEIR_ASSIGN_OR_RETURN(answer.completed, ListFromWire<ContainerStatus>(wire.completed));
  WEIR_ASSIGN_OR_RETURN(answer.pending_reason,
                        EnumFromWire(wire.pending_reason,
                                     PendingReason::kNone,
                                     PendingReason::kWorkersMissing,
                                     "pending reason"));
  for (const auto& one : wire.preemption) {
    WEIR_ASSIGN_OR_RETURN(const PreemptionNotice notice, NoticeFromWire(one));
    answer.preemption.push_back(notice);
  }
  for (const auto& one : wire.sizes) {
    WEIR_ASSIGN_OR_RETURN(SizeNotice notice, SizeNoticeFromWire(one));
    answer.sizes.push_back(std::move(notice));
  }
  WEIR_ASSIGN_OR_RETURN(answer.headroom, FromWire(wire.headroom));
  if (wire.__isset.credentials) answer.credentials = FromWire(wire.credentials);
  for (const auto& one : wire.nm_tokens) {
    answer.nm_tokens.push_back({{one.node}, FromWire(one.token)});
  }
  answer.epoch = Epoch{wire.epoch};
  answer.sequence = wire.sequence;
  answer.cluster_nodes = wire.cluster_nodes;
  answer.pending_detail = wire.pending_detail;
  return answer;
}

idl::FinishMasterRequest ToWire(const FinishMasterRequest& request) {
  idl::FinishMasterRequest wire;
  wire.__set_final_status(EnumToWire(request.final_status));
  wire.__set_diagnostics(CutMiddle(request.diagnostics, limits::kDiagnosticsBytes));
  wire.__set_tracking_url(request.tracking_url);
  return wire;
}

Result<FinishMasterRequest> FromWire(const idl::FinishMasterRequest& wire) {
  WEIR_ASSIGN_OR_RETURN(
      const auto status,
      EnumFromWire(
          wire.final_status, FinalStatus::kUndefined, FinalStatus::kKilled, "final status"));
  return FinishMasterRequest{.final_status = status,
                             .diagnostics = CutMiddle(wire.diagnostics, limits::kDiagnosticsBytes),
                             .tracking_url = wire.tracking_url.substr(0, 4 * limits::kNameBytes)};
}

}  // namespace weir::wire
