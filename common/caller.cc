#include "common/caller.h"

namespace weir {

std::string Caller::Who() const {
  switch (kind) {
    case CallerKind::kAnonymous:
      return "nobody known";
    case CallerKind::kUser:
      return "user " + user;
    case CallerKind::kDaemon:
      return "daemon";
    case CallerKind::kApplicationMaster:
      return "AM of " + attempt.ToString();
    case CallerKind::kApplicationUser:
      return "user " + user + " of " + attempt.ToString();
    case CallerKind::kTaskManager:
      return "TaskManager of " + attempt.ToString();
    case CallerKind::kContainer:
      return "container of " + attempt.ToString();
  }
  return "nobody known";
}

std::string Caller::ToString() const {
  return Who() + " at " + address;
}

}  // namespace weir
