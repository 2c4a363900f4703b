// What one ResourceManager tells the others of itself in the election's lock: text for people and
// programs, "rm1 http=host:port home=uuid". Pure.
#ifndef WEIR_RESOURCEMANAGER_SERVER_ELECTION_MEMBER_H_
#define WEIR_RESOURCEMANAGER_SERVER_ELECTION_MEMBER_H_

#include <string>
#include <string_view>

namespace weir::rm {

struct ElectionMember {
  std::string id;    // of yarn.resourcemanager.ha.rm-ids; "" = nobody
  std::string http;  // advertised, host:port; "" = not known
  std::string home;  // the id of its directory (directory_id.h); "" = not known
  bool operator==(const ElectionMember&) const = default;

  std::string ToString() const;
  std::string Name() const;  // without the home, for people
  // Whatever is there: a text of another version gives as much as it has.
  static ElectionMember Parse(std::string_view text);
  // Whether the text says as much as every version has said: the id and an address.
  static bool IsOne(std::string_view text);
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_ELECTION_MEMBER_H_
