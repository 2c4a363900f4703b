#include "appmaster/server/graph_child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "common/strings.h"
#include "platform/file_system.h"

extern char** environ;

namespace weir::am {
namespace {

constexpr char kGraphFile[] = "weir-graph.out";
constexpr char kErrorFile[] = "weir-graph.err";
constexpr int64_t kOutputMax = 2 << 20;

Result<pid_t> Spawn(const std::vector<std::string>& command) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, kGraphFile, kFlags, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, kErrorFile, kFlags, 0600);
  // The daemon blocks its termination signals; the child must not inherit that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = -1;
  const int error =
      posix_spawn(&child, command[0].c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return Error{ErrorCode::kUnavailable,
                 "cannot start " + command[0] + ": " + std::strerror(error),
                 "is Weir installed whole on this node?"};
  }
  return child;
}

// False when the time was over first; the child is then killed. Either way it is reaped.
bool Await(pid_t child, Duration timeout, int& wait_status) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  pollfd ended{handle, POLLIN, 0};
  int ready = handle < 0 ? 1 : 0;
  while (ready == 0) {
    ready = poll(&ended, 1, static_cast<int>(ToMillis(timeout)));
    if (ready < 0 && errno == EINTR)
      ready = 0;
    else if (ready == 0)
      break;
  }
  if (ready == 0) kill(child, SIGKILL);
  while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
  }
  if (handle >= 0) close(handle);
  return ready != 0;
}

std::string LastLine(const std::string& text) {
  const std::string_view trimmed = Trim(text);
  const size_t newline = trimmed.rfind('\n');
  return std::string(newline == std::string_view::npos ? trimmed : trimmed.substr(newline + 1));
}

}  // namespace

Result<std::string> RunGraphBuilder(const GraphRequest& request) {
  std::vector<std::string> command = {request.program,
                                      "--library",
                                      request.library,
                                      "--parallelism",
                                      std::to_string(request.parallelism),
                                      "--"};
  command.insert(command.end(), request.arguments.begin(), request.arguments.end());
  WEIR_ASSIGN_OR_RETURN(const pid_t child, Spawn(command));
  int wait_status = 0;
  if (!Await(child, request.timeout, wait_status)) {
    return Error{ErrorCode::kDeadlineExceeded,
                 "the program did not build its graph within " +
                     std::to_string(ToMillis(request.timeout)) + " ms",
                 "do the work in operators, not in the job's entry function"};
  }
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
    return platform::FileSystem::Real().ReadFile(kGraphFile, kOutputMax);
  }
  const auto words = platform::FileSystem::Real().ReadFile(kErrorFile, kOutputMax);
  std::string cause = words.ok() ? LastLine(*words) : std::string();
  if (WIFSIGNALED(wait_status)) {
    cause = "the program was ended by signal " + std::to_string(WTERMSIG(wait_status)) +
            " while its graph was built" + (cause.empty() ? "" : ": " + cause);
  }
  return Error{ErrorCode::kInvalidArgument,
               cause.empty() ? "the program's graph could not be built" : cause,
               ""};
}

}  // namespace weir::am
