#include "scheduler/ask_classes.h"

#include <algorithm>

#include "common/check.h"

namespace weir::scheduler {

AskClasses::Member::Member(const ApplicationOrder& order) : order_(order) {
  std::set<ApplicationOrder> maker{order};
  handle_ = maker.extract(maker.begin());
}

void AskClasses::Wait(Member& member, const Resource& size) {
  if (member.class_ >= 0) {
    if (at(member.class_).size == size) return;
    StopWaiting(member);
  }
  const int32_t index = Intern(size);
  Class& c = at(index);
  TakeFromReady(c);
  c.members.insert(std::move(member.handle_));
  member.class_ = index;
  PutToReady(index);
}

void AskClasses::StopWaiting(Member& member) {
  if (member.class_ < 0) return;
  Class& c = at(member.class_);
  TakeFromReady(c);
  member.handle_ = c.members.extract(member.order_);
  PutToReady(member.class_);
  member.class_ = -1;
}

std::optional<ApplicationSlot> AskClasses::FirstReady() const {
  if (ready_.empty()) return std::nullopt;
  return ready_.begin()->first.application;
}

void AskClasses::Block(const Member& member) {
  Class& c = at(member.class_);
  WEIR_CHECK(!c.blocked, "only a ready class can be blocked");
  TakeFromReady(c);
  c.blocked = true;
  blocked_.insert(std::move(c.aside));
}

bool AskClasses::IsBlocked(const Member& member) const {
  return member.class_ >= 0 && at(member.class_).blocked;
}

void AskClasses::NodeHasRoom(const Resource& free) {
  for (auto entry = blocked_.begin();
       entry != blocked_.end() && entry->first.first <= free.memory_mib;) {
    const auto current = entry++;
    if (current->first.second > free.vcores) continue;
    const int32_t index = current->second;
    at(index).aside = blocked_.extract(current);
    at(index).blocked = false;
    PutToReady(index);
  }
}

int32_t AskClasses::Intern(const Resource& size) {
  const Size key{size.memory_mib, size.vcores};
  if (const auto known = by_size_.find(key); known != by_size_.end()) return known->second;
  if (by_size_.size() >= drop_above_) DropEmptyClasses();
  int32_t index = static_cast<int32_t>(classes_.size());
  if (unused_.empty()) {
    classes_.emplace_back();
  } else {
    index = unused_.back();
    unused_.pop_back();
  }
  Class& c = at(index);
  c.size = size;
  c.blocked = false;
  std::set<Ready> ready{{ApplicationOrder{}, index}};
  c.ready = ready.extract(ready.begin());
  std::set<std::pair<Size, int32_t>> aside{{key, index}};
  c.aside = aside.extract(aside.begin());
  by_size_.emplace(key, index);
  return index;
}

void AskClasses::DropEmptyClasses() {
  for (auto entry = by_size_.begin(); entry != by_size_.end();) {
    Class& c = at(entry->second);
    if (!c.members.empty()) {
      ++entry;
      continue;
    }
    if (c.blocked) blocked_.erase({entry->first, entry->second});
    unused_.push_back(entry->second);
    c = Class{};
    entry = by_size_.erase(entry);
  }
  drop_above_ = std::max<size_t>(1024, by_size_.size() * 2);
}

void AskClasses::TakeFromReady(Class& c) {
  if (c.blocked || c.members.empty()) return;
  c.ready = ready_.extract({*c.members.begin(), static_cast<int32_t>(&c - classes_.data())});
  WEIR_CHECK(!c.ready.empty(), "a ready class with members is in the ready set");
}

void AskClasses::PutToReady(int32_t index) {
  Class& c = at(index);
  if (c.blocked || c.members.empty()) return;
  c.ready.value() = {*c.members.begin(), index};
  ready_.insert(std::move(c.ready));
}

std::vector<Resource> AskClasses::BlockedSizes() const {
  std::vector<Resource> sizes;
  for (const auto& [size, index] : blocked_) {
    if (!at(index).members.empty()) sizes.push_back(at(index).size);
  }
  return sizes;
}

std::string AskClasses::CheckInvariants() const {
  size_t ready = 0;
  size_t blocked = 0;
  for (const auto& [size, index] : by_size_) {
    const Class& c = at(index);
    if (Size{c.size.memory_mib, c.size.vcores} != size) return "an ask class is filed wrongly";
    if (c.blocked) {
      ++blocked;
      if (!blocked_.contains({size, index})) return "a blocked ask class is not set aside";
    } else if (!c.members.empty()) {
      ++ready;
      if (!ready_.contains({*c.members.begin(), index})) {
        return "a ready ask class is not in the ready set under its first application";
      }
    }
  }
  if (ready != ready_.size() || blocked != blocked_.size()) return "ask classes are miscounted";
  return "";
}

}  // namespace weir::scheduler
