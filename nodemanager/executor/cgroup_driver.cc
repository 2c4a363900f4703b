#include "nodemanager/executor/cgroup_driver.h"

#include <dirent.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "platform/file_descriptor.h"
#include "platform/file_system.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;

constexpr mode_t kGroupMode = 0755;
constexpr int kDepth = 16;  // of groups within a container's
constexpr int64_t kFileBytes = 1 << 20;

Error CgroupError(const std::string& action, const std::string& path, int cause) {
  Error error = platform::SystemError(action, path, cause);
  if (cause == EBUSY) error.code = ErrorCode::kFailedPrecondition;
  return error;
}

std::string ReadProc(const char* path) {
  auto text = platform::FileSystem::Real().ReadFile(path, kFileBytes);
  return text.ok() ? std::move(text).value() : "";
}

bool IsVersion2(const char* mount) {
  struct statfs info {};
  return ::statfs(mount, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

struct FreeCgroup {
  void operator()(cgroup* group) const { cgroup_free(&group); }
};
using CgroupHandle = std::unique_ptr<cgroup, FreeCgroup>;

CgroupHandle HandleOf(const std::string& controller, const std::string& path) {
  CgroupHandle handle(cgroup_new_cgroup(path.c_str() + (path.starts_with('/') ? 1 : 0)));
  if (handle && cgroup_add_controller(handle.get(), controller.c_str()) == nullptr) return nullptr;
  return handle;
}

Status MakeDirectories(const std::string& mount, const std::string& path) {
  size_t end = 0;
  while (end != std::string::npos) {
    end = path.find('/', end + 1);
    const std::string group = mount + path.substr(0, end);
    if (::mkdir(group.c_str(), kGroupMode) != 0 && errno != EEXIST) {
      return CgroupError("make", group, errno);
    }
  }
  return {};
}

class RealDriver : public CgroupDriver {
 public:
  CgroupFacts Discover() override {
    CgroupFacts facts;
    facts.mountinfo = ReadProc("/proc/self/mountinfo");
    facts.own = ReadProc("/proc/self/cgroup");
    if (const int code = cgroup_init(); code != 0) {
      facts.fault = cgroup_strerror(code);
      return facts;
    }
    void* handle = nullptr;
    cgroup_mount_point mounted{};
    int code = cgroup_get_controller_begin(&handle, &mounted);
    while (code == 0) {
      const int version = IsVersion2(mounted.path) ? 2 : 1;
      facts.controllers.push_back({mounted.name, mounted.path, version});
      code = cgroup_get_controller_next(&handle, &mounted);
    }
    cgroup_get_controller_end(&handle);
    return facts;
  }

  Status MakeNodeGroup(const std::string& controller,
                       const std::string& mount,
                       const std::string& path) override {
    // libcgroup cannot name a v2 hierarchy that has none of the controllers.
    if (controller.empty()) return MakeDirectories(mount, path);
    const CgroupHandle handle = HandleOf(controller, path);
    if (!handle) return Error{ErrorCode::kResourceExhausted, "no memory for a group", ""};
    const int code = cgroup_create_cgroup(handle.get(), 1);
    struct stat info {};
    // It calls whatever is wrong "not allowed": what is, is seen where it is done by hand.
    if (code != 0) WEIR_RETURN_IF_ERROR(MakeDirectories(mount, path));
    if (::stat((mount + path).c_str(), &info) != 0) {
      return CgroupError("make", mount + path, errno);
    }
    return {};
  }

  Status RemoveNodeGroup(const std::string& controller,
                         const std::string& mount,
                         const std::string& path) override {
    const std::string group = mount + path;
    if (!controller.empty()) {
      // The flag matters: by default it would move processes out and call that a success.
      if (const CgroupHandle handle = HandleOf(controller, path)) {
        cgroup_delete_cgroup_ext(handle.get(), CGFLAG_DELETE_EMPTY_ONLY);
      }
    }
    // It reports failures where there are none and the reverse: what counts is the directory.
    if (::rmdir(group.c_str()) == 0 || errno == ENOENT) return {};
    return CgroupError("remove", group, errno);
  }

  Status MakeGroup(const std::string& group) override {
    if (::mkdir(group.c_str(), kGroupMode) == 0) return {};
    return CgroupError("make", group, errno);
  }

  Status Write(const std::string& file, std::string_view value) override {
    const FileDescriptor fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.valid()) return CgroupError("open", file, errno);
    if (::write(fd.get(), value.data(), value.size()) < 0) {
      return CgroupError("write '" + std::string(value) + "' to", file, errno);
    }
    return {};
  }

  Result<std::string> Read(const std::string& file) override {
    const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return CgroupError("open", file, errno);
    std::string content;
    char chunk[4096];
    ssize_t count = 0;
    while ((count = ::read(fd.get(), chunk, sizeof chunk)) > 0 && content.size() < kFileBytes) {
      content.append(chunk, static_cast<size_t>(count));
    }
    if (count < 0) return CgroupError("read", file, errno);
    return content;
  }

  Result<std::vector<std::string>> Children(const std::string& group) override {
    DIR* directory = ::opendir(group.c_str());
    if (directory == nullptr) return CgroupError("list", group, errno);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
      if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  Status RemoveGroup(const std::string& group) override { return RemoveBelow(group, kDepth); }

 private:
  // Most have nothing below: those cost one call.
  Status RemoveBelow(const std::string& group, int depth) {
    if (::rmdir(group.c_str()) == 0 || errno == ENOENT) return {};
    const int cause = errno;
    if (depth == 0) return CgroupError("remove", group, cause);
    WEIR_ASSIGN_OR_RETURN(const auto names, Children(group));
    if (names.empty()) return CgroupError("remove", group, cause);
    for (const std::string& name : names) {
      WEIR_RETURN_IF_ERROR(RemoveBelow(group + "/" + name, depth - 1));
    }
    if (::rmdir(group.c_str()) == 0 || errno == ENOENT) return {};
    return CgroupError("remove", group, errno);
  }
};

}  // namespace

CgroupDriver& CgroupDriver::Real() {
  static RealDriver driver;
  return driver;
}

}  // namespace weir::nm
