#include "nodemanager/executor/process_identity.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "common/strings.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;

constexpr size_t kEnvironmentBytes = 1u << 20;
// Fields of /proc/<pid>/stat counted from the one after the name, which is the state.
constexpr size_t kSessionField = 3;
constexpr size_t kStartTimeField = 19;

std::string ReadProc(const std::string& path, size_t limit) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string content;
  if (!fd.valid()) return content;
  char chunk[4096];
  ssize_t count = 0;
  while (content.size() < limit && (count = ::read(fd.get(), chunk, sizeof chunk)) > 0) {
    content.append(chunk, static_cast<size_t>(count));
  }
  return content;
}

// The fields of /proc/<pid>/stat after the name, which may hold anything; empty when it is gone.
std::vector<std::string> StatFields(pid_t pid) {
  const std::string text = ReadProc("/proc/" + std::to_string(pid) + "/stat", 4096);
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return {};
  const auto fields = Split(std::string_view(text).substr(name_end + 2), ' ');
  return {fields.begin(), fields.end()};
}

std::optional<int64_t> NumberAt(const std::vector<std::string>& fields, size_t field) {
  if (field >= fields.size()) return std::nullopt;
  return ParseInt64(fields[field]);
}

// Whether one of the NUL-terminated strings of /proc/<pid>/<file> is that.
bool HasString(pid_t pid, const char* file, const std::string& wanted) {
  const std::string text = ReadProc("/proc/" + std::to_string(pid) + "/" + file, kEnvironmentBytes);
  for (const std::string_view one : Split(text, '\0')) {
    if (one == wanted) return true;
  }
  return false;
}

// Real, effective, saved and file system uid; empty when it is gone.
std::vector<int64_t> UidsOf(pid_t pid) {
  const std::string text = ReadProc("/proc/" + std::to_string(pid) + "/status", 4096);
  constexpr std::string_view kLine = "\nUid:";
  const size_t start = text.find(kLine);
  if (start == std::string::npos) return {};
  const size_t first = start + kLine.size();
  const std::string line = text.substr(first, text.find('\n', first) - first);
  std::vector<int64_t> uids;
  for (const std::string_view one : Split(Trim(line), '\t')) {
    const auto uid = ParseInt64(one);
    if (!uid) return {};
    uids.push_back(*uid);
  }
  return uids;
}

bool IsLauncher(pid_t pid) {
  std::string path(PATH_MAX, '\0');
  const ssize_t length =
      ::readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), path.data(), path.size());
  path.resize(length > 0 ? static_cast<size_t>(length) : 0);
  // The file may have been replaced since: "... (deleted)".
  return path.find("/weir-launch") != std::string::npos;
}

// Whether what it carries can be believed.
bool IsOwnedBy(pid_t pid, ContainerUid uid) {
  const std::vector<int64_t> uids = UidsOf(pid);
  if (uids.empty()) return false;
  const auto own = static_cast<int64_t>(::geteuid());
  // With our own account a container may also hold what a set-uid program became.
  if (!uid || *uid == own) return uids.front() == own;
  const auto all_are = [&uids](int64_t wanted) {
    return std::all_of(uids.begin(), uids.end(), [wanted](int64_t one) { return one == wanted; });
  };
  return all_are(*uid) || (all_are(own) && IsLauncher(pid));
}

struct Wanted {
  std::string variable;
  pid_t launcher = 0;
  ContainerUid uid;
};

bool IsStray(pid_t pid, const Wanted& wanted) {
  const auto stat = StatFields(pid);
  // The dead who wait for their parent do nothing any more.
  if (stat.empty() || stat.front() == "Z" || stat.front() == "X") return false;
  if (wanted.launcher > 1 && NumberAt(stat, kSessionField) == wanted.launcher) return true;
  return HasString(pid, "environ", wanted.variable) && IsOwnedBy(pid, wanted.uid);
}

Wanted StraysOf(const ContainerId& id, pid_t launcher, ContainerUid uid) {
  return {"CONTAINER_ID=" + id.ToString(), launcher, uid};
}

}  // namespace

std::string ProcessIdentity::Encode() const {
  return std::to_string(pid) + " " + std::to_string(start_ticks) + " " + boot_id + "\n";
}

std::optional<ProcessIdentity> ProcessIdentity::Decode(const std::string& text) {
  const auto parts = Split(Trim(text), ' ');
  if (parts.size() != 3) return std::nullopt;
  const auto pid = ParseInt64(parts[0]);
  const auto start = ParseInt64(parts[1]);
  if (!pid || !start || *pid <= 1 || *pid > INT32_MAX) return std::nullopt;
  return ProcessIdentity{static_cast<pid_t>(*pid), *start, std::string(parts[2])};
}

std::string BootId() {
  return std::string(Trim(ReadProc("/proc/sys/kernel/random/boot_id", 64)));
}

bool IsLauncherOf(pid_t pid, const std::string& spec_path) {
  return IsOwnedBy(pid, {}) && IsLauncher(pid) && HasString(pid, "cmdline", spec_path);
}

std::optional<ProcessIdentity> IdentifyProcess(pid_t pid) {
  const auto start = NumberAt(StatFields(pid), kStartTimeField);
  if (!start) return std::nullopt;
  return ProcessIdentity{pid, *start, BootId()};
}

Result<FileDescriptor> OpenProcess(const ProcessIdentity& process) {
  const Error gone{
      ErrorCode::kNotFound, "process " + std::to_string(process.pid) + " has ended", ""};
  FileDescriptor fd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!fd.valid()) {
    if (errno == ESRCH) return gone;
    return platform::SystemError("open process", std::to_string(process.pid), errno);
  }
  // Looked at only now: the handle is of the process that has the pid at this moment.
  const auto now = IdentifyProcess(process.pid);
  if (!now || now->start_ticks != process.start_ticks || now->boot_id != process.boot_id) {
    return gone;
  }
  // One that only waits for its parent to take note of its end has ended.
  pollfd ended{fd.get(), POLLIN, 0};
  if (::poll(&ended, 1, 0) > 0) return gone;
  return fd;
}

std::vector<pid_t> FindStrays(const ContainerId& id, pid_t launcher, ContainerUid uid) {
  const Wanted wanted = StraysOf(id, launcher, uid);
  const pid_t self = ::getpid();
  std::vector<pid_t> found;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return found;
  while (const dirent* entry = ::readdir(proc)) {
    const auto number = ParseInt64(entry->d_name);
    if (!number || *number <= 1 || *number == self) continue;
    const auto pid = static_cast<pid_t>(*number);
    if (IsStray(pid, wanted)) found.push_back(pid);
  }
  ::closedir(proc);
  return found;
}

size_t KillStrays(const ContainerId& id, pid_t launcher, ContainerUid uid) {
  const Wanted wanted = StraysOf(id, launcher, uid);
  const std::vector<pid_t> strays = FindStrays(id, launcher, uid);
  std::vector<FileDescriptor> handles;
  for (const pid_t pid : strays) {
    FileDescriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (handle.valid() && IsStray(pid, wanted)) handles.push_back(std::move(handle));
  }
  // Stopped first, so that none forks while the others die.
  for (const int signal : {SIGSTOP, SIGKILL}) {
    for (const FileDescriptor& handle : handles) {
      ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0);
    }
  }
  return strays.size();
}

}  // namespace weir::nm
