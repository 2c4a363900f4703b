// ApplicationAsks: what one application still wants, in the order in which it is to be placed: ask
// priority (lower number first), then request id. The first one is the *head*; the others wait
// behind it.
//
// Invariants: every ask has a count > 0; the sums are those of the asks.
// Owner: the application's entry in the scheduler. Single-threaded.
#ifndef WEIR_SCHEDULER_APPLICATION_ASKS_H_
#define WEIR_SCHEDULER_APPLICATION_ASKS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "common/master_messages.h"
#include "common/resource.h"

namespace weir::scheduler {

class ApplicationAsks {
 public:
  using Order = std::pair<int32_t, int64_t>;  // ask priority, request id
  using Asks = std::map<Order, ContainerAsk>;

  // Replaces the ask with the same request id; count 0 withdraws it.
  void Set(const ContainerAsk& ask);
  // `count` containers of the head are granted. Requires: the head wants so many.
  void TakeFromHead(int32_t count);

  const ContainerAsk* head() const { return asks_.empty() ? nullptr : &asks_.begin()->second; }
  const Asks& asks() const { return asks_; }
  const Resource& pending() const { return pending_; }
  int64_t containers() const { return containers_; }

  std::string CheckInvariants() const;

 private:
  void Erase(Asks::iterator ask);

  Asks asks_;
  std::map<int64_t, int32_t> priorities_;  // of the ask with a request id
  Resource pending_;
  int64_t containers_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_APPLICATION_ASKS_H_
