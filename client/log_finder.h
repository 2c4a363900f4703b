// LogFinder: finds the logs of an application wherever they are now: at the NodeManager that ran a
// container, as long as it has them, else in the log archives of the shared directory.
//
// Which containers there are is known from the ResourceManager, from the archives, and, when both
// have nothing, from the nodes themselves; so logs are found while an application runs, after it
// has ended, after a ResourceManager has been restarted, and without one. Blocking;
// single-threaded.
#ifndef WEIR_CLIENT_LOG_FINDER_H_
#define WEIR_CLIENT_LOG_FINDER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "client/log_query.h"
#include "client/rm_client.h"
#include "common/application.h"
#include "common/hostport.h"
#include "log-archive/archive_paths.h"
#include "log-archive/archive_reader.h"
#include "platform/hadoop_xml_config.h"

namespace weir::cli {

struct FoundFile {
  std::string name;
  int64_t size = 0;
  std::string modified;  // ISO 8601; "" = not known
};

struct FoundContainer {
  ContainerId id;
  std::string node = {};  // host:port
  std::string role = {};  // "" = not known
  bool ended = true;
  std::vector<FoundFile> files = {};
  std::optional<HostPort> live = {};    // the NodeManager that has the files
  logs::LogArchive* archive = nullptr;  // or where they are collected
  std::optional<Error> fault = {};      // or why they cannot be had
  bool not_yet = false;                 // the fault: it has not started; it will have logs
};

// How far a log is known: its file, and the position in it behind the last byte.
struct LogPlace {
  uint64_t identity = 0;  // 0 = not known
  int64_t position = 0;
};

class LogFinder {
 public:
  LogFinder(const platform::Configuration& config, const LogQuery& query);

  // All that the query takes, by id; nobody's files is no error. kNotFound: there is no such
  // application, or no such container.
  Result<std::vector<FoundContainer>> Find();
  // Which nodes have, or had, containers of it: host:port.
  Result<std::set<std::string>> Nodes();
  // False when the application has ended, or nobody can be asked about it.
  bool MayHaveMore();

  // The bytes that the query's size takes. Missing ones are told in the result.
  using Sink = std::function<Status(std::string_view)>;
  Result<int64_t> Read(const FoundContainer& container, const FoundFile& file, const Sink& sink);
  // What is collected of it: from its beginning as Read has it (`whole`), or beyond `place`. Then
  // `place` is behind it. The rest as Read. Requires: the container's logs are in an archive.
  Result<int64_t> ReadCollected(const FoundContainer& container,
                                const FoundFile& file,
                                bool whole,
                                LogPlace& place,
                                const Sink& sink);

 private:
  struct Candidate {
    std::optional<ContainerReport> report;
    std::string node;
    std::optional<HostPort> http;
    logs::LogArchive* archive = nullptr;
  };

  void AskResourceManager(std::map<ContainerId, Candidate>& candidates);
  void LookIntoArchives(std::map<ContainerId, Candidate>& candidates);
  void AskNodes(std::map<ContainerId, Candidate>& candidates);
  Result<std::map<ContainerId, Candidate>> Candidates();
  FoundContainer Examine(const ContainerId& id, const Candidate& candidate);
  Result<FoundContainer> AskNode(const ContainerId& id, const Candidate& candidate);
  Error NothingFound() const;
  static Result<const logs::ArchivedLog*> FindCollected(const FoundContainer& container,
                                                        const FoundFile& file);

  const LogQuery& query_;
  RmClient rm_;
  logs::ArchiveRoot root_;
  std::vector<std::unique_ptr<logs::LogArchive>> archives_;
  std::optional<Error> rm_error_;       // why it did not say which containers there are
  std::optional<Error> archive_error_;  // why the shared directory cannot be read
};

}  // namespace weir::cli

#endif  // WEIR_CLIENT_LOG_FINDER_H_
