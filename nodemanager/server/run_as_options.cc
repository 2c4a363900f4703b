#include "nodemanager/server/run_as_options.h"

#include <unistd.h>

#include <cstdint>
#include <set>
#include <string>

#include "common/strings.h"
#include "platform/config_keys.h"
#include "platform/rpc_security.h"

namespace weir::nm {
namespace {

using platform::OptionReader;
using namespace platform::keys;

constexpr int64_t kUidMax = UINT32_MAX - int64_t{1};

std::set<std::string> Names(const OptionReader& read, const char* key) {
  std::set<std::string> names;
  const std::string text = read.Text(key);  // outlives the views of its parts
  for (const std::string_view one : Split(text, ',')) {
    if (const std::string_view name = Trim(one); !name.empty()) names.emplace(name);
  }
  return names;
}

}  // namespace

RunAsPolicy ReadRunAsPolicy(OptionReader& read) {
  const uid_t own = ::geteuid();
  RunAsPolicy policy;
  policy.mode = read.Keep(ParseRunAsMode(read.Text(kRunAs), own == 0), RunAsMode::kOff);
  policy.own_user = platform::UserName(own);
  policy.local_user = std::string(Trim(read.Text(kNmLocalUser)));
  policy.limit_users = read.Bool(kNmLimitUsers);
  policy.min_uid = read.Int(kRunAsMinUid, 1, kUidMax);
  policy.banned = Names(read, kRunAsBanned);
  policy.allowed_system = Names(read, kRunAsAllowedSystem);
  policy.allow_root = read.Bool(kRunAsAllowRoot);
  return policy;
}

}  // namespace weir::nm
