// Process: a child process of a test. RunCommand: one that is run to its end.
//
// A child has its own process group, an empty signal mask, no descriptor but its standard ones, and
// dies with the thread that started it. What it leaves behind becomes a child of the test (which
// makes itself a subreaper), where KillDescendants finds it. Exit codes are as a shell shows them:
// 128 + number for a signal.
//
// Process is single-threaded; RunCommand and the functions are thread-safe.
#ifndef WEIR_TESTS_SUPPORT_PROCESS_H_
#define WEIR_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/time.h"
#include "platform/file_descriptor.h"

namespace weir::testing {

struct ProcessOptions {
  std::vector<std::string> argv;  // the program by path, or by name to find it in PATH
  // Over the test's own environment; nothing = not set.
  std::map<std::string, std::optional<std::string>> environment;
  std::string directory;  // "" = the test's
  std::string log_file;   // standard output and error are appended to it; "" = the test's
};

class Process {
 public:
  // A failure of the test, and a process that is not running, when it cannot be started.
  explicit Process(const ProcessOptions& options);
  ~Process();  // kills it and all its descendants
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool IsRunning();
  void Signal(int number);  // no effect when it has ended
  // The exit code; nothing when it still runs after `limit`.
  std::optional<int> Wait(Duration limit = seconds(60));
  // SIGKILL to this process alone, and its end.
  void Kill();

 private:
  pid_t pid_ = -1;
  platform::FileDescriptor pidfd_;
  std::optional<int> exit_code_;
};

struct CommandResult {
  int exit_code = -1;
  std::string out;
  std::string err;
  bool timed_out = false;  // then it was killed

  std::string ToString() const;  // for failure messages
};

// Reads its output until it ends (not until its descendants do).
CommandResult RunCommand(const std::vector<std::string>& argv,
                         const std::map<std::string, std::optional<std::string>>& environment = {},
                         std::string_view standard_input = "",
                         Duration limit = seconds(120));

// The descendants of a process that live, of the test itself for 0.
std::vector<pid_t> Descendants(pid_t ancestor = 0);
// Kills all of them, also those they start meanwhile, and waits for their ends.
void KillDescendants(pid_t ancestor = 0);
// Likewise of what no Process or command under way holds: what those that have ended left behind.
void KillOrphans();

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_PROCESS_H_
