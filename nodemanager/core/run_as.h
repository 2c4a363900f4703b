// RunAs: under which account of this machine the containers of a user run.
//
// Terms. Own account: that of the NodeManager. Submitter: the user in the container token, proven
// when the application was submitted. A NodeManager without root's rights runs everything under its
// own account; one that was started as root gives the process to the submitter's, or to one for
// all.
//
// Invariants: no answer names uid 0 unless root's containers are allowed by name of that key; an
// account below the smallest uid is only used when it is listed; a refusal names the rule that made
// it and the key that changes it. Pure functions; thread-safe.
#ifndef WEIR_NODEMANAGER_CORE_RUN_AS_H_
#define WEIR_NODEMANAGER_CORE_RUN_AS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace weir::nm {

enum class RunAsMode {
  kOff,        // the own account, whoever submitted
  kSubmitter,  // the submitter's account
  kLocalUser,  // one account for all, as YARN does it without Kerberos
};

struct RunAsPolicy {
  RunAsMode mode = RunAsMode::kOff;
  std::string own_user{};  // for messages
  std::string local_user = "nobody";
  bool limit_users = true;  // of kLocalUser: false = the submitter's account after all
  int64_t min_uid = 1000;
  std::set<std::string> banned{};
  std::set<std::string> allowed_system{};  // may have a smaller uid than min_uid
  bool allow_root = false;
};

// An account as the system's databases have it.
struct Account {
  std::string name;
  int64_t uid = 0;
  int64_t gid = 0;
  std::vector<int64_t> groups{};  // all of its groups, the primary one too
  bool operator==(const Account&) const = default;
};

// "auto", "submitter", "local-user" or "off". `is_root`: of the NodeManager. kInvalidArgument:
// another word; a mode that needs root's rights without them.
Result<RunAsMode> ParseRunAsMode(std::string_view text, bool is_root);

// Nothing in the result: there is no such account. An error is passed on.
using FindAccount = std::function<Result<std::optional<Account>>(const std::string& name)>;

// The account for the containers of `user`; nothing = the own account. kPermissionDenied: a rule
// refuses it; kNotFound: this machine does not know it. Calls `find` at most once.
Result<std::optional<Account>> DecideAccount(const RunAsPolicy& policy,
                                             const std::string& user,
                                             const FindAccount& find);

// One sentence for the log and the node's page: which accounts containers get.
std::string DescribeRunAs(const RunAsPolicy& policy);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_RUN_AS_H_
