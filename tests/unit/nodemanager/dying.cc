// A library to preload: the process says each call with which it changes something outside of
// itself, and dies at the one that a test names.
//
// A step is a line: "make PATH", "mkdir PATH", "write PATH", "rename TO", "remove PATH", "link TO",
// "symlink PATH", "record ID" (the write to a LevelDB log that names the container), "spawn PATH"
// (of weir-launch's spec), "signal NUMBER PATH" (the same, of whom it goes to). From the
// environment: WEIR_DIE_LOG, a file for all steps; WEIR_DIE_AT, a pattern as of fnmatch;
// WEIR_DIE_NTH, at which step that matches it dies (1 = the first); WEIR_DIE_WHEN, "before" or
// "after" the call; WEIR_DIE_SAYS, a file in which the step is found then. WEIR_FAIL_AT, a pattern:
// each step that matches it fails with the errno WEIR_FAIL_WITH instead of being done, and is
// written to WEIR_FAIL_SAYS. WEIR_STEPS=all: also "sync PATH", and every write to a LevelDB as
// "write PATH". Children do not inherit it: NodeManagers give theirs another environment.
#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

template <typename F>
F* Real(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

long Raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  static const auto real = Real<long(long, ...)>("syscall");
  return real(number, a, b, c, d, e, f);
}
template <typename T>
long Word(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// As the process was started; never destroyed, as threads go on to the end.
struct Orders {
  const std::string log = Variable("WEIR_DIE_LOG");
  const std::string at = Variable("WEIR_DIE_AT");
  const std::string says = Variable("WEIR_DIE_SAYS");
  const bool after = Variable("WEIR_DIE_WHEN") == "after";
  const std::string fails_at = Variable("WEIR_FAIL_AT");
  const int fails_with = std::atoi(Variable("WEIR_FAIL_WITH").c_str());
  const std::string fails_says = Variable("WEIR_FAIL_SAYS");
  const bool all = Variable("WEIR_STEPS") == "all";
  std::atomic<int> left{std::atoi(Variable("WEIR_DIE_NTH").c_str())};
};
Orders& Given() {
  static Orders* const orders = new Orders();
  return *orders;
}

void Put(const std::string& path, const std::string& text) {
  const long fd =
      Raw(SYS_openat, AT_FDCWD, Word(path.c_str()), O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (fd < 0) return;
  Raw(SYS_write, fd, Word(text.data()), static_cast<long>(text.size()));
  Raw(SYS_close, fd);
}

std::string PathOf(int fd) {
  char buffer[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), buffer, sizeof buffer);
  return size < 0 ? "" : std::string(buffer, static_cast<size_t>(size));
}

std::string PathAt(int directory, const char* path) {
  if (path == nullptr) return "";
  if (*path == '/' || directory == AT_FDCWD) return path;
  return PathOf(directory) + "/" + path;
}

// Does `call` as the step of that name.
template <typename Call>
auto Step(const std::string& name, const Call& call) {
  Orders& given = Given();
  const int error = errno;
  if (!given.log.empty()) Put(given.log, name + "\n");
  if (!given.fails_at.empty() && ::fnmatch(given.fails_at.c_str(), name.c_str(), 0) == 0) {
    if (!given.fails_says.empty()) Put(given.fails_says, name + "\n");
    errno = given.fails_with;
    return decltype(call()){-1};
  }
  const bool dies =
      !given.at.empty() && ::fnmatch(given.at.c_str(), name.c_str(), 0) == 0 && --given.left == 0;
  errno = error;
  if (dies && !given.after) {
    Put(given.says, name);
    Raw(SYS_kill, ::getpid(), SIGKILL);
  }
  const auto result = call();
  if (dies && given.after) {
    Put(given.says, name);
    Raw(SYS_kill, ::getpid(), SIGKILL);
  }
  return result;
}

bool Makes(int flags) {
  return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

// In what LevelDB writes, keys stand as they are: "container/container_e03_17..._0001_01_000001".
std::string RecordIn(std::string_view bytes) {
  constexpr int kParts = 5;  // before the container's number
  constexpr size_t kDigits = 6;
  const size_t begin = bytes.find("/container_");
  size_t end = begin;
  for (int i = 0; i < kParts && end != std::string_view::npos; ++i) end = bytes.find('_', end + 1);
  if (end == std::string_view::npos) return "";
  return std::string(bytes.substr(begin + 1, end + kDigits - begin));
}

// "" when it goes to no file.
std::string NameOfWrite(int fd, std::string_view bytes) {
  const std::string path = PathOf(fd);
  if (path.empty() || path.front() != '/' || path.starts_with("/dev/") ||
      path.starts_with("/proc/")) {
    return "";
  }
  if (Given().all || path.find("/recovery/") == std::string::npos) return "write " + path;
  const std::string id = RecordIn(bytes);
  return id.empty() ? "" : "record " + id;
}

// Of a weir-launch: its only argument.
std::string SpecOf(int pidfd) {
  char text[4096];
  const std::string information = "/proc/self/fdinfo/" + std::to_string(pidfd);
  long fd = Raw(SYS_openat, AT_FDCWD, Word(information.c_str()), O_RDONLY);
  long size = fd < 0 ? 0 : Raw(SYS_read, fd, Word(text), sizeof text - 1);
  if (fd >= 0) Raw(SYS_close, fd);
  text[size < 0 ? 0 : size] = '\0';
  const char* const pid = std::strstr(text, "Pid:");
  if (pid == nullptr) return "";
  const std::string arguments = "/proc/" + std::to_string(std::atoi(pid + 4)) + "/cmdline";
  fd = Raw(SYS_openat, AT_FDCWD, Word(arguments.c_str()), O_RDONLY);
  size = fd < 0 ? 0 : Raw(SYS_read, fd, Word(text), sizeof text - 1);
  if (fd >= 0) Raw(SYS_close, fd);
  text[size < 0 ? 0 : size] = '\0';
  const size_t program = std::strlen(text);
  return static_cast<long>(program) + 1 < size ? text + program + 1 : "";
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  const auto call = [&] {
    return static_cast<int>(Raw(SYS_openat, AT_FDCWD, Word(path), flags, static_cast<long>(mode)));
  };
  return Makes(flags) ? Step(std::string("make ") + path, call) : call();
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return open(path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  const auto call = [&] {
    return static_cast<int>(Raw(SYS_openat, directory, Word(path), flags, static_cast<long>(mode)));
  };
  return Makes(flags) ? Step("make " + PathAt(directory, path), call) : call();
}
int openat64(int directory, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return openat(directory, path, flags, mode);
}
int mkdir(const char* path, mode_t mode) {
  return Step(std::string("mkdir ") + path, [&] {
    return static_cast<int>(Raw(SYS_mkdirat, AT_FDCWD, Word(path), static_cast<long>(mode)));
  });
}
int mkdirat(int directory, const char* path, mode_t mode) {
  return Step("mkdir " + PathAt(directory, path), [&] {
    return static_cast<int>(Raw(SYS_mkdirat, directory, Word(path), static_cast<long>(mode)));
  });
}
int rename(const char* from, const char* to) {
  return Step(std::string("rename ") + to, [&] {
    return static_cast<int>(Raw(SYS_renameat, AT_FDCWD, Word(from), AT_FDCWD, Word(to)));
  });
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) {
  return Step("rename " + PathAt(to_directory, to), [&] {
    return static_cast<int>(Raw(SYS_renameat, from_directory, Word(from), to_directory, Word(to)));
  });
}
int unlink(const char* path) {
  return Step(std::string("remove ") + path,
              [&] { return static_cast<int>(Raw(SYS_unlinkat, AT_FDCWD, Word(path), 0)); });
}
int rmdir(const char* path) {
  return Step(std::string("remove ") + path, [&] {
    return static_cast<int>(Raw(SYS_unlinkat, AT_FDCWD, Word(path), AT_REMOVEDIR));
  });
}
int unlinkat(int directory, const char* path, int flags) {
  return Step("remove " + PathAt(directory, path),
              [&] { return static_cast<int>(Raw(SYS_unlinkat, directory, Word(path), flags)); });
}
int remove(const char* path) {
  return Step(std::string("remove ") + path, [&] {
    const int removed = static_cast<int>(Raw(SYS_unlinkat, AT_FDCWD, Word(path), 0));
    if (removed == 0 || errno != EISDIR) return removed;
    return static_cast<int>(Raw(SYS_unlinkat, AT_FDCWD, Word(path), AT_REMOVEDIR));
  });
}
int link(const char* from, const char* to) {
  return Step(std::string("link ") + to, [&] {
    return static_cast<int>(Raw(SYS_linkat, AT_FDCWD, Word(from), AT_FDCWD, Word(to), 0));
  });
}
int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
  return Step("link " + PathAt(to_directory, to), [&] {
    return static_cast<int>(
        Raw(SYS_linkat, from_directory, Word(from), to_directory, Word(to), flags));
  });
}
int symlink(const char* target, const char* path) {
  return Step(std::string("symlink ") + path, [&] {
    return static_cast<int>(Raw(SYS_symlinkat, Word(target), AT_FDCWD, Word(path)));
  });
}
int symlinkat(const char* target, int directory, const char* path) {
  return Step("symlink " + PathAt(directory, path), [&] {
    return static_cast<int>(Raw(SYS_symlinkat, Word(target), directory, Word(path)));
  });
}
ssize_t write(int fd, const void* bytes, size_t size) {
  const auto call = [&] { return Raw(SYS_write, fd, Word(bytes), static_cast<long>(size)); };
  const std::string name = NameOfWrite(fd, {static_cast<const char*>(bytes), size});
  return name.empty() ? call() : Step(name, call);
}
int fsync(int fd) {
  const auto call = [&] { return static_cast<int>(Raw(SYS_fsync, fd)); };
  return Given().all ? Step("sync " + PathOf(fd), call) : call();
}
int fdatasync(int fd) {
  const auto call = [&] { return static_cast<int>(Raw(SYS_fdatasync, fd)); };
  return Given().all ? Step("sync " + PathOf(fd), call) : call();
}
int posix_spawn(pid_t* pid,
                const char* path,
                const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes,
                char* const arguments[],
                char* const environment[]) {
  static const auto real = Real<decltype(posix_spawn)>("posix_spawn");
  const char* const spec = arguments[1] == nullptr ? path : arguments[1];
  return Step(std::string("spawn ") + spec,
              [&] { return real(pid, path, actions, attributes, arguments, environment); });
}
long syscall(long number, ...) {
  va_list more;
  va_start(more, number);
  long words[6];
  for (long& word : words) word = va_arg(more, long);
  va_end(more);
  const auto call = [&] {
    return Raw(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  };
  if (number != SYS_pidfd_send_signal) return call();
  return Step("signal " + std::to_string(words[1]) + " " + SpecOf(static_cast<int>(words[0])),
              call);
}

}  // extern "C"
