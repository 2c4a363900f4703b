#include "scheduler/application_table.h"

#include "common/check.h"

namespace weir::scheduler {
namespace {

bool IsLive(const std::vector<std::optional<Application>>& applications, ApplicationSlot slot) {
  return slot.value >= 0 && static_cast<size_t>(slot.value) < applications.size() &&
         applications[static_cast<size_t>(slot.value)].has_value();
}

}  // namespace

ApplicationSlot ApplicationTable::Add(const AttemptId& id,
                                      const std::string& user,
                                      int32_t priority,
                                      int64_t order) {
  int32_t index = static_cast<int32_t>(applications_.size());
  if (unused_.empty()) {
    applications_.emplace_back();
  } else {
    index = unused_.back();
    unused_.pop_back();
  }
  applications_[static_cast<size_t>(index)].emplace(
      id,
      user,
      ApplicationOrder{
          .negated_priority = -int64_t{priority}, .order = order, .application = {index}});
  return {index};
}

void ApplicationTable::Remove(ApplicationSlot application) {
  WEIR_CHECK(IsLive(applications_, application),
             "application slot " + std::to_string(application.value) + " is in use");
  applications_[static_cast<size_t>(application.value)].reset();
  unused_.push_back(application.value);
}

Application& ApplicationTable::at(ApplicationSlot application) {
  WEIR_CHECK(IsLive(applications_, application),
             "application slot " + std::to_string(application.value) + " is in use");
  return *applications_[static_cast<size_t>(application.value)];
}

const Application& ApplicationTable::at(ApplicationSlot application) const {
  WEIR_CHECK(IsLive(applications_, application),
             "application slot " + std::to_string(application.value) + " is in use");
  return *applications_[static_cast<size_t>(application.value)];
}

std::vector<ApplicationSlot> ApplicationTable::All() const {
  std::vector<ApplicationSlot> all;
  for (size_t i = 0; i < applications_.size(); ++i) {
    if (applications_[i].has_value()) all.push_back({static_cast<int32_t>(i)});
  }
  return all;
}

}  // namespace weir::scheduler
