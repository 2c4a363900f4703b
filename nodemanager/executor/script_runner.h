// A program of the administrator's, run once: a health script, a discovery program.
//
// It runs as the NodeManager's own user in a process group of its own, without a shell, with
// nothing on its standard input and a plain environment. Its output is read to the end of its main
// process; when it ends, and when its time is over, whatever is left of its group is killed. Blocks
// for as long. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_SCRIPT_RUNNER_H_
#define WEIR_NODEMANAGER_EXECUTOR_SCRIPT_RUNNER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "common/time.h"

namespace weir::nm {

inline constexpr size_t kScriptOutputBytes = 64 << 10;

struct ScriptRun {
  enum class End {
    kEnded,     // by itself
    kTimedOut,  // killed
    kStopped,   // killed because `stopping` said so
    kNotRun,    // `cause` says why
  };
  End end = End::kNotRun;
  int status = 0;        // of a kEnded one, as waitpid gives it
  std::string output{};  // standard output, at most kScriptOutputBytes
  std::string errors{};  // standard error, likewise
  bool cut = false;      // there was more standard output
  std::string cause{};
};

// `words`: the absolute path and its arguments. `stopping` is asked several times a second.
ScriptRun RunScript(std::vector<std::string> words,
                    Duration timeout,
                    const std::function<bool()>& stopping);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_SCRIPT_RUNNER_H_
