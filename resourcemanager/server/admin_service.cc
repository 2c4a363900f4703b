#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/strings.h"
#include "gen/AdminService.h"
#include "resourcemanager/server/ha_service.h"
#include "resourcemanager/server/queue_file.h"
#include "resourcemanager/server/services.h"
#include "wire/codec.h"
#include "wire/lists_codec.h"

namespace weir::rm {
namespace {

using platform::Lane;
using platform::Responder;
using VersionCob = std::function<void(const idl::QueueConfigurationVersion&)>;

// The file's own name in what is told about it.
Error WithFileName(Error error, const std::string& name) {
  error.message = NameQueueFile(error.message, name);
  return error;
}

Status CheckLabels(const std::vector<std::string>& labels) {
  WEIR_RETURN_IF_ERROR(wire::CheckTexts(labels, limits::kLabelsPerCall, "a node label"));
  if (!labels.empty()) return {};
  return Error{ErrorCode::kInvalidArgument, "no label is named", "name at least one"};
}

std::optional<int64_t> Expected(bool set, int64_t version) {
  return set ? std::optional<int64_t>(version) : std::nullopt;
}

Result<UpdateNodeResource> UpdateFromWire(const idl::UpdateNodeResourceRequest& request) {
  UpdateNodeResource update;
  WEIR_RETURN_IF_ERROR(wire::CheckTexts({request.node}, 1, "a node's name"));
  update.node = request.node;
  if (request.__isset.capacity) {
    WEIR_ASSIGN_OR_RETURN(update.capacity, wire::FromWire(request.capacity));
  }
  const bool bounded = request.__isset.overcommit_timeout_ms && request.overcommit_timeout_ms >= 0;
  if (bounded) {
    WEIR_ASSIGN_OR_RETURN(
        update.overcommit_timeout,
        wire::PeriodFromWire(request.overcommit_timeout_ms, "the overcommit timeout"));
  }
  return update;
}

Result<std::optional<Duration>> TimeoutFromWire(bool set, int64_t milliseconds_given) {
  if (!set) return std::optional<Duration>();
  if (milliseconds_given < 0) return std::optional<Duration>(Duration(-1));
  WEIR_ASSIGN_OR_RETURN(const Duration timeout,
                        wire::PeriodFromWire(milliseconds_given, "the decommission timeout"));
  return std::optional<Duration>(timeout);
}

idl::KeyRoll RollToWire(const KeyRoll& roll) {
  idl::KeyRoll wire;
  wire.__set_next_key(roll.next);
  wire.__set_signs_in_ms(ToMillis(roll.signs_in));
  if (roll.dropped != 0) wire.__set_dropped_key(roll.dropped);
  return wire;
}

class AdminHandler : public idl::AdminServiceCobSvIf, public HaHandler {
 public:
  AdminHandler(platform::ConnectionContext& context, const ServiceEnvironment& environment)
      : HaHandler(context, environment.ha), context_(context), environment_(environment) {}

  void refreshQueues(VersionCob cob, ExceptionCob) override {
    const auto responder = RespondVersion(std::move(cob));
    Reconfigure(responder, "refreshQueues", {}, "", [path = environment_.queue_file] {
      return ReadLocalQueues(path);
    });
  }

  void planQueues(std::function<void(const idl::QueuePlan&)> cob,
                  ExceptionCob,
                  const idl::QueueFile& file) override {
    const auto responder = context_.Respond<QueuePlan>(
        [cob = std::move(cob)](const QueuePlan& plan) { cob(wire::ToWire(plan)); });
    environment_.admin_loop.Post([responder, file, &environment = environment_] {
      auto properties = ParseQueueFile(file.name, file.text);
      if (!properties.ok()) return responder.Fail(std::move(properties).error());
      Plan(environment, responder, *std::move(properties), file.name);
    });
  }

  void applyQueues(VersionCob cob, ExceptionCob, const idl::ApplyQueuesRequest& request) override {
    const auto responder = RespondVersion(std::move(cob));
    context_.NameObject(request.file.name);
    const auto expected = Expected(request.__isset.expected_version, request.expected_version);
    Reconfigure(responder, "apply", expected, request.file.name, [file = request.file] {
      return ParseQueueFile(file.name, file.text);
    });
  }

