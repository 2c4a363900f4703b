#include "resourcemanager/core/container_table.h"

#include "common/check.h"

namespace weir::rm {
namespace {

constexpr size_t kLeastCells = 64;

uint64_t Mix(uint64_t x) {
  x ^= x >> 32;
  x *= 0x9e3779b97f4a7c15ULL;  // 2^64 / the golden ratio: Knuth's multiplicative hashing
  return x ^ (x >> 29);
}

}  // namespace

void ContainerTable::SetAttempt(scheduler::ApplicationSlot application, const AttemptId& attempt) {
  const auto index = static_cast<size_t>(application.value);
  if (attempts_.size() <= index) attempts_.resize(index + 1);
  attempts_[index] = attempt;
}

size_t ContainerTable::Home(const ContainerId& id) const {
  // Nearly all have timestamp and epoch in common.
  const auto application = static_cast<uint64_t>(id.attempt.application.sequence);
  const auto number = static_cast<uint64_t>(id.attempt.number);
  const uint64_t key = (application << 40) ^ (number << 32) ^ static_cast<uint64_t>(id.sequence());
  return static_cast<size_t>(Mix(key)) & (index_.size() - 1);
}

size_t ContainerTable::HomeOf(int32_t slot) const {
  return Home(IdOf({slot}));
}

Container& ContainerTable::Add(Slot slot,
                               scheduler::ApplicationSlot application,
                               const ContainerId& id) {
  const auto chunk = static_cast<size_t>(slot.value) / kChunk;
  if (chunks_.size() <= chunk) chunks_.resize(chunk + 1);
  if (chunks_[chunk] == nullptr) chunks_[chunk] = std::make_unique<Chunk>();
  ++chunks_[chunk]->held;
  ++size_;
  if (size_ * 4 > index_.size() * 3) Rehash(index_.empty() ? kLeastCells : index_.size() * 2);
  Container& container = Cell(slot.value);
  container = {};
  container.application = application;
  container.number = id.number;
  container.attempt = static_cast<uint8_t>(id.attempt.number);
  container.held = true;
  size_t at = HomeOf(slot.value);
  while (index_[at] >= 0) at = (at + 1) & (index_.size() - 1);
  index_[at] = slot.value;
  return container;
}

void ContainerTable::Remove(Slot slot) {
  const size_t mask = index_.size() - 1;
  size_t hole = HomeOf(slot.value);
  while (index_[hole] != slot.value) hole = (hole + 1) & mask;
  // What follows without a gap moves back unless its home lies after the hole.
  for (size_t at = (hole + 1) & mask; index_[at] >= 0; at = (at + 1) & mask) {
    const size_t home = HomeOf(index_[at]);
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    index_[hole] = index_[at];
    hole = at;
  }
  index_[hole] = -1;
  Cell(slot.value).held = false;
  --size_;
  const auto chunk = static_cast<size_t>(slot.value) / kChunk;
  if (--chunks_[chunk]->held == 0) chunks_[chunk].reset();
  if (index_.size() > kLeastCells && size_ * 8 < index_.size()) Rehash(index_.size() / 2);
}

void ContainerTable::Rehash(size_t cells) {
  std::vector<int32_t> old(cells, -1);
  old.swap(index_);
  for (const int32_t slot : old) {
    if (slot < 0) continue;
    size_t at = HomeOf(slot);
    while (index_[at] >= 0) at = (at + 1) & (index_.size() - 1);
    index_[at] = slot;
  }
}

bool ContainerTable::IsHeld(Slot slot) const {
  if (slot.value < 0) return false;
  const auto chunk = static_cast<size_t>(slot.value) / kChunk;
  return chunk < chunks_.size() && chunks_[chunk] != nullptr && Cell(slot.value).held;
}

ContainerId ContainerTable::IdOf(Slot slot) const {
  const Container& container = at(slot);
  return {{AttemptOf(container.application).application, container.attempt}, container.number};
}

std::optional<ContainerTable::Slot> ContainerTable::Find(const ContainerId& id) const {
  if (index_.empty()) return std::nullopt;
  const size_t mask = index_.size() - 1;
  for (size_t at = Home(id); index_[at] >= 0; at = (at + 1) & mask) {
    const Container& container = Cell(index_[at]);
    if (container.number == id.number && container.attempt == id.attempt.number &&
        AttemptOf(container.application).application == id.attempt.application) {
      return Slot{index_[at]};
    }
  }
  return std::nullopt;
}

std::vector<ContainerTable::Slot> ContainerTable::All() const {
  std::vector<Slot> all;
  all.reserve(size_);
  for (size_t chunk = 0; chunk < chunks_.size(); ++chunk) {
    if (chunks_[chunk] == nullptr) continue;
    for (size_t i = 0; i < kChunk; ++i) {
      if (chunks_[chunk]->cells[i].held) all.push_back({static_cast<int32_t>(chunk * kChunk + i)});
    }
  }
  return all;
}

void ContainerTable::Append(ContainerList& list, Link link, Slot slot) {
  ContainerLink& its = at(slot).*link;
  its = {.previous = list.last, .next = -1};
  if (list.last >= 0) {
    (Cell(list.last).*link).next = slot.value;
  } else {
    list.first = slot.value;
  }
  list.last = slot.value;
  ++list.size;
}

void ContainerTable::Prepend(ContainerList& list, Link link, Slot slot) {
  at(slot).*link = {.previous = -1, .next = list.first};
  if (list.first >= 0) {
    (Cell(list.first).*link).previous = slot.value;
  } else {
    list.last = slot.value;
  }
  list.first = slot.value;
  ++list.size;
}

void ContainerTable::Unlink(ContainerList& list, Link link, Slot slot) {
  ContainerLink& its = at(slot).*link;
  if (its.previous >= 0) {
    (Cell(its.previous).*link).next = its.next;
  } else {
    WEIR_CHECK(list.first == slot.value, "the container is in this list");
    list.first = its.next;
  }
  if (its.next >= 0) {
    (Cell(its.next).*link).previous = its.previous;
  } else {
    list.last = its.previous;
  }
  its = {};
  --list.size;
}

std::vector<ContainerTable::Slot> ContainerTable::Listed(const ContainerList& list,
                                                         Link link) const {
  std::vector<Slot> slots;
  slots.reserve(static_cast<size_t>(list.size));
  for (int32_t i = list.first; i >= 0; i = (Cell(i).*link).next) slots.push_back({i});
  return slots;
}

}  // namespace weir::rm
