// Coverage: which pairs of the cores' transition tables occurred, over many runs. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_COVERAGE_H_
#define WEIR_TESTS_SIMULATION_COVERAGE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace weir::simulation {

class Coverage {
 public:
  void Hit(std::string_view machine,
           std::string_view state,
           std::string_view event,
           int64_t times = 1);
  void Merge(const Coverage& other);

  struct Pair {
    std::string machine;
    std::string state;
    std::string event;
    std::string kind;  // "allowed" or "ignored"
    int64_t hits = 0;
    std::string ToString() const;
  };
  // Every pair of every table that is allowed or ignored, in the order of the tables. Of an ignored
  // one that is the number of processes in which it occurred.
  std::vector<Pair> Pairs() const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, int64_t> hits_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_COVERAGE_H_
