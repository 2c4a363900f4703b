#include "nodemanager/executor/launcher_spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "nodemanager/launch/launch_format.h"
#include "platform/file_system.h"

namespace weir::nm {
namespace {

// What posix_spawn is told. Freed with the object.
class SpawnPlan {
 public:
  explicit SpawnPlan(int report) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, report, launch::kReportDescriptor);
    // Until weir-launch takes them up, signals wait: none is lost and none kills it.
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  Result<pid_t> Spawn(std::string binary, std::string spec, std::string marker) {
    std::array<char*, 3> arguments = {binary.data(), spec.data(), nullptr};
    std::array<char*, 2> environment = {marker.data(), nullptr};
    pid_t pid = 0;
    const int cause = posix_spawn(
        &pid, binary.c_str(), &actions_, &attributes_, arguments.data(), environment.data());
    if (cause != 0) return platform::SystemError("start", binary, cause);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<pid_t> SpawnLauncher(std::string binary,
                            std::string spec,
                            std::string marker,
                            const platform::FileDescriptor& report) {
  return SpawnPlan(report.get()).Spawn(std::move(binary), std::move(spec), std::move(marker));
}

}  // namespace weir::nm