  void queueHistory(std::function<void(const std::vector<idl::QueueConfigurationVersion>&)> cob,
                    ExceptionCob) override {
    using Versions = std::vector<QueueConfigurationVersion>;
    const auto responder =
        context_.Respond<Versions>([cob = std::move(cob)](const Versions& versions) {
          cob(wire::ListToWire<idl::QueueConfigurationVersion>(versions));
        });
    environment_.server.Read(
        [responder](const ResourceManagerCore& core, Now) { responder.Reply(core.QueueHistory()); },
        [responder](Error error) { responder.Fail(std::move(error)); });
  }

  void rollbackQueues(VersionCob cob,
                      ExceptionCob,
                      const idl::RollbackQueuesRequest& request) override {
    RollbackQueues rollback;
    rollback.version = request.version;
    rollback.expected_version =
        Expected(request.__isset.expected_version, request.expected_version);
    const auto responder = RespondVersion(std::move(cob));
    context_.NameObject("version " + std::to_string(request.version));
    Change(responder, std::move(rollback));
  }

  void updateNodeResource(std::function<void()> cob,
                          ExceptionCob,
                          const idl::UpdateNodeResourceRequest& request) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    context_.NameObject(request.node);
    auto update = UpdateFromWire(request);
    if (!update.ok()) return responder.Fail(std::move(update).error());
    Change(responder, *std::move(update));
  }

  void refreshNodes(std::function<void()> cob,
                    ExceptionCob,
                    const idl::RefreshNodesRequest& request) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    auto timeout = TimeoutFromWire(request.__isset.timeout_ms, request.timeout_ms);
    if (!timeout.ok()) return responder.Fail(std::move(timeout).error());
    RefreshNodes refresh;
    refresh.graceful = request.__isset.graceful && request.graceful;
    refresh.timeout = *timeout;
    environment_.admin_loop.Post(
        [responder, refresh, caller = context_.caller(), &environment = environment_] {
          auto lists = ReadNodeFiles(environment.node_files);
          if (!lists.ok()) return responder.Fail(std::move(lists).error());
          RefreshNodes event = refresh;
          event.lists = *std::move(lists);
          Send(environment, responder, std::move(event), caller, "");
        });
  }

