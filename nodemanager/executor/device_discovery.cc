#include "nodemanager/executor/device_discovery.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/strings.h"
#include "nodemanager/executor/script_runner.h"
#include "platform/file_descriptor.h"

namespace weir::nm {
namespace {

constexpr char kNvidiaSmi[] = "/nvidia-smi";
constexpr std::array<const char*, 3> kUsualPlaces = {"/usr/bin", "/bin", "/usr/local/nvidia/bin"};
constexpr size_t kShownText = 200;

bool IsDirectory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Error Fault(const DiscoveryProgram& program,
            ErrorCode code,
            const std::string& what,
            std::string remedy) {
  return {code,
          "the indices of " + program.type + " cannot be discovered (" + program.key + "): " + what,
          std::move(remedy)};
}

Result<std::string> FindProgram(const DiscoveryProgram& program) {
  if (!program.path.empty()) {
    return IsDirectory(program.path) ? program.path + kNvidiaSmi : program.path;
  }
  for (const char* place : kUsualPlaces) {
    if (std::string path = std::string(place) + kNvidiaSmi; ::access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return Fault(program,
               ErrorCode::kNotFound,
               "there is no nvidia-smi in /usr/bin, /bin or /usr/local/nvidia/bin",
               "name the program by that key, or the indices themselves instead of auto");
}

Status CheckTrust(const DiscoveryProgram& program, const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    const Error cause = platform::SystemError("look at", path, errno);
    return Fault(program, cause.code, cause.message, "name an executable file by that key");
  }
  if (!S_ISREG(info.st_mode) || ::access(path.c_str(), X_OK) != 0) {
    return Fault(program,
                 ErrorCode::kNotFound,
                 path + " is no executable file",
                 "name one by that key, or make it executable: chmod +x " + path);
  }
  const bool trusted_owner = info.st_uid == 0 || info.st_uid == ::geteuid();
  if (!trusted_owner || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fault(program,
                 ErrorCode::kPermissionDenied,
                 path + " can be changed by others than root and the NodeManager's user",
                 "chown it to root, and chmod go-w " + path);
  }
  return {};
}

std::string LastLine(const ScriptRun& run) {
  std::string last;
  for (const std::string* text : {&run.output, &run.errors}) {
    for (const std::string_view line : Split(*text, '\n')) {
      if (!Trim(line).empty()) last = Trim(line);
    }
  }
  return last.empty() ? "" : ", last words: " + CutMiddle(std::move(last), kShownText);
}

std::string EndWords(int status) {
  if (WIFSIGNALED(status)) return "died of signal " + std::to_string(WTERMSIG(status));
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Result<std::vector<Device>> DiscoverDevices(const DiscoveryProgram& program) {
  WEIR_ASSIGN_OR_RETURN(const std::string path, FindProgram(program));
  WEIR_RETURN_IF_ERROR(CheckTrust(program, path));
  const std::string command = path + " -L";
  const std::string try_it = "run '" + command + "' by hand";
  const ScriptRun run = RunScript({path, "-L"}, program.timeout, [] { return false; });
  switch (run.end) {
    case ScriptRun::End::kNotRun:
      return Fault(program, ErrorCode::kFailedPrecondition, run.cause, try_it);
    case ScriptRun::End::kStopped:
    case ScriptRun::End::kTimedOut:
      return Fault(program,
                   ErrorCode::kDeadlineExceeded,
                   command + " did not end within " + std::to_string(ToMillis(program.timeout)) +
                       " ms and was killed",
                   try_it);
    case ScriptRun::End::kEnded:
      break;
  }
  if (run.status != 0) {
    return Fault(program,
                 ErrorCode::kFailedPrecondition,
                 command + " " + EndWords(run.status) + LastLine(run),
                 try_it);
  }
  if (run.cut) {
    return Fault(program,
                 ErrorCode::kFailedPrecondition,
                 command + " wrote more than " + std::to_string(kScriptOutputBytes) + " bytes",
                 try_it);
  }
  auto devices = ParseDiscovery(run.output);
  if (devices.ok()) return devices;
  return Fault(program,
               ErrorCode::kFailedPrecondition,
               command + ": " + devices.error().message,
               devices.error().remedy);
}

}  // namespace weir::nm
