#include "client/ha_command.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "client/ha_client.h"
#include "client/output.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "platform/rm_places.h"

namespace weir::cli {
namespace {

constexpr Duration kPatience = seconds(60);
constexpr Duration kLook = milliseconds(100);
// So long whoever is to make way takes part in no election, unless another one leads before.
constexpr Duration kCede = seconds(10);
constexpr char kActive[] = "ACTIVE";
constexpr char kStandby[] = "STANDBY";

Error WrongForm(const std::string& action, const std::string& form) {
  return {ErrorCode::kInvalidArgument,
          "the form is: rmadmin -" + action + " " + form,
          "see 'weir rmadmin --help'"};
}

Result<std::vector<std::string>> RmIds(const platform::Configuration& config) {
  WEIR_ASSIGN_OR_RETURN(const platform::RmPlaces places, platform::ReadRmPlaces(config));
  if (!places.high_availability) {
    return Error{ErrorCode::kFailedPrecondition,
                 "high availability is not enabled: there is one ResourceManager",
                 "see yarn.resourcemanager.ha.enabled in docs/high-availability.md"};
  }
  std::vector<std::string> ids;
  for (const platform::RmPlace& place : places.all) ids.push_back(place.id);
  return ids;
}

// The ids that were named, which are to be `count` of those there are.
Result<std::vector<std::string>> NamedIds(const Invocation& invocation,
                                          const std::string& action,
                                          size_t count,
                                          const std::string& form) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> all, RmIds(invocation.config));
  const std::vector<std::string>& named = invocation.arguments.words();
  if (named.size() != count) return WrongForm(action, form);
  for (const std::string& id : named) {
    if (std::find(all.begin(), all.end(), id) != all.end()) continue;
    return Error{ErrorCode::kNotFound,
                 "there is no ResourceManager '" + id + "'",
                 "yarn.resourcemanager.ha.rm-ids names " + Join(all, ", ")};
  }
  return named;
}

Status Await(HaClient& rm, const std::string& id, const std::string& state) {
  const Instant deadline = platform::MonotonicNow() + kPatience;
  for (;;) {
    const auto now = rm.State();
    if (now.ok() && now->state == state) return {};
    if (platform::MonotonicNow() >= deadline) {
      const std::string last = now.ok() ? "it is " + ToLower(now->state) : now.error().message;
      return Error{ErrorCode::kDeadlineExceeded,
                   id + " has not become " + ToLower(state) + " within " +
                       std::to_string(ToMillis(kPatience) / 1000) + " s: " + last,
                   "its log says why"};
    }
    std::this_thread::sleep_for(kLook);  // a change of role is not told, it is looked for
  }
}

Status GetServiceState(const Invocation& invocation) {
  WEIR_ASSIGN_OR_RETURN(const auto ids, NamedIds(invocation, "getServiceState", 1, "ID"));
  HaClient rm(invocation.config, ids[0]);
  WEIR_ASSIGN_OR_RETURN(const RmServiceState state, rm.State());
  std::printf("%s\n", ToLower(state.state).c_str());
  return {};
}

// One line each; as YARN's it tells of those it cannot reach and goes on.
Status GetAllServiceState(const Invocation& invocation) {
  WEIR_ASSIGN_OR_RETURN(const platform::RmPlaces places, platform::ReadRmPlaces(invocation.config));
  WEIR_ASSIGN_OR_RETURN(const auto ids, RmIds(invocation.config));
  if (!invocation.arguments.words().empty()) return WrongForm("getAllServiceState", "");
  for (const platform::RmPlace& place : places.all) {
    HaClient rm(invocation.config, place.id);
    const auto state = rm.State();
    std::printf(
        "%-10s %-30s %s\n",
        place.id.c_str(),
        place.admin.ToString().c_str(),
        state.ok() ? ToLower(state->state).c_str() : ("failed: " + state.error().message).c_str());
  }
  return {};
}

Status CheckHealth(const Invocation& invocation) {
  WEIR_ASSIGN_OR_RETURN(const auto ids, NamedIds(invocation, "checkHealth", 1, "ID"));
  return HaClient(invocation.config, ids[0]).CheckHealth();
}

