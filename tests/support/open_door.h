// OpenDoor: lets everybody do everything, for servers of tests that are about something else.
#ifndef WEIR_TESTS_SUPPORT_OPEN_DOOR_H_
#define WEIR_TESTS_SUPPORT_OPEN_DOOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "platform/door.h"

namespace weir::testing {

class OpenDoor final : public platform::Door {
 public:
  const security::Operation* Find(std::string_view) const override {
    static constexpr security::Operation kAnything{.service = security::Service::kRmWeb,
                                                   .name = "anything",
                                                   .kind = security::OperationKind::kRead,
                                                   .object = security::ObjectKind::kPage,
                                                   .may = security::Role::kAnybody};
    return &kAnything;
  }
  std::optional<Status> Decide(const Caller&, const security::Operation&) const override {
    return Status();
  }
  void Ask(const Caller&,
           const security::Operation&,
           std::function<void(Status)> answer) const override {
    answer({});
  }
  void OnEnded(const platform::EndedCall&) const override {}
};

inline std::shared_ptr<const platform::Door> MakeOpenDoor() {
  return std::make_shared<OpenDoor>();
}

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_OPEN_DOOR_H_
