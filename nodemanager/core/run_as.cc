#include "nodemanager/core/run_as.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr char kPrefix[] = "weir.nodemanager.run-as";

Error Refused(const std::string& user, const std::string& rule, std::string remedy) {
  return {ErrorCode::kPermissionDenied,
          "containers of user '" + user + "' do not run on this node: " + rule,
          std::move(remedy)};
}

std::string Key(const char* name) {
  return std::string(kPrefix) + "." + name;
}

bool HasRootsGroup(const Account& account) {
  return account.gid == 0 ||
         std::find(account.groups.begin(), account.groups.end(), 0) != account.groups.end();
}

// The databases may spell a name in another way, or know one account by several names: a ban holds
// for the asked and for the answered one.
Status CheckAccount(const RunAsPolicy& policy, const std::string& user, const Account& account) {
  if (account.uid == 0) {
    if (policy.allow_root) return {};
    return Refused(user,
                   "account '" + account.name + "' is root",
                   "submit as another user, or set " + Key("allow-root") +
                       " to true on this node if its containers may do everything");
  }
  if (policy.banned.contains(account.name)) {
    return Refused(user,
                   "account '" + account.name + "' is banned",
                   "submit as another user, or change " + Key("banned-users"));
  }
  if (account.uid < policy.min_uid && !policy.allowed_system.contains(account.name)) {
    return Refused(user,
                   "account '" + account.name + "' has uid " + std::to_string(account.uid) +
                       ", below the smallest allowed one, " + std::to_string(policy.min_uid),
                   "submit as another user, add the account to " + Key("allowed-system-users") +
                       ", or lower " + Key("min-user-id"));
  }
  if (HasRootsGroup(account)) {
    return Refused(user,
                   "account '" + account.name + "' is in root's group (gid 0)",
                   "take it out of that group, or submit as another user");
  }
  return {};
}

std::string RootWords(const RunAsPolicy& policy) {
  return policy.allow_root ? "; root's run as root"
                           : "; root's are refused (" + Key("allow-root") + ")";
}

}  // namespace

Result<RunAsMode> ParseRunAsMode(std::string_view text, bool is_root) {
  const std::string word = ToLower(Trim(text));
  if (word == "auto") return is_root ? RunAsMode::kSubmitter : RunAsMode::kOff;
  if (word == "off") return RunAsMode::kOff;
  if (word != "submitter" && word != "local-user") {
    return Error{ErrorCode::kInvalidArgument,
                 std::string(kPrefix) + " is '" + std::string(text.substr(0, 64)) + "'",
                 "auto, submitter, local-user or off"};
  }
  if (!is_root) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string(kPrefix) + " is " + word + ", which needs root's rights",
                 "start the NodeManager as root, or set it to auto or off"};
  }
  return word == "submitter" ? RunAsMode::kSubmitter : RunAsMode::kLocalUser;
}

Result<std::optional<Account>> DecideAccount(const RunAsPolicy& policy,
                                             const std::string& user,
                                             const FindAccount& find) {
  if (policy.mode == RunAsMode::kOff) return std::optional<Account>();
  const bool for_all = policy.mode == RunAsMode::kLocalUser && policy.limit_users;
  const std::string& name = for_all ? policy.local_user : user;
  for (const std::string& one : {user, name}) {
    if (policy.banned.contains(one)) {
      return Refused(user,
                     "account '" + one + "' is banned",
                     "submit as another user, or change " + Key("banned-users"));
    }
  }
  WEIR_ASSIGN_OR_RETURN(std::optional<Account> account, find(name));
  if (!account) {
    return Error{ErrorCode::kNotFound,
                 "containers of user '" + user + "' do not run on this node: it has no account '" +
                     name + "'",
                 for_all ? "make the account, or name another as "
                           "yarn.nodemanager.linux-container-executor.nonsecure-mode.local-user"
                         : "make the account on every node, or set " + std::string(kPrefix) +
                               " to local-user"};
  }
  WEIR_RETURN_IF_ERROR(CheckAccount(policy, user, *account));
  return account;
}

std::string DescribeRunAs(const RunAsPolicy& policy) {
  switch (policy.mode) {
    case RunAsMode::kOff:
      return "containers run as '" + policy.own_user + "', the NodeManager's own user";
    case RunAsMode::kSubmitter:
      return "containers run as the user who submitted, from uid " +
             std::to_string(policy.min_uid) + " on" + RootWords(policy);
    case RunAsMode::kLocalUser:
      if (policy.limit_users) return "all containers run as '" + policy.local_user + "'";
      return "containers run as the user who submitted (limit-users is false), from uid " +
             std::to_string(policy.min_uid) + " on" + RootWords(policy);
  }
  return "";
}

}  // namespace weir::nm
