#include "resourcemanager/core/event_operations.h"

#include <string_view>

namespace weir::rm {
namespace {

const security::Operation& Named(std::string_view name) {
  return security::OperationNamed(security::Service::kClient, name);
}

}  // namespace

const security::Operation& OperationOf(const SubmitApplication&) {
  return Named("submitApplication");
}
const security::Operation& OperationOf(const KillApplication&) {
  return Named("killApplication");
}
const security::Operation& OperationOf(const MoveApplication&) {
  return Named("moveApplication");
}
const security::Operation& OperationOf(const UpdatePriority&) {
  return Named("updatePriority");
}
const security::Operation& OperationOf(const UpdateLifetime&) {
  return Named("updateLifetime");
}
const security::Operation& OperationOf(const ResizeContainer&) {
  return Named("resizeContainer");
}
const security::Operation& OperationOf(const SignalContainer&) {
  return Named("signalContainer");
}

}  // namespace weir::rm
