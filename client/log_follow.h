// Following logs: prints what containers write while they write it, until they have ended.
//
// One thread per log file, at most kFollowedMax; one more that looks for new containers and files
// (every kFollowLookPeriod), for where each is now, and ends it. With more than one file every line
// has the container, role and file in front.
//
// How far a file was printed is kept as a position in it (nodemanager/executor/log_directory.h), so
// that no byte comes twice or not at all when its node is away for a while and comes back, on
// whatever port. A node that does not answer is asked again until the ResourceManager says that the
// container has ended, or knows nothing of it any more; what the shared directory then has beyond
// the position is printed. If nobody can say anything of the application for kFollowPatience, what
// cannot be followed any more is given up, too.
#ifndef WEIR_CLIENT_LOG_FOLLOW_H_
#define WEIR_CLIENT_LOG_FOLLOW_H_

#include "client/exit_code.h"
#include "client/log_finder.h"
#include "client/log_query.h"

namespace weir::cli {

inline constexpr size_t kFollowedMax = 64;
inline constexpr seconds kFollowLookPeriod{2};
inline constexpr seconds kFollowPatience{60};

// Ends when all that was followed has ended: with kOk, or with why the rest of something could not
// be had. Ctrl-C ends the process with kInterrupted.
ExitCode FollowLogs(const LogQuery& query, LogFinder& finder);

// Bytes as they come into whole lines with something in front. Single-threaded.
class LinePrefixer {
 public:
  explicit LinePrefixer(std::string prefix) : prefix_(std::move(prefix)) {}
  // The lines that are whole now; a line of more than kLineBytes counts as whole.
  std::string Take(std::string_view bytes);
  // What is left, as a line.
  std::string Rest();

  static constexpr size_t kLineBytes = 64 << 10;

 private:
  const std::string prefix_;
  std::string pending_;
};

// "01_000002 taskmanager stdout| "
std::string FollowPrefix(const FoundContainer& container, const std::string& file);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_LOG_FOLLOW_H_
