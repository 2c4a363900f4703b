// DensePlaces: gives out the numbers 0, 1, 2, ... so that they stay dense: always the lowest one
// that is not taken.
//
// Owner: the container whose places it numbers. Single-threaded. Copyable as a value.
#ifndef WEIR_SCHEDULER_NODES_DENSE_PLACES_H_
#define WEIR_SCHEDULER_NODES_DENSE_PLACES_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace weir::scheduler {

class DensePlaces {
 public:
  int32_t Take() {
    if (given_back_.empty()) return end_++;
    std::pop_heap(given_back_.begin(), given_back_.end(), std::greater<>());
    const int32_t place = given_back_.back();
    given_back_.pop_back();
    return place;
  }
  // Requires: it is taken.
  void GiveBack(int32_t place) {
    given_back_.push_back(place);
    std::push_heap(given_back_.begin(), given_back_.end(), std::greater<>());
  }
  int32_t taken() const { return end_ - static_cast<int32_t>(given_back_.size()); }

 private:
  int32_t end_ = 0;                  // all below were given out once
  std::vector<int32_t> given_back_;  // a heap, lowest first
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_NODES_DENSE_PLACES_H_
