// weir rmadmin: -refreshQueues, -refreshNodes, -updateNodeResource, node labels, the keys of
// tokens, and which of several ResourceManagers is active (ha_command.h). As YARN's it says nothing
// when all went well. weir cluster: -list-node-labels.
#include <algorithm>
#include <cstdio>
#include <iterator>

#include "client/admin_client.h"
#include "client/admin_words.h"
#include "client/command.h"
#include "client/ha_command.h"
#include "client/node_drain.h"
#include "client/output.h"
#include "client/queue_output.h"
#include "client/rm_client.h"
#include "common/strings.h"

namespace weir::cli {
namespace {

constexpr const char* kOwnActions[] = {"refreshQueues",
                                       "refreshNodes",
                                       "updateNodeResource",
                                       "addToClusterNodeLabels",
                                       "removeFromClusterNodeLabels",
                                       "replaceLabelsOnNode",
                                       "rollTokenKeys"};

std::vector<std::string> AllActions() {
  std::vector<std::string> all(std::begin(kOwnActions), std::end(kOwnActions));
  all.insert(all.end(), HaActions().begin(), HaActions().end());
  return all;
}

constexpr int64_t kTimeoutSecondsMax = int64_t{365} * 24 * 3600;

ExitCode Done(const Status& status) {
  return status.ok() ? ExitCode::kOk : Fail(status.error());
}

ExitCode RefreshQueues(const Invocation& invocation, AdminClient& admin) {
  const auto version = admin.RefreshQueues();
  if (!version.ok()) return Fail(version.error());
  if (invocation.json) std::fputs(VersionJson(*version).c_str(), stdout);
  return ExitCode::kOk;
}

Status UpdateNodeResource(const Invocation& invocation, AdminClient& admin) {
  platform::OptionReader read(invocation.config);
  const auto types = platform::ReadResourceTypes(invocation.config, read);
  WEIR_RETURN_IF_ERROR(read.Finish());
  WEIR_ASSIGN_OR_RETURN(const NodeResourceChange change,
                        ParseNodeResource(invocation.arguments.words(), types));
  return admin.UpdateNodeResource(change);
}

struct NodesRefresh {
  bool graceful = false;
  bool follow = false;  // -client
  std::optional<Duration> timeout;
};

// "-refreshNodes [-g|-graceful [SECONDS] [-client|-server]]"; what follows the seconds comes as
// words.
Result<NodesRefresh> ParseNodesRefresh(const Arguments& arguments) {
  NodesRefresh refresh;
  refresh.graceful = arguments.Has("g") || arguments.Has("graceful");
  bool server = arguments.Has("server");
  refresh.follow = arguments.Has("client");
  if (arguments.Has("1")) refresh.timeout = Duration(-1);  // "-1" looks like an option
  bool understood = refresh.graceful || (!server && !refresh.follow);
  for (const std::string& word : arguments.words()) {
    const auto number = ParseInt64(word);
    if (number && refresh.graceful && !refresh.timeout && *number >= -1 &&
        *number <= kTimeoutSecondsMax) {
      refresh.timeout = seconds(*number);
    } else if (word == "-client" || word == "--client") {
      refresh.follow = true;
    } else if (word == "-server" || word == "--server") {
      server = true;
    } else {
      understood = false;
    }
  }
  if (understood && !(server && refresh.follow)) return refresh;
  return Error{ErrorCode::kInvalidArgument,
               "the form is: rmadmin -refreshNodes [-g [SECONDS] [-client|-server]]",
               "see 'weir rmadmin --help'"};
}

ExitCode RefreshNodes(const Invocation& invocation, AdminClient& admin) {
  const auto refresh = ParseNodesRefresh(invocation.arguments);
  if (!refresh.ok()) return Fail(refresh.error());
  if (Status done = admin.RefreshNodes(refresh->graceful, refresh->timeout); !done.ok()) {
    return Fail(done.error());
  }
  return refresh->follow ? FollowDecommissions(invocation, admin, refresh->timeout) : ExitCode::kOk;
}

Status ChangeLabels(const std::string& action, const Arguments& arguments, AdminClient& admin) {
  if (action == "replaceLabelsOnNode") {
    WEIR_ASSIGN_OR_RETURN(const auto labels, ParseNodeLabels(arguments.words()));
    return admin.ReplaceLabels(labels);
  }
  const std::string text = Join(arguments.words(), ",");
  if (text.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "'rmadmin -" + action + "' needs labels after it",
                 "see 'weir rmadmin --help'"};
  }
  if (action == "addToClusterNodeLabels") {
    WEIR_ASSIGN_OR_RETURN(const auto labels, ParseLabelsToAdd(text));
    return admin.AddLabels(labels);
  }
  WEIR_ASSIGN_OR_RETURN(const auto labels, ParseLabelNames(text));
  return admin.RemoveLabels(labels);
}

std::string FormatKeyRoll(const TokenKeyRoll& roll) {
  std::string text = "Key " + std::to_string(roll.next_key) + " is being made known and signs in " +
                     std::to_string(ToMillis(roll.signs_in)) + " ms.";
  if (roll.dropped_key) {
    text += " Tokens of key " + std::to_string(*roll.dropped_key) + " are refused from then on.";
  }
  return text + "\n";
}

std::string KeyRollJson(const TokenKeyRoll& roll) {
  std::string text = "{\"nextKey\":" + std::to_string(roll.next_key) +
                     ",\"signsInMs\":" + std::to_string(ToMillis(roll.signs_in));
  if (roll.dropped_key) text += ",\"droppedKey\":" + std::to_string(*roll.dropped_key);
  return text + "}\n";
}

ExitCode RollTokenKeys(const Invocation& invocation, AdminClient& admin) {
  const auto roll = admin.RollTokenKeys();
  if (!roll.ok()) return Fail(roll.error());
  std::fputs((invocation.json ? KeyRollJson(*roll) : FormatKeyRoll(*roll)).c_str(), stdout);
  return ExitCode::kOk;
}

// What is told to take no words.
bool StandsAlone(const std::string& action) {
  return action == "refreshQueues" || action == "rollTokenKeys";
}

Result<std::string> ActionOf(const Arguments& arguments) {
  std::vector<std::string> given;
  std::vector<std::string> names;
  for (const std::string& action : AllActions()) {
    names.push_back("-" + action);
    if (arguments.Has(action)) given.push_back(action);
  }
  if (given.size() != 1) {
    return Error{ErrorCode::kInvalidArgument,
                 "rmadmin needs one of " + Join(names, ", "),
                 "see 'weir rmadmin --help'"};
  }
  std::vector<std::string> allowed = HaOptionsOf(given[0]);
  allowed.push_back(given[0]);
  if (given[0] == "refreshNodes") {
    allowed.insert(allowed.end(), {"g", "graceful", "client", "server", "1"});
  }
  WEIR_RETURN_IF_ERROR(
      arguments.AllowOnly("rmadmin -" + given[0], allowed, StandsAlone(given[0]) ? 0 : SIZE_MAX));
  return given[0];
}

}  // namespace

