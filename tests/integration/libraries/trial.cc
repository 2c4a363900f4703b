// A job whose user function does at record 5 what the first argument says, and sleeps for a
// millisecond at each record:
//
//   trial.so steady|throw|abort LAST [DIRECTORY]
//
// The numbers 1 to LAST, summed by their remainder to 7; printed, or written to the directory.
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "stream/api/job_library.h"

WEIR_STREAM_JOB(env, arguments) {
  const std::string how = arguments.at(0);
  env.SetName("trial " + how);
  const auto sums = env.FromSequence(1, std::stoll(arguments.at(1)))
                        .Map([how](int64_t n) {
                          if (n == 5 && how == "throw")
                            throw std::runtime_error("five is too much");
                          if (n == 5 && how == "abort") std::abort();
                          std::this_thread::sleep_for(std::chrono::milliseconds(1));
                          return std::pair(n % 7, n);
                        })
                        .KeyBy([](const auto& record) { return record.first; })
                        .Sum();
  if (arguments.size() > 2) {
    sums.WriteTextFiles(arguments[2]);
  } else {
    sums.Print();
  }
}
