#include "platform/door.h"

#include <utility>

#include "platform/audit_log.h"
#include "security/authorise.h"

namespace weir::platform {
namespace {

bool IsRefusal(const Error& error) {
  return error.code == ErrorCode::kUnauthenticated || error.code == ErrorCode::kPermissionDenied;
}

class TableDoor final : public Door {
 public:
  TableDoor(security::Service service, AskAdministrator is_administrator, AuditLog* audit)
      : service_(service), is_administrator_(std::move(is_administrator)), audit_(audit) {}

  const security::Operation* Find(std::string_view name) const override {
    return security::FindOperation(service_, name);
  }

  std::optional<Status> Decide(const Caller& caller,
                               const security::Operation& operation) const override {
    Status status = security::Authorise(operation, {.caller = caller}, nullptr);
    const bool could_be = caller.kind == CallerKind::kUser &&
                          operation.may.Has(security::Role::kAdministrator) &&
                          is_administrator_ != nullptr;
    if (!status.ok() && could_be) return std::nullopt;
    return status;
  }

  void Ask(const Caller& caller,
           const security::Operation& operation,
           std::function<void(Status)> answer) const override {
    if (auto decided = Decide(caller, operation)) return answer(*std::move(decided));
    is_administrator_(caller, [caller, &operation, answer = std::move(answer)](bool administers) {
      answer(security::Authorise(
          operation, {.caller = caller, .administrator = administers}, nullptr));
    });
  }

  void OnEnded(const EndedCall& call) const override {
    if (audit_ == nullptr) return;
    const bool refused = call.error && IsRefusal(*call.error);
    const bool mutating =
        call.operation != nullptr && call.operation->kind == security::OperationKind::kMutating;
    if (refused || mutating) audit_->Add(security::ServiceName(service_), call);
  }

 private:
  const security::Service service_;
  const AskAdministrator is_administrator_;
  AuditLog* const audit_;
};

}  // namespace

std::shared_ptr<const Door> MakeDoor(security::Service service,
                                     AskAdministrator is_administrator,
                                     AuditLog* audit) {
  return std::make_shared<TableDoor>(service, std::move(is_administrator), audit);
}

}  // namespace weir::platform
