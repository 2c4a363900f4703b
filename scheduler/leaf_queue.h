// LeafQueue: one queue that applications are in: who waits in which order, and what they use and
// want in sum. Limits and the place in a queue tree join here.
//
// Invariant: used, pending, applications and containers are the sums over its applications.
// Owner: the scheduler. Single-threaded.
#ifndef WEIR_SCHEDULER_LEAF_QUEUE_H_
#define WEIR_SCHEDULER_LEAF_QUEUE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "common/resource.h"
#include "scheduler/ask_classes.h"
#include "scheduler/scheduler.h"

namespace weir::scheduler {

class LeafQueue {
 public:
  explicit LeafQueue(std::string path) : path_(std::move(path)) {}

  void AddApplication() { ++applications_; }
  void RemoveApplication() { --applications_; }
  void Charge(const Resource& resource, int32_t containers) {
    used_ += resource;
    containers_ += containers;
  }
  void Discharge(const Resource& resource, int32_t containers) {
    used_ -= resource;
    containers_ -= containers;
  }
  // What an application wants changed by so much.
  void ChangePending(const Resource& difference, int64_t containers) {
    pending_ += difference;
    pending_containers_ += containers;
  }

  AskClasses& waiting() { return waiting_; }
  const AskClasses& waiting() const { return waiting_; }
  const std::string& path() const { return path_; }
  const Resource& used() const { return used_; }
  const Resource& pending() const { return pending_; }
  int64_t pending_containers() const { return pending_containers_; }
  QueueReport Report() const {
    return {.path = path_,
            .used = used_,
            .pending = pending_,
            .applications = applications_,
            .containers = containers_};
  }

 private:
  std::string path_;
  AskClasses waiting_;
  Resource used_;
  Resource pending_;
  int64_t pending_containers_ = 0;
  int32_t applications_ = 0;
  int32_t containers_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_LEAF_QUEUE_H_