// Two that are told to be active shut one another out again and again.
Status CheckNoOtherIsActive(const platform::Configuration& config, const std::string& id) {
  WEIR_ASSIGN_OR_RETURN(const auto ids, RmIds(config));
  for (const std::string& other : ids) {
    if (other == id) continue;
    const auto state = HaClient(config, other).State();
    if (!state.ok() || state->state != kActive) continue;
    return Error{ErrorCode::kFailedPrecondition,
                 other + " is active",
                 "use `weir rmadmin -failover " + other + " " + id +
                     "`, or --forceactive: then it is shut out"};
  }
  return {};
}

Status TransitionToActive(const Invocation& invocation) {
  WEIR_ASSIGN_OR_RETURN(const auto ids,
                        NamedIds(invocation, "transitionToActive", 1, "[--forceactive] ID"));
  if (!invocation.arguments.Has("forceactive")) {
    WEIR_RETURN_IF_ERROR(CheckNoOtherIsActive(invocation.config, ids[0]));
  }
  HaClient rm(invocation.config, ids[0]);
  WEIR_RETURN_IF_ERROR(rm.ToActive(invocation.arguments.Has("forcemanual")));
  return Await(rm, ids[0], kActive);
}

Status TransitionToStandby(const Invocation& invocation) {
  WEIR_ASSIGN_OR_RETURN(const auto ids, NamedIds(invocation, "transitionToStandby", 1, "ID"));
  HaClient rm(invocation.config, ids[0]);
  WEIR_RETURN_IF_ERROR(rm.ToStandby(invocation.arguments.Has("forcemanual")));
  return Await(rm, ids[0], kStandby);
}

Status Failover(const Invocation& invocation) {
  WEIR_ASSIGN_OR_RETURN(const auto named, NamedIds(invocation, "failover", 2, "FROM TO"));
  if (named[0] == named[1]) return WrongForm("failover", "FROM TO, two different ones");
  HaClient to(invocation.config, named[1]);
  // Before anybody makes way.
  WEIR_ASSIGN_OR_RETURN(const RmServiceState state, to.State());
  if (!state.automatic) {
    HaClient from(invocation.config, named[0]);
    WEIR_RETURN_IF_ERROR(from.ToStandby(false));
    WEIR_RETURN_IF_ERROR(Await(from, named[0], kStandby));
    WEIR_RETURN_IF_ERROR(to.ToActive(false));
    return Await(to, named[1], kActive);
  }
  WEIR_ASSIGN_OR_RETURN(auto ids, RmIds(invocation.config));
  // The active one last: when it makes way nobody else is to be in it.
  std::stable_partition(ids.begin(), ids.end(), [&](const std::string& id) {
    const auto now = HaClient(invocation.config, id).State();
    return !now.ok() || now->state != kActive;
  });
  for (const std::string& id : ids) {
    if (id == named[1]) continue;
    // One that cannot be reached does not stand in the way but for its session's time.
    const Status ceded = HaClient(invocation.config, id).Cede(kCede);
    if (!ceded.ok() && id == named[0]) return ceded;
  }
  return Await(to, named[1], kActive);
}

}  // namespace

const std::vector<std::string>& HaActions() {
  static const std::vector<std::string> actions = {"getServiceState",
                                                   "getAllServiceState",
                                                   "checkHealth",
                                                   "transitionToActive",
                                                   "transitionToStandby",
                                                   "failover"};
  return actions;
}

std::vector<std::string> HaOptionsOf(const std::string& action) {
  if (action == "transitionToActive") return {"forceactive", "forcemanual"};
  if (action == "transitionToStandby") return {"forcemanual"};
  return {};
}

ExitCode RunHaAction(const Invocation& invocation, const std::string& action) {
  const Status done = action == "getServiceState"       ? GetServiceState(invocation)
                      : action == "getAllServiceState"  ? GetAllServiceState(invocation)
                      : action == "checkHealth"         ? CheckHealth(invocation)
                      : action == "transitionToActive"  ? TransitionToActive(invocation)
                      : action == "transitionToStandby" ? TransitionToStandby(invocation)
                                                        : Failover(invocation);
  return done.ok() ? ExitCode::kOk : Fail(done.error());
}

}  // namespace weir::cli
