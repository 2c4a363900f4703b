#include "resourcemanager/server/administrators.h"

#include <algorithm>

#include "common/strings.h"

namespace weir::rm {
namespace {

std::vector<std::string> NamesIn(std::string_view list) {
  std::vector<std::string> names;
  for (const std::string_view one : Split(list, ',')) {
    if (const std::string_view name = Trim(one); !name.empty()) names.emplace_back(name);
  }
  return names;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool Administrators::Has(const std::string& user,
                         const std::vector<std::string>& groups_of_user) const {
  if (everybody || Contains(users, user)) return true;
  return std::any_of(groups_of_user.begin(), groups_of_user.end(), [this](const auto& group) {
    return Contains(groups, group);
  });
}

Administrators ParseAdministrators(std::string_view acl) {
  Administrators administrators;
  if (Trim(acl) == "*") {
    administrators.everybody = true;
    return administrators;
  }
  const size_t space = acl.find(' ');
  administrators.users = NamesIn(acl.substr(0, space));
  if (space != std::string_view::npos) administrators.groups = NamesIn(acl.substr(space + 1));
  return administrators;
}

}  // namespace weir::rm