ExitCode RunRmadminCommand(const std::vector<std::string>& words) {
  ParseRules rules;
  for (const std::string& action : AllActions()) rules.options.push_back({action, "", "", false});
  for (const char* option :
       {"g", "graceful", "client", "server", "1", "forceactive", "forcemanual"}) {
    rules.options.push_back({option, "", "", false});
  }
  // A timeout of -1 is a word, not an option.
  rules.stop_at_first_word = true;
  const Prepared prepared = Prepare("rmadmin", std::move(rules), words);
  if (!prepared.invocation) return prepared.exit;
  const Invocation& invocation = *prepared.invocation;
  const auto action = ActionOf(invocation.arguments);
  if (!action.ok()) return Fail(action.error());
  const std::vector<std::string>& roles = HaActions();
  if (std::find(roles.begin(), roles.end(), *action) != roles.end()) {
    return RunHaAction(invocation, *action);
  }
  AdminClient admin(invocation.config);
  if (*action == "refreshQueues") return RefreshQueues(invocation, admin);
  if (*action == "rollTokenKeys") return RollTokenKeys(invocation, admin);
  if (*action == "refreshNodes") return RefreshNodes(invocation, admin);
  if (*action == "updateNodeResource") return Done(UpdateNodeResource(invocation, admin));
  return Done(ChangeLabels(*action, invocation.arguments, admin));
}

ExitCode RunClusterCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare(
      "cluster", {.options = {{"list-node-labels", "", "", false}, {"lnl", "", "", false}}}, words);
  if (!prepared.invocation) return prepared.exit;
  const Arguments& arguments = prepared.invocation->arguments;
  if (arguments.Has("lnl") == arguments.Has("list-node-labels") || !arguments.words().empty()) {
    return Fail({ErrorCode::kInvalidArgument,
                 "cluster needs --list-node-labels (or -lnl), and nothing else",
                 "see 'weir cluster --help'"});
  }
  RmClient rm(prepared.invocation->config);
  const auto labels = rm.Labels();
  if (!labels.ok()) return Fail(labels.error());
  std::fputs((prepared.invocation->json ? LabelsJson(*labels) : FormatLabels(*labels)).c_str(),
             stdout);
  return ExitCode::kOk;
}

}  // namespace weir::cli
