// Where log archives are in the shared directory, in YARN's layout:
//
//   <root>/<user>/bucket-<suffix>/<last four digits of the application's number>/<application>/
//     <host>_<port>
//
// Immutable value; what touches the disk is thread-safe.
#ifndef WEIR_LOG_ARCHIVE_ARCHIVE_PATHS_H_
#define WEIR_LOG_ARCHIVE_ARCHIVE_PATHS_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "platform/file_system.h"
#include "platform/hadoop_xml_config.h"

namespace weir::logs {

struct ArchiveRoot {
  std::string directory;  // yarn.nodemanager.remote-app-log-dir
  std::string suffix;     // yarn.nodemanager.remote-app-log-dir-suffix

  // Requires: the user's name is a file name.
  // The directories below the root, one part each.
  std::vector<std::string> Parts(const std::string& user, const ApplicationId& id) const;
  std::string ApplicationDirectory(const std::string& user, const ApplicationId& id) const;
  std::string File(const std::string& user,
                   const ApplicationId& id,
                   const std::string& node) const {
    return ApplicationDirectory(user, id) + "/" + node;
  }
};

// As configured, for those who write and those who read: a "file://" in front is taken away; the
// directory's default is <weir.work.dir>/collected-logs.
ArchiveRoot ConfiguredRoot(const platform::Configuration& config);

// The archives of an application, of every user or of one ("" = every), by name; none when there is
// nothing. kPermissionDenied, kUnavailable: the root cannot be read.
Result<std::vector<std::string>> FindArchives(platform::FileSystem& files,
                                              const ArchiveRoot& root,
                                              const ApplicationId& id,
                                              const std::string& user = "");

// host:port as a file name.
std::string NodeFileName(std::string_view node);

}  // namespace weir::logs

#endif  // WEIR_LOG_ARCHIVE_ARCHIVE_PATHS_H_