  void drainNode(std::function<void()> cob,
                 ExceptionCob,
                 const idl::DrainNodeRequest& request) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    auto timeout = TimeoutFromWire(request.__isset.timeout_ms, request.timeout_ms);
    if (!timeout.ok()) return responder.Fail(std::move(timeout).error());
    context_.NameObject(request.node);
    if (Status good = wire::CheckTexts({request.node}, 1, "a node's name"); !good.ok()) {
      return responder.Fail(std::move(good).error());
    }
    DrainNode drain;
    drain.node = request.node;
    drain.timeout = *timeout;
    drain.undo = request.__isset.undo && request.undo;
    Change(responder, std::move(drain));
  }

  void addNodeLabels(std::function<void()> cob,
                     ExceptionCob,
                     const std::vector<idl::NodeLabel>& labels) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    AddLabels add;
    std::vector<std::string> names;
    for (const idl::NodeLabel& label : labels) {
      add.labels.push_back({label.name, !label.__isset.exclusive || label.exclusive});
      names.push_back(label.name);
    }
    if (Status good = CheckLabels(names); !good.ok()) {
      return responder.Fail(std::move(good).error());
    }
    context_.NameObject(Join(names, ","));
    Change(responder, std::move(add));
  }

  void removeNodeLabels(std::function<void()> cob,
                        ExceptionCob,
                        const std::vector<std::string>& labels) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    if (Status good = CheckLabels(labels); !good.ok()) {
      return responder.Fail(std::move(good).error());
    }
    context_.NameObject(Join(labels, ","));
    RemoveLabels remove;
    remove.labels = labels;
    Change(responder, std::move(remove));
  }

  void replaceLabelsOnNodes(std::function<void()> cob,
                            ExceptionCob,
                            const std::map<std::string, std::string>& labels) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    std::vector<std::string> names;
    for (const auto& [node, label] : labels) {
      names.push_back(node);
      if (!label.empty()) names.push_back(label);
    }
    // Twice the bound, as both sides of each entry are in the list.
    Status good = wire::CheckTexts(names, 2 * limits::kLabelsPerCall, "a node or its label");
    if (good.ok() && labels.empty()) {
      good = Error{ErrorCode::kInvalidArgument, "no node is named", "name at least one"};
    }
    if (!good.ok()) return responder.Fail(std::move(good).error());
    std::string object;
    for (const auto& [node, label] : labels) object += node + "=" + label + " ";
    context_.NameObject(std::string(Trim(object)));
    ReplaceLabelsOnNodes replace;
    replace.labels = labels;
    Change(responder, std::move(replace));
  }

  void rollTokenKeys(std::function<void(const idl::KeyRoll&)> cob, ExceptionCob) override {
    const auto responder = context_.Respond<KeyRoll>(
        [cob = std::move(cob)](const KeyRoll& roll) { cob(RollToWire(roll)); });
    environment_.keys.Roll(
        ActingUser(environment_.access, context_.caller()),
        [responder](Result<KeyRoll> roll) { responder.Finish(std::move(roll)); });
  }

 private:
  Responder<QueueConfigurationVersion> RespondVersion(VersionCob cob) {
    return context_.Respond<QueueConfigurationVersion>(
        [cob = std::move(cob)](const QueueConfigurationVersion& version) {
          cob(wire::ToWire(version));
        });
  }

  // Hands the core an administrator's event; the door lets nobody else come so far.
  template <typename Answer, typename Administered>
  void Change(const Responder<Answer>& responder, Administered event) {
    Send(environment_, responder, std::move(event), context_.caller(), "");
  }

  template <typename Answer, typename Administered>
  static void Send(const ServiceEnvironment& environment,
                   const Responder<Answer>& responder,
                   Administered event,
                   const Caller& caller,
                   const std::string& file_name) {
    event.by = ActingUser(environment.access, caller);
    environment.server.Call(
        Lane::kControl,
        [&event](CallId call) {
          event.call = call;
          return std::move(event);
        },
        [responder, file_name](CoreAnswer answer) {
          if (auto* error = std::get_if<Error>(&answer)) {
            *error = WithFileName(std::move(*error), file_name);
          }
          Deliver(responder, std::move(answer));
        },
        [responder](Error error) { responder.Fail(std::move(error)); });
  }

  // `read` may take its time: it runs on the administrators' loop.
  void Reconfigure(const Responder<QueueConfigurationVersion>& responder,
                   std::string origin,
                   std::optional<int64_t> expected,
                   const std::string& file_name,
                   std::function<Result<QueueProperties>()> read) {
    ReconfigureQueues change;
    change.origin = std::move(origin);
    change.expected_version = expected;
    environment_.admin_loop.Post([responder,
                                  change = std::move(change),
                                  file_name,
                                  read = std::move(read),
                                  caller = context_.caller(),
                                  &environment = environment_] {
      auto properties = read();
      if (!properties.ok()) return responder.Fail(std::move(properties).error());
      ReconfigureQueues event = change;
      event.properties = *std::move(properties);
      Send(environment, responder, std::move(event), caller, file_name);
    });
  }

  static Result<QueueProperties> ReadLocalQueues(const std::string& path) {
    if (path.empty()) {
      return Error{ErrorCode::kFailedPrecondition,
                   "this ResourceManager was started without a configuration directory",
                   "start it with --conf DIR, or use 'weir queue -apply FILE'"};
    }
    return ReadQueueFile(path);
  }

  static void Plan(const ServiceEnvironment& environment,
                   const Responder<QueuePlan>& responder,
                   QueueProperties properties,
                   const std::string& file_name) {
    environment.server.Read(
        [responder, properties = std::move(properties), file_name](const ResourceManagerCore& core,
                                                                   Now now) {
          QueuePlan plan = core.PlanQueues(properties, now);
          for (std::string& fault : plan.faults) fault = NameQueueFile(fault, file_name);
          responder.Reply(std::move(plan));
        },
        [responder](Error error) { responder.Fail(std::move(error)); });
  }

  platform::ConnectionContext& context_;
  const ServiceEnvironment& environment_;
};

}  // namespace

Processor MakeAdminService(platform::ConnectionContext& context,
                           const ServiceEnvironment& environment) {
  return std::make_shared<idl::AdminServiceAsyncProcessor>(
      std::make_shared<AdminHandler>(context, environment));
}

}  // namespace weir::rm
