// ReadSecretFile, ReadOrCreateSecretFile and UserName of rpc_security.h: what the operating system
// knows about secrets and users.
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "platform/crypto.h"
#include "platform/mutex.h"
#include "platform/rpc_security.h"
#include "platform/sockets.h"

namespace weir::platform {
namespace {

constexpr size_t kSecretBytesMin = 16;
constexpr size_t kSecretBytesMax = 4096;
constexpr size_t kNewSecretBytes = 32;
constexpr size_t kCachedUsers = 4096;
constexpr size_t kPasswdBufferMax = 1u << 20;

Error FileError(int error, const std::string& path, const char* verb) {
  const ErrorCode code = error == ENOENT                     ? ErrorCode::kNotFound
                         : error == EACCES || error == EPERM ? ErrorCode::kPermissionDenied
                                                             : ErrorCode::kUnavailable;
  return {code,
          "the secret file " + path + " cannot be " + verb + ": " + ErrnoText(error),
          "check the path and weir.cluster.secret.file"};
}

Result<std::string> ReadAll(int fd, const std::string& path) {
  std::string content(kSecretBytesMax, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(fd, content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, path, "read");
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  content.resize(size);
  return content;
}

Status WriteAll(int fd, const std::string& content, const std::string& path) {
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t count = ::write(fd, content.data() + written, content.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, path, "written");
    written += static_cast<size_t>(count);
  }
  if (::fsync(fd) != 0) return FileError(errno, path, "written");
  return {};
}

// Puts a whole new file in place unless one is there by now.
Status CreateSecretFile(const std::string& path) {
  std::error_code ignored;  // a directory that cannot be made shows in open
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const std::string beside = path + "." + RandomUuid();
  const FileDescriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return FileError(errno, path, "made");
  Status made = WriteAll(fd.get(), HexEncode(RandomBytes(kNewSecretBytes)) + "\n", path);
  if (made.ok() && ::link(beside.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    made = FileError(errno, path, "made");
  }
  ::unlink(beside.c_str());
  return made;
}

std::string LookUpUser(int64_t uid) {
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  while (true) {
    const int error =
        ::getpwuid_r(static_cast<uid_t>(uid), &entry, buffer.data(), buffer.size(), &found);
    if (error != ERANGE || buffer.size() >= kPasswdBufferMax) break;
    buffer.resize(buffer.size() * 2);
  }
  return found != nullptr ? std::string(entry.pw_name) : "uid" + std::to_string(uid);
}

}  // namespace

Result<std::string> ReadSecretFile(const std::string& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FileError(errno, path, "opened");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FileError(errno, path, "examined");
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, "the secret file " + path + " is not a file", ""};
  }
  if ((info.st_mode & 077) != 0) {
    return Error{ErrorCode::kPermissionDenied,
                 "the secret file " + path + " can be read by other users",
                 "chmod 600 " + path};
  }
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return Error{ErrorCode::kPermissionDenied,
                 "the secret file " + path + " belongs to " + UserName(info.st_uid),
                 "it must belong to the user of this program or to root"};
  }
  WEIR_ASSIGN_OR_RETURN(const std::string content, ReadAll(fd.get(), path));
  const std::string secret(Trim(content));
  if (secret.size() < kSecretBytesMin || content.size() >= kSecretBytesMax) {
    return Error{ErrorCode::kInvalidArgument,
                 "the secret file " + path + " holds " + std::to_string(secret.size()) +
                     " bytes; a secret has from 16 to 4095",
                 "delete it where the ResourceManager runs; its next start makes a good one"};
  }
  return secret;
}

Result<std::string> ReadOrCreateSecretFile(const std::string& path) {
  auto secret = ReadSecretFile(path);
  if (secret.ok() || secret.error().code != ErrorCode::kNotFound) return secret;
  WEIR_RETURN_IF_ERROR(CreateSecretFile(path));
  return ReadSecretFile(path);
}

std::string UserName(int64_t uid) {
  static Mutex mutex;
  static auto& names = *new std::map<int64_t, std::string>();  // never destroyed: used at exit too
  {
    MutexLock lock(mutex);
    const auto known = names.find(uid);
    if (known != names.end()) return known->second;
  }
  std::string name = LookUpUser(uid);
  MutexLock lock(mutex);
  if (names.size() >= kCachedUsers) names.clear();
  names[uid] = name;
  return name;
}

}  // namespace weir::platform
