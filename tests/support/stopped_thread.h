// StoppedThread: one thread of another process, held where it is while the process's other threads
// run on: what a program that hangs looks like from outside, without a hook in the program.
//
// It is done by ptrace: no debugger may be at the process, and the kernel must allow it (WhyNot).
// Single-threaded: of one thread of the test, from its construction to its end.
#ifndef WEIR_TESTS_SUPPORT_STOPPED_THREAD_H_
#define WEIR_TESTS_SUPPORT_STOPPED_THREAD_H_

#include <sys/types.h>

#include <string>

namespace weir::testing {

class StoppedThread {
 public:
  // Why no process can be traced here; "" = it can.
  static std::string WhyNot();

  // Held when this returns; a failure of the test when there is no thread of that name.
  StoppedThread(pid_t process, const std::string& name);
  ~StoppedThread();  // lets it go
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;

  bool is_held() const { return held_; }
  // It has ended, with its process; which can be waited for only after this was true.
  bool HasEnded();

 private:
  pid_t thread_ = -1;
  bool held_ = false;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_STOPPED_THREAD_H_
