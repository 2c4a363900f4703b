#include "client/graph_builder.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "common/strings.h"
#include "platform/clock.h"

extern char** environ;

namespace weir::cli {
namespace {

constexpr Duration kBuildTimeout = seconds(60);
constexpr size_t kOutputLimit = 2u << 20;

struct Child {
  pid_t pid = -1;
  int out = -1;
  int err = -1;
};

struct Finished {
  int wait_status = 0;
  bool timed_out = false;
  std::string out;
  std::string err;
};

Error CannotStart(const std::string& program, int error) {
  return {ErrorCode::kUnavailable,
          "cannot start " + program + ": " + std::strerror(error),
          "weir and weir-graph must be in the same directory"};
}

// weir-graph beside this program.
std::string BuilderPath() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  const std::string self(path, length > 0 ? static_cast<size_t>(length) : 0);
  return self.substr(0, self.rfind('/') + 1) + "weir-graph";
}

Result<Child> Start(const std::vector<std::string>& command) {
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0) return CannotStart(command[0], errno);
  if (pipe2(err, O_CLOEXEC) != 0) {
    const int error = errno;
    close(out[0]);
    close(out[1]);
    return CannotStart(command[0], error);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  Child child{.pid = -1, .out = out[0], .err = err[0]};
  const int error =
      posix_spawn(&child.pid, command[0].c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  if (error != 0) {
    close(out[0]);
    close(err[0]);
    return CannotStart(command[0], error);
  }
  return child;
}

// One read into `text` (what is over the limit is dropped); false at the end.
bool ReadSome(int file, std::string& text) {
  char buffer[65536];
  const ssize_t count = read(file, buffer, sizeof buffer);
  if (count < 0) return errno == EINTR;
  if (text.size() < kOutputLimit) text.append(buffer, static_cast<size_t>(count));
  return count > 0;
}

// Collects both outputs until the child closes them or the time is over; then it is killed.
Finished Collect(const Child& child) {
  Finished finished;
  pollfd files[2] = {{child.out, POLLIN, 0}, {child.err, POLLIN, 0}};
  const Instant deadline = platform::MonotonicNow() + kBuildTimeout;
  while (files[0].fd >= 0 || files[1].fd >= 0) {
    const int64_t left = ToMillis(deadline - platform::MonotonicNow());
    if (left <= 0) {
      finished.timed_out = true;
      kill(child.pid, SIGKILL);
      break;
    }
    if (poll(files, 2, static_cast<int>(left)) <= 0) continue;
    if (files[0].revents != 0 && !ReadSome(child.out, finished.out)) files[0].fd = -1;
    if (files[1].revents != 0 && !ReadSome(child.err, finished.err)) files[1].fd = -1;
  }
  close(child.out);
  close(child.err);
  while (waitpid(child.pid, &finished.wait_status, 0) < 0 && errno == EINTR) {
  }
  return finished;
}

Error BadJob(std::string message, std::string remedy = "") {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

}  // namespace

Result<BuiltGraph> BuildGraph(const std::string& library,
                              int64_t parallelism,
                              const std::vector<std::string>& arguments) {
  // dlopen looks up a bare name in the system's directories: always give a path.
  const std::string path = library.find('/') == std::string::npos ? "./" + library : library;
  std::vector<std::string> command = {
      BuilderPath(), "--library", path, "--parallelism", std::to_string(parallelism), "--"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  WEIR_ASSIGN_OR_RETURN(const Child child, Start(command));
  Finished finished = Collect(child);
  if (finished.timed_out) {
    return BadJob(library + " did not build its graph within 60 s",
                  "the entry function must only build the graph, not run it");
  }
  if (WIFSIGNALED(finished.wait_status)) {
    const int signal = WTERMSIG(finished.wait_status);
    return BadJob(library + " crashed while it built its graph (signal " + std::to_string(signal) +
                  ", " + strsignal(signal) + ")");
  }
  if (WEXITSTATUS(finished.wait_status) != 0) {
    std::string_view words = Trim(finished.err);
    constexpr std::string_view kPrefix = "weir-graph: ";
    if (words.starts_with(kPrefix)) words.remove_prefix(kPrefix.size());
    return BadJob(words.empty() ? library + " built no graph" : std::string(words));
  }
  WEIR_ASSIGN_OR_RETURN(stream::JobGraph graph, stream::JobGraph::FromText(finished.out));
  return BuiltGraph{std::move(graph), std::move(finished.out)};
}

Status CheckInputs(const stream::JobGraph& graph) {
  for (const stream::JobVertex& vertex : graph.vertices) {
    for (const std::string& path : vertex.source_paths) {
      if (access(path.c_str(), R_OK) == 0) continue;
      const int error = errno;
      return Error{error == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
                   "the input " + path + " cannot be read: " + std::strerror(error),
                   "give an existing file or directory that every node can read"};
    }
  }
  return {};
}

}  // namespace weir::cli
