// LaunchNotes: what the NodeManager keeps on disk about one container while it has to do with it,
// so that a NodeManager that comes after a crash knows what there was:
//   spec       what weir-launch is to start  launcher  the identity of weir-launch
//   launch.sh  the same, for the reader      exit      how it ended (written by weir-launch);
//              that of the n-th retry in its place: exit-n, which is there, as `begun`, before its
//              program can run
//   account    under which uid it runs
//   ended, forgotten   empty; since when the container is over, and since when the ResourceManager
//              knows that: its directory and these notes are only kept for somebody to look at
// What was decided about the container is in its record (node_records.h). The spec says which start
// of it these notes are about; the end before is there until that has been made, so whoever dies in
// between leaves enough to make it once.
// Immutable value; thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LAUNCH_NOTES_H_
#define WEIR_NODEMANAGER_EXECUTOR_LAUNCH_NOTES_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/caller.h"
#include "common/result.h"
#include "nodemanager/core/events.h"
#include "nodemanager/core/run_as.h"
#include "nodemanager/executor/container_environment.h"
#include "nodemanager/executor/process_identity.h"
#include "nodemanager/launch/container_group.h"
#include "platform/file_system.h"

namespace weir::nm {

struct LaunchPlan {
  std::string directory;
  std::string log_directory;
  Duration grace{0};
  std::vector<std::string> command;
  Environment environment;
  std::optional<Account> account = {};  // to run under; nothing = the NodeManager's own
  bool core_dumps = false;
  launch::GroupPaths groups = {};  // none where there are no cgroups
  int64_t retry = 0;               // how often it was started before
};

// What weir-launch said at the end: exactly one is set.
struct LaunchEnd {
  std::optional<ExitOutcome> outcome;
  std::optional<Error> failure;  // the program was never started
  bool of_node = false;          // it got not as far as the program: the node's own fault
};
// Nothing when the line is not one of launch_format.h's last words.
std::optional<LaunchEnd> ParseLaunchEnd(std::string_view line, const std::string& program);

class LaunchNotes {
 public:
  // `directory`: ContainerDirectories::Notes.
  LaunchNotes(platform::FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  std::string spec_path() const { return directory_ + "/spec"; }

  // Errors: those of FileSystem.
  Status WriteAccount(const std::optional<Account>& account) const;  // as in LaunchPlan
  // From here on the notes are about that start, of which there is no launcher and no end yet.
  Status WritePlan(const LaunchPlan& plan) const;
  // Nobody waits for it: it is written once weir-launch has been started.
  Status WriteScript(const LaunchPlan& plan) const;
  // Of the start before that one, if there was one.
  Status RemoveEndBefore(int64_t retry) const;
  Status WriteLauncher(const ProcessIdentity& launcher) const;
  Status WriteEnded() const { return Write("ended", "", 0600); }
  Status WriteForgotten() const { return Write("forgotten", "", 0600); }

  // Nothing when it was not written (yet) or is damaged.
  ContainerUid ReadAccount() const;
  std::optional<ProcessIdentity> ReadLauncher() const;
  // kFailedPrecondition: a newer NodeManager has written them; nothing of them is to be guessed at.
  // What is not there or damaged is none of that.
  Status CheckVersion() const;
  // Of a retry without an end: its program may have run, so it must not be made again.
  bool MayHaveBegun(int64_t retry) const;
  // The spec's; earlier versions have not said it.
  std::optional<int64_t> ReadRetry() const;
  // Of the start that the spec is about.
  std::optional<LaunchEnd> ReadEnd(const std::string& program) const;
  std::optional<LaunchEnd> ReadEnd(const std::string& program, int64_t retry) const;
  std::optional<WallTime> EndedAt() const { return TimeOf("ended"); }
  std::optional<WallTime> ForgottenAt() const { return TimeOf("forgotten"); }

 private:
  std::optional<WallTime> TimeOf(const std::string& name) const;
  Status Write(const std::string& name, std::string_view bytes, int mode) const;
  std::string EndPath(int64_t retry) const;

  platform::FileSystem& files_;
  const std::string directory_;
};

// The last bytes of a regular file, "" when there is none; follows no symbolic link and reads no
// second name of a file that is not the directory's owner's, because a container can put either in
// the place of its log.
std::string ReadTail(const std::string& path, size_t bytes);

// What is known of the circumstances of an end that was no success: the last words on stderr, and
// which of its directories has no room left (a program that cannot write may not be able to say
// so).
void AddCircumstances(const std::string& work_directory,
                      const std::string& stderr_path,
                      ExitOutcome& outcome);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LAUNCH_NOTES_H_
