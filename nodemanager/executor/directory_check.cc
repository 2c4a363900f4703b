#include "nodemanager/executor/directory_check.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

namespace weir::nm {
namespace {

constexpr char kProbe[] = "/.weir-disk-check";
constexpr char kProbeText[] = "written by the NodeManager to see whether this disk works\n";
constexpr int kProbeMode = 0600;

Status WriteProbe(platform::FileSystem& files, const std::string& path) {
  const std::string probe = path + kProbe;
  WEIR_ASSIGN_OR_RETURN(auto file, files.Create(probe, kProbeMode));
  Status written = file->Append(kProbeText);
  const Status closed = file->Close();
  if (written.ok()) written = closed;
  const Status removed = files.Remove(probe);
  return written.ok() ? removed : written;
}

}  // namespace

DirectorySample CheckDirectory(platform::FileSystem& files,
                               const std::string& path,
                               DirectoryKind kind) {
  DirectorySample sample{.path = path, .kind = kind};
  Status works = kind == DirectoryKind::kLocal ? ContainerDirectories::PrepareLocal(files, path)
                                               : ContainerDirectories::PrepareLog(files, path);
  if (works.ok()) works = WriteProbe(files, path);
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) == 0) {
    // As df counts: what is kept for root is no room.
    const auto block = static_cast<int64_t>(space.f_frsize);
    const auto used = static_cast<int64_t>(space.f_blocks - space.f_bfree);
    sample.free_bytes = static_cast<int64_t>(space.f_bavail) * block;
    sample.total_bytes = used * block + sample.free_bytes;
    if (works.ok() && space.f_files > 0 && space.f_favail == 0) {
      sample.fault = "no inodes are left for new files";
    }
  } else if (works.ok()) {
    sample.fault = std::string("its room cannot be told: ") + std::strerror(errno);
  }
  if (!works.ok()) sample.fault = works.error().message;
  return sample;
}

}  // namespace weir::nm
