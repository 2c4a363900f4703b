// LogCollector: brings the logs that one application has on this node into its log archive, round
// after round.
//
// A round appends what every file of every container has got since the last one, and makes it
// durable; the last round also writes the archive's index. Nothing is remembered but the archive: a
// collector made after a crash goes on where the archive ends. After a failed round the next one
// opens the archive anew. A log that a program renames stays the log it was; one that it empties
// begins anew behind what was collected. Single-threaded.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_COLLECTOR_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_COLLECTOR_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "log-archive/archive_paths.h"
#include "log-archive/archive_writer.h"
#include "nodemanager/executor/container_directories.h"
#include "nodemanager/executor/log_directory.h"
#include "platform/file_system.h"

namespace weir::nm {

struct CollectorOptions {
  logs::ArchiveRoot root;
  ApplicationId application;
  std::string user;
  std::string node;  // the archive's file name
};

class LogCollector {
 public:
  // `files` and `directories` must outlive it.
  LogCollector(platform::FileSystem& files,
               const ContainerDirectories& directories,
               CollectorOptions options);

  // Bytes of logs appended. kAborted: `stop` was set; what came before is durable. Other errors:
  // those of FileSystem.
  Result<int64_t> Round(bool last, const std::atomic<bool>& stop);

  // Gives up what is in memory; the next round reads it from the archive.
  void Close() { writer_.reset(); }
  std::string path() const {
    return options_.root.File(options_.user, options_.application, options_.node);
  }

 private:
  Status Open();
  Status CollectContainer(const ContainerId& id, const std::atomic<bool>& stop, int64_t& bytes);
  Status CollectFile(const LogDirectory& directory,
                     const LogFile& file,
                     const std::string& role,
                     const std::atomic<bool>& stop,
                     int64_t& bytes);
  // Under which identity what the file now holds is collected, and from where.
  std::pair<uint64_t, int64_t> Place(const ContainerId& id, const LogFile& file);

  platform::FileSystem& files_;
  const ContainerDirectories& directories_;
  const CollectorOptions options_;
  std::unique_ptr<logs::LogArchiveWriter> writer_;  // null: to be opened
  // How often a file was begun anew.
  std::map<std::pair<ContainerId, uint64_t>, uint64_t> beginnings_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_COLLECTOR_H_
