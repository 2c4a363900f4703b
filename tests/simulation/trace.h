// Trace: everything that happened in a run, as lines; kept as a hash, and as the last lines, which
// are shown when an invariant breaks. Same seed, same hash. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_TRACE_H_
#define WEIR_TESTS_SIMULATION_TRACE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "tests/simulation/event_queue.h"

namespace weir::simulation {

class Trace {
 public:
  enum class Output { kNone, kStandardOutput };

  Trace(const EventQueue& queue, Output output) : queue_(queue), output_(output) {}

  void Line(std::string_view who, std::string_view what);
  uint64_t hash() const { return hash_; }
  // The newest last.
  const std::deque<std::string>& last_lines() const { return last_; }

 private:
  static constexpr size_t kKept = 200;

  const EventQueue& queue_;
  const Output output_;
  uint64_t hash_ = 14695981039346656037ULL;  // FNV-1a
  std::deque<std::string> last_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_TRACE_H_
