#include "tests/simulation/trace.h"

#include <cstdio>

namespace weir::simulation {
namespace {

constexpr uint64_t kPrime = 1099511628211ULL;

}  // namespace

void Trace::Line(std::string_view who, std::string_view what) {
  const int64_t microseconds_since_start =
      std::chrono::duration_cast<microseconds>(queue_.now().time_since_epoch()).count();
  std::string line = std::to_string(microseconds_since_start);
  line.insert(0, line.size() < 10 ? 10 - line.size() : 0, ' ');
  line += ' ';
  line += who;
  line += ": ";
  line += what;
  for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * kPrime;
  if (output_ == Output::kStandardOutput) std::printf("%s\n", line.c_str());
  last_.push_back(std::move(line));
  if (last_.size() > kKept) last_.pop_front();
}

}  // namespace weir::simulation
