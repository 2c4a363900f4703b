// Sequence sum: numbers FIRST to LAST, summed by their remainder to BUCKETS; prints "bucket sum".
//
//   weir run build/examples/sequence_sum.so FIRST LAST BUCKETS [DIRECTORY]
//
// With a directory, the lines go to files there instead.
#include <stdexcept>
#include <string>
#include <utility>

#include "stream/api/job_library.h"

WEIR_STREAM_JOB(env, arguments) {
  if (arguments.size() < 3 || arguments.size() > 4) {
    throw std::invalid_argument("sequence_sum: usage: FIRST LAST BUCKETS [DIRECTORY]");
  }
  const int64_t buckets = std::stoll(arguments[2]);
  if (buckets < 1) throw std::invalid_argument("sequence_sum: BUCKETS is at least 1");
  env.SetName("sequence sum");
  const auto sums = env.FromSequence(std::stoll(arguments[0]), std::stoll(arguments[1]))
                        .Map([buckets](int64_t n) { return std::pair(n % buckets, n); })
                        .KeyBy([](const auto& record) { return record.first; })
                        .Sum();
  if (arguments.size() == 4) {
    sums.WriteTextFiles(arguments[3]);
  } else {
    sums.Print();
  }
}
