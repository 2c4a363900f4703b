// Roles: what a caller can be, in itself and towards the thing that it wants to act on.
//
// Some follow from the credential alone (a node holds the cluster secret); others are towards one
// object, and known only by who knows the object: the owner of an application, who may submit to a
// queue. Immutable values.
#ifndef WEIR_SECURITY_ROLES_H_
#define WEIR_SECURITY_ROLES_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::security {

enum class Role : uint32_t {
  // By the credential.
  kAnybody = 1u << 0,            // whoever reaches the port; nothing is proven
  kUser = 1u << 1,               // a user of the machine
  kAdministrator = 1u << 2,      // of the cluster
  kDaemon = 1u << 3,             // a holder of the cluster secret: a NodeManager
  kApplicationMaster = 1u << 4,  // of an attempt
  kContainerHolder = 1u << 5,    // has the token of a container
  kApplicationClient = 1u << 6,  // may talk to an attempt's ApplicationMaster
  kTaskManager = 1u << 7,        // a worker of an attempt
  // Towards the object.
  kOwner = 1u << 8,                // who submitted the application
  kQueueSubmitter = 1u << 9,       // acl_submit_applications, or acl_administer_queue, upwards
  kQueueAdministrator = 1u << 10,  // acl_administer_queue of the queue or one above
  kOwnContainer = 1u << 11,        // granted to the caller's attempt, or kept for it
  kOwnFile = 1u << 12,             // the caller's application refers to the staged file
};

inline constexpr std::array kAllRoles = {Role::kAnybody,
                                         Role::kUser,
                                         Role::kAdministrator,
                                         Role::kDaemon,
                                         Role::kApplicationMaster,
                                         Role::kContainerHolder,
                                         Role::kApplicationClient,
                                         Role::kTaskManager,
                                         Role::kOwner,
                                         Role::kQueueSubmitter,
                                         Role::kQueueAdministrator,
                                         Role::kOwnContainer,
                                         Role::kOwnFile};

// In words, for people: "the application's owner".
std::string_view RoleName(Role role);

// A set of them.
class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(Role role) : bits_(static_cast<uint32_t>(role)) {}  // NOLINT: implicit by design

  constexpr Roles operator|(Roles other) const { return Roles(bits_ | other.bits_); }
  constexpr Roles operator&(Roles other) const { return Roles(bits_ & other.bits_); }
  constexpr bool Has(Role role) const { return (bits_ & static_cast<uint32_t>(role)) != 0; }
  constexpr bool Meets(Roles other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const Roles&) const = default;

  std::string ToString() const;  // "the application's owner, a cluster administrator"; "nobody"

 private:
  explicit constexpr Roles(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

constexpr Roles operator|(Role a, Role b) {
  return Roles(a) | Roles(b);
}

}  // namespace weir::security

#endif  // WEIR_SECURITY_ROLES_H_
