#include "state-store/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "common/strings.h"
#include "common/time.h"
#include "platform/clock.h"
#include "platform/file_system.h"

namespace weir::store {
namespace {

constexpr size_t kHolderBytes = 512;

// What the file says; it is written by whoever may write there, so only plain text is taken.
std::string HolderIn(int fd) {
  std::array<char, kHolderBytes> buffer{};
  const size_t size = platform::ReadAt(fd, 0, buffer.data(), buffer.size());
  const std::string_view text = Trim(std::string_view(buffer.data(), size));
  for (const char c : text) {
    if (c < ' ' || c > '~') return "";
  }
  return std::string(text);
}

Error InUse(const std::string& directory, const std::string& holder) {
  return {ErrorCode::kFailedPrecondition,
          "the state store " + directory + " is in use by another ResourceManager" +
              (holder.empty() ? "" : " (" + holder + ")"),
          "stop that one, or give this one another directory"};
}

}  // namespace

std::string ThisHolder() {
  std::array<char, 256> host{};
  const bool named = ::gethostname(host.data(), host.size() - 1) == 0;
  return "process " + std::to_string(::getpid()) + " on " + (named ? host.data() : "this host") +
         " since " + ToIso8601(platform::WallNow());
}

Result<DirectoryLock> DirectoryLock::Take(const std::string& directory) {
  if (Status made = platform::FileSystem::Real().MakeDirectories(directory, 0700); !made.ok()) {
    Error error = std::move(made).error();
    if (error.code == ErrorCode::kAlreadyExists) error.code = ErrorCode::kUnavailable;  // a file
    error.message = "the state store " + directory + ": " + error.message;
    error.remedy = "give the ResourceManager a directory of its own that it may write to";
    return error;
  }
  const std::string path = directory + "/" + kFileName;
  platform::FileDescriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return platform::SystemError("open", path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return InUse(directory, HolderIn(file.get()));
    return platform::SystemError("lock", path, errno);
  }
  const std::string holder = ThisHolder() + "\n";
  // On a full disk the lock holds all the same; only its holder has no name then.
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), holder.data(), holder.size(), 0) !=
                                             static_cast<ssize_t>(holder.size())) {
    return DirectoryLock(std::move(file));
  }
  return DirectoryLock(std::move(file));
}

}  // namespace weir::store
