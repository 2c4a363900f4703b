#include "common/caller.h"

namespace weir {

std::string Caller::ToString() const {
  switch (kind) {
    case CallerKind::kUser:
      return "user " + user + " at " + address;
    case CallerKind::kDaemon:
      return "daemon at " + address;
    case CallerKind::kApplicationMaster:
      return "AM of " + attempt.ToString() + " at " + address;
    case CallerKind::kApplicationUser:
      return "user " + user + " of " + attempt.ToString() + " at " + address;
    case CallerKind::kTaskManager:
      return "TaskManager of " + attempt.ToString() + " at " + address;
  }
  return address;
}

}  // namespace weir
