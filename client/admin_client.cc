#include "client/admin_client.h"

#include "client/active_rm.h"
#include "common/limits.h"
#include "gen/AdminService.h"
#include "platform/config_keys.h"
#include "platform/file_system.h"
#include "wire/codec.h"
#include "wire/lists_codec.h"

namespace weir::cli {
namespace {

constexpr Duration kCallTimeout = seconds(60);  // a plan of a large cluster takes its time
constexpr char kRemedy[] =
    "run this where weir-resourcemanager runs, or name its work directory with -D "
    "weir.work.dir=DIR";

// The RM takes one Thrift string.
Result<idl::QueueFile> ReadFile(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(std::string text,
                        platform::FileSystem::Real().ReadFile(path, limits::kStringBytes));
  idl::QueueFile file;
  file.__set_name(path);
  file.__set_text(std::move(text));
  return file;
}

}  // namespace

struct AdminClient::State {
  explicit State(const platform::Configuration& config)
      : link(ReadRmReach(config, platform::RmAdminSocket), kRemedy) {}

  template <typename Function>
  auto Call(Repeat repeat, const Function& function) {
    return link.Call(kCallTimeout, repeat, function);
  }

  // `call` (rm, version) fills in the version.
  template <typename Function>
  Result<Version> CallForVersion(const Function& call) {
    // A version may have been made: only a look at the history says it.
    WEIR_ASSIGN_OR_RETURN(const auto wire, Call(Repeat::kNo, [&](idl::AdminServiceClient& rm) {
                            idl::QueueConfigurationVersion version;
                            call(rm, version);
                            return version;
                          }));
    return wire::FromWire(wire);
  }

  ActiveRm<idl::AdminServiceClient> link;
};

AdminClient::AdminClient(const platform::Configuration& config)
    : state_(std::make_unique<State>(config)) {}
AdminClient::~AdminClient() = default;

Result<QueueConfigurationVersion> AdminClient::RefreshQueues() {
  return state_->CallForVersion([](auto& rm, auto& version) { rm.refreshQueues(version); });
}

Result<QueuePlan> AdminClient::PlanQueues(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const idl::QueueFile file, ReadFile(path));
  WEIR_ASSIGN_OR_RETURN(const auto wire,
                        state_->Call(Repeat::kYes, [&](idl::AdminServiceClient& rm) {
                          idl::QueuePlan plan;
                          rm.planQueues(plan, file);
                          return plan;
                        }));
  return wire::FromWire(wire);
}

Result<QueueConfigurationVersion> AdminClient::ApplyQueues(const std::string& path,
                                                           std::optional<int64_t> expected) {
  idl::ApplyQueuesRequest request;
  WEIR_ASSIGN_OR_RETURN(idl::QueueFile file, ReadFile(path));
  request.__set_file(std::move(file));
  if (expected) request.__set_expected_version(*expected);
  return state_->CallForVersion([&](auto& rm, auto& version) { rm.applyQueues(version, request); });
}

Result<std::vector<QueueConfigurationVersion>> AdminClient::QueueHistory() {
  WEIR_ASSIGN_OR_RETURN(const auto wires,
                        state_->Call(Repeat::kYes, [](idl::AdminServiceClient& rm) {
                          std::vector<idl::QueueConfigurationVersion> versions;
                          rm.queueHistory(versions);
                          return versions;
                        }));
  std::vector<Version> versions;
  for (const auto& wire : wires) versions.push_back(wire::FromWire(wire));
  return versions;
}

Result<QueueConfigurationVersion> AdminClient::RollbackQueues(int64_t version,
                                                              std::optional<int64_t> expected) {
  idl::RollbackQueuesRequest request;
  request.__set_version(version);
  if (expected) request.__set_expected_version(*expected);
  return state_->CallForVersion(
      [&](auto& rm, auto& applied) { rm.rollbackQueues(applied, request); });
}

Status AdminClient::RefreshNodes(bool graceful, std::optional<Duration> timeout) {
  idl::RefreshNodesRequest request;
  request.__set_graceful(graceful);
  if (timeout) request.__set_timeout_ms(*timeout < Duration(0) ? -1 : ToMillis(*timeout));
  return state_->Call(Repeat::kYes, [&](idl::AdminServiceClient& rm) { rm.refreshNodes(request); });
}

Status AdminClient::DrainNode(const std::string& node, std::optional<Duration> timeout, bool undo) {
  idl::DrainNodeRequest request;
  request.__set_node(node);
  if (timeout) request.__set_timeout_ms(*timeout < Duration(0) ? -1 : ToMillis(*timeout));
  request.__set_undo(undo);
  return state_->Call(Repeat::kYes, [&](idl::AdminServiceClient& rm) { rm.drainNode(request); });
}

Status AdminClient::UpdateNodeResource(const NodeResourceChange& change) {
  idl::UpdateNodeResourceRequest request;
  request.__set_node(change.node);
  if (change.capacity) request.__set_capacity(wire::ToWire(*change.capacity));
  request.__set_overcommit_timeout_ms(
      change.overcommit_timeout < Duration(0) ? -1 : ToMillis(change.overcommit_timeout));
  return state_->Call(Repeat::kYes,
                      [&](idl::AdminServiceClient& rm) { rm.updateNodeResource(request); });
}

Result<TokenKeyRoll> AdminClient::RollTokenKeys() {
  // Asked for twice it is one roll, unless it takes longer than the calls.
  WEIR_ASSIGN_OR_RETURN(const auto wire,
                        state_->Call(Repeat::kYes, [](idl::AdminServiceClient& rm) {
                          idl::KeyRoll roll;
                          rm.rollTokenKeys(roll);
                          return roll;
                        }));
  TokenKeyRoll roll{.next_key = wire.next_key, .signs_in = milliseconds(wire.signs_in_ms)};
  if (wire.__isset.dropped_key) roll.dropped_key = wire.dropped_key;
  return roll;
}

Status AdminClient::AddLabels(const std::vector<LabelToAdd>& labels) {
  std::vector<idl::NodeLabel> request;
  for (const LabelToAdd& label : labels) {
    request.emplace_back();
    request.back().__set_name(label.name);
    request.back().__set_exclusive(label.exclusive);
  }
  return state_->Call(Repeat::kYes,
                      [&](idl::AdminServiceClient& rm) { rm.addNodeLabels(request); });
}

Status AdminClient::RemoveLabels(const std::vector<std::string>& labels) {
  return state_->Call(Repeat::kNo,
                      [&](idl::AdminServiceClient& rm) { rm.removeNodeLabels(labels); });
}

Status AdminClient::ReplaceLabels(const std::map<std::string, std::string>& labels) {
  return state_->Call(Repeat::kYes,
                      [&](idl::AdminServiceClient& rm) { rm.replaceLabelsOnNodes(labels); });
}

}  // namespace weir::cli
