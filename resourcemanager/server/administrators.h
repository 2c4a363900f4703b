// Administrators: who may administer this ResourceManager, as yarn.admin.acl says. Immutable value.
#ifndef WEIR_RESOURCEMANAGER_SERVER_ADMINISTRATORS_H_
#define WEIR_RESOURCEMANAGER_SERVER_ADMINISTRATORS_H_

#include <string>
#include <string_view>
#include <vector>

namespace weir::rm {

struct Administrators {
  bool everybody = false;
  std::vector<std::string> users;
  std::vector<std::string> groups;

  bool Has(const std::string& user, const std::vector<std::string>& groups_of_user) const;
};

// "user1,user2 group1,group2"; "*" = everybody; a leading space = groups only.
Administrators ParseAdministrators(std::string_view acl);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_ADMINISTRATORS_H_
