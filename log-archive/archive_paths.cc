#include "log-archive/archive_paths.h"

#include <algorithm>

#include "platform/config_keys.h"

namespace weir::logs {
namespace {

constexpr int32_t kBuckets = 10'000;
constexpr size_t kBucketDigits = 4;
constexpr std::string_view kFileScheme = "file://";

std::string Bucket(const ApplicationId& id) {
  std::string digits = std::to_string(id.sequence % kBuckets);
  digits.insert(0, kBucketDigits - std::min(kBucketDigits, digits.size()), '0');
  return digits;
}

}  // namespace

std::vector<std::string> ArchiveRoot::Parts(const std::string& user,
                                            const ApplicationId& id) const {
  return {user, "bucket-" + suffix, Bucket(id), id.ToString()};
}

std::string ArchiveRoot::ApplicationDirectory(const std::string& user,
                                              const ApplicationId& id) const {
  std::string path = directory;
  for (const std::string& part : Parts(user, id)) path += "/" + part;
  return path;
}

ArchiveRoot ConfiguredRoot(const platform::Configuration& config) {
  using namespace platform::keys;
  ArchiveRoot root;
  root.directory = config.GetOr(kNmRemoteLogDir, "");
  if (root.directory.starts_with(kFileScheme)) root.directory.erase(0, kFileScheme.size());
  if (root.directory.empty()) root.directory = platform::WorkDir(config) + "/collected-logs";
  root.suffix = config.GetOr(kNmRemoteLogSuffix, platform::DefaultOf(kNmRemoteLogSuffix));
  return root;
}

Result<std::vector<std::string>> FindArchives(platform::FileSystem& files,
                                              const ArchiveRoot& root,
                                              const ApplicationId& id,
                                              const std::string& user) {
  std::vector<std::string> users = {user};
  if (user.empty()) {
    WEIR_ASSIGN_OR_RETURN(users, files.List(root.directory));
  }
  std::vector<std::string> found;
  for (const std::string& one : users) {
    const std::string directory = root.ApplicationDirectory(one, id);
    const auto names = files.List(directory);
    // Another's directory that cannot be read is not ours to read.
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      if (!name.starts_with('.')) found.push_back(directory + "/" + name);
    }
  }
  return found;
}

std::string NodeFileName(std::string_view node) {
  std::string name(node);
  std::replace(name.begin(), name.end(), ':', '_');
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

}  // namespace weir::logs
