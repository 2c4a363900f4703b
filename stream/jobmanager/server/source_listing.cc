#include "stream/jobmanager/server/source_listing.h"

namespace weir::stream {
namespace {

Result<platform::FileInfo> StatInput(platform::FileSystem& files, const std::string& path) {
  Result<platform::FileInfo> info = files.Stat(path);
  if (info.ok()) return info;
  Error error = std::move(info).error();
  error.message = "input " + path + ": " + error.message;
  if (error.remedy.empty()) {
    error.remedy = "the path must exist and be readable on the JobManager's machine";
  }
  return error;
}

Status AddDirectory(platform::FileSystem& files,
                    const std::string& directory,
                    std::vector<SourceFile>& found) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  const size_t before = found.size();
  for (const std::string& name : names) {
    if (name.starts_with('.') || name.starts_with('_')) continue;
    const std::string path = directory + (directory.ends_with('/') ? "" : "/") + name;
    WEIR_ASSIGN_OR_RETURN(const platform::FileInfo info, StatInput(files, path));
    if (!info.is_directory) found.push_back({path, info.size});
  }
  if (found.size() > before) return {};
  return Error{ErrorCode::kInvalidArgument,
               "input directory " + directory + " has no files",
               "name a file, or a directory with files in it"};
}

}  // namespace

Result<std::vector<SourceFile>> ListSourceFiles(platform::FileSystem& files,
                                                const std::vector<std::string>& paths) {
  std::vector<SourceFile> found;
  for (const std::string& path : paths) {
    if (!path.starts_with('/')) {
      return Error{ErrorCode::kInvalidArgument,
                   "input '" + path + "' is not an absolute path",
                   "begin it with /"};
    }
    WEIR_ASSIGN_OR_RETURN(const platform::FileInfo info, StatInput(files, path));
    if (info.is_directory) {
      WEIR_RETURN_IF_ERROR(AddDirectory(files, path, found));
    } else {
      found.push_back({path, info.size});
    }
  }
  return found;
}

}  // namespace weir::stream
