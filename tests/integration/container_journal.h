// Journals that containers keep of themselves, and the judgement about what is in them: the only
// witness that does not believe the ResourceManager.
//
// A container runs JournalScript: it writes a line when it starts, five times a second while it
// lives, when it is asked to end (which it does not), and when it has ended by itself. Each process
// has a file of its own, named by its container's id and its pid. Times are those of /proc/uptime,
// in milliseconds: one clock for the whole machine, which only goes forward.
//
// Terms: a *life* is one process that kept a journal; a *task* is what it does, so that two lives
// of a task at once are one too many.
#ifndef WEIR_TESTS_INTEGRATION_CONTAINER_JOURNAL_H_
#define WEIR_TESTS_INTEGRATION_CONTAINER_JOURNAL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/ids.h"

namespace weir::testing {

struct Life {
  ContainerId container;
  std::string pid;
  std::string task;
  std::string host;      // of its node
  int64_t first_ms = 0;  // when it started
  int64_t last_ms = 0;   // its last sign of life
  int64_t longest_silence_ms = 0;
  bool asked = false;  // to end, by SIGTERM
  bool ended = false;  // by itself

  std::string ToString() const;
};

// Now, on the clock of the journals.
int64_t UptimeMs();

// The shell program, which writes to `directory`; to be run as `sh SCRIPT TASK GO`: it lives until
// there is a file GO. What WEIR_CONTAINER_INDEX says is added to the task's name.
std::string JournalScript(const std::string& directory);

// A journal's text. A last line that is not whole is left out.
Life ParseJournal(const std::string& container, const std::string& pid, const std::string& text);
// All lives so far, by task and start. A file that is none is a failure of the test.
std::vector<Life> ReadJournals(const std::string& directory);

// What must not have happened, a sentence each:
//  - two lives of one container;
//  - a life of a task that began before the one before it was over, be it of another attempt;
//  - one that was asked to end, or was silent since `alive_since`, without having ended by itself;
//    but not those that `may_end` says something was done to.
std::vector<std::string> FindFaults(const std::vector<Life>& lives,
                                    int64_t alive_since,
                                    const std::function<bool(const Life&)>& may_end);

// For how long two lives of one task went on beside each other at most; 0 = none did.
int64_t LongestOverlapMs(const std::vector<Life>& lives);

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_CONTAINER_JOURNAL_H_
