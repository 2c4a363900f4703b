// ChildProcess: a program started with its standard output on a pipe, for tests that kill it.
// The destructor kills and reaps it. Single-threaded.
#ifndef WEIR_TESTS_STORE_CHILD_PROCESS_H_
#define WEIR_TESTS_STORE_CHILD_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace weir::store {

class ChildProcess {
 public:
  // arguments[0] is the path of the program.
  explicit ChildProcess(const std::vector<std::string>& arguments);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next whole line; nothing at the end of the output.
  std::optional<std::string> ReadLine();
  // SIGKILL; what it has printed can still be read.
  void Kill();
  // The wait status; 0 when it ended with 0.
  int Wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
};

}  // namespace weir::store

#endif  // WEIR_TESTS_STORE_CHILD_PROCESS_H_
