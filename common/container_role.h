// What a container does for its application: known to who starts it and to who shows its logs.
#ifndef WEIR_COMMON_CONTAINER_ROLE_H_
#define WEIR_COMMON_CONTAINER_ROLE_H_

namespace weir {

// The variable of a launch context that says it: a word of lower-case letters, digits, '-' and '_'.
inline constexpr char kContainerRoleVariable[] = "WEIR_CONTAINER_ROLE";
// A worker of a stream cluster.
inline constexpr char kTaskManagerRole[] = "taskmanager";

}  // namespace weir

#endif  // WEIR_COMMON_CONTAINER_ROLE_H_
