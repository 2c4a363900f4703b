// History: one generated life of a cluster. Every word is a change of some kind; the numbers in it
// choose among what is there when its turn comes. Each change is told to the scheduler, to a copy
// of it if there is one, and to the model, which checks.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_ENGINE_HISTORY_H_
#define WEIR_TESTS_UNIT_SCHEDULER_ENGINE_HISTORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/capacity_scheduler.h"
#include "tests/unit/scheduler_engine/model.h"

namespace weir::scheduler {

class History {
 public:
  // The theme chooses the queues to begin with, and how varied the asks are.
  explicit History(uint64_t theme);
  // One step. Throws through RC_FAIL when something is not as it must be.
  void Step(uint64_t word);
  // From here on a copy takes every step too and must do the same.
  void Clone();
  // Everything ends: nothing may be left.
  void End();
  // All decisions so far, as one number.
  uint64_t digest() const { return digest_; }

 private:
  // Takes numbers out of a word.
  class Choice {
   public:
    explicit Choice(uint64_t word) : word_(word) {}
    uint64_t Of(uint64_t count) {
      const uint64_t chosen = word_ % count;
      word_ = word_ / count * 0x9E3779B97F4A7C15ULL + (word_ >> 32) + 1;
      return chosen;
    }

   private:
    uint64_t word_;
  };

  void Do(Choice& choice);
  void ChangeNode(uint64_t kind, Choice& choice);
  void ChangeApplication(uint64_t kind, Choice& choice);
  void AddNode(Choice& choice);
  void AddApplication(Choice& choice);
  void RemoveApplication(ApplicationSlot slot);
  void Move(ApplicationSlot slot, Choice& choice);
  void ChangeBlacklist(ApplicationSlot slot, Choice& choice);
  void Ask(ApplicationSlot slot, Choice& choice);
  void ReleaseSome(Choice& choice);
  void Release(ContainerSlot container);
  void Recover(ApplicationSlot slot, Choice& choice);
  void Resize(Choice& choice);
  void Reconfigure(Choice& choice);
  void Wait(Choice& choice);
  void Schedule(size_t limit);
  void Settle();  // Schedule until nothing more happens, then ask the oracle
  void HearNotices();
  ContainerAsk SomeAsk(const EngineModel::Application& application, Choice& choice) const;
  std::string SomeQueue(Choice& choice) const;
  ApplicationSlot SomeApplication(Choice& choice) const;
  NodeSlot SomeNode(Choice& choice) const;
  Amounts ToAmounts(const Resource& resource) const;
  void Note(uint64_t value) { digest_ = (digest_ ^ value) * 0x100000001B3ULL; }
  // Does it with the scheduler and with its copy: both must answer the same.
  template <typename Change>
  auto Both(const Change& change);

  SchedulerOptions options_;
  size_t theme_;
  Now now_;
  std::unique_ptr<CapacityScheduler> scheduler_;
  std::unique_ptr<CapacityScheduler> twin_;
  EngineModel model_;
  int32_t next_node_ = 0;
  int32_t next_application_ = 0;
  std::vector<ContainerSlot> leaving_;  // preempted
  uint64_t digest_ = 0xCBF29CE484222325ULL;
  int steps_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_ENGINE_HISTORY_H_
