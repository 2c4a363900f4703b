// weir logs: what the containers of an application wrote, from their nodes or from where it is
// collected.
#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "client/command.h"
#include "client/log_finder.h"
#include "client/log_follow.h"
#include "client/log_query.h"
#include "client/output.h"
#include "common/strings.h"
#include "platform/file_system.h"

namespace weir::cli {
namespace {

constexpr int kDirectoryMode = 0750;
constexpr int kFileMode = 0640;
constexpr int64_t kMib = int64_t{1} << 20;

const char* KindOf(const FoundContainer& container) {
  return container.archive != nullptr ? "AGGREGATED" : "LOCAL";
}

int64_t Wanted(const LogQuery& query, const FoundFile& file) {
  const int64_t size = query.size.value_or(file.size);
  return std::min(file.size, size < 0 ? -size : size);
}

// What was asked for with -log_files, and what there is.
struct Seen {
  std::set<std::string> taken;
  std::set<std::string> names;
};

// A name that no container has a file of is a mistake.
Status CheckTaken(const LogQuery& query, const Seen& seen) {
  const std::string there = seen.names.empty()
                                ? "there is none"
                                : "there are " + Join({seen.names.begin(), seen.names.end()}, ", ");
  for (const std::string& name : query.files) {
    if (seen.taken.contains(name)) continue;
    return Error{ErrorCode::kNotFound, "no container has a log file '" + name + "'", there};
  }
  if (query.pattern && seen.taken.empty()) {
    return Error{ErrorCode::kNotFound, "no log file fits -log_files_pattern", there};
  }
  return {};
}

// Those files that the query takes, of every container.
std::vector<FoundContainer> Chosen(const LogQuery& query,
                                   const std::vector<FoundContainer>& found,
                                   Seen& seen) {
  std::vector<FoundContainer> chosen = found;
  for (FoundContainer& container : chosen) {
    for (const FoundFile& file : container.files) {
      seen.names.insert(file.name);
      if (query.TakesFile(file.name)) seen.taken.insert(file.name);
    }
    std::erase_if(container.files,
                  [&](const FoundFile& file) { return !query.TakesFile(file.name); });
  }
  return chosen;
}

Status CheckTotal(const LogQuery& query, const std::vector<FoundContainer>& containers) {
  if (query.limit_bytes < 0) return {};
  int64_t total = 0;
  for (const FoundContainer& container : containers) {
    for (const FoundFile& file : container.files) total += Wanted(query, file);
  }
  if (total <= query.limit_bytes) return {};
  return Error{ErrorCode::kResourceExhausted,
               "these logs have " + std::to_string(total / kMib) + " MiB, more than the " +
                   std::to_string(query.limit_bytes / kMib) + " MiB of -size_limit_mb",
               "choose with -containerId, -log_files or -size, or give -size_limit_mb -1"};
}

std::string Header(const FoundContainer& container, const FoundFile& file) {
  return "Container: " + container.id.ToString() + " on " + container.node +
         "\nLogAggregationType:" + KindOf(container) + "\nLogType:" + file.name +
         "\nLogLastModifiedTime:" + file.modified + "\nLogLength:" + std::to_string(file.size) +
         "\nLogContents:\n";
}

// The block YARN prints for each file.
Status PrintFile(LogFinder& finder, const FoundContainer& container, const FoundFile& file) {
  std::fputs(Header(container, file).c_str(), stdout);
  WEIR_ASSIGN_OR_RETURN(
      const int64_t missing, finder.Read(container, file, [](std::string_view piece) -> Status {
        if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size()) return {};
        return Error{ErrorCode::kUnavailable, "standard output cannot be written", ""};
      }));
  std::printf("\nEnd of LogType:%s\n\n", file.name.c_str());
  if (missing == 0) return {};
  std::fflush(stdout);
  Say("weir: warning: " + std::to_string(missing) + " bytes of " + container.id.ToString() + " " +
      file.name +
      " are missing: they were written before the size limit of logs took them away, "
      "or the collected file is damaged");
  return {};
}

// <directory>/<container>/<file>
Status SaveFile(LogFinder& finder,
                const std::string& directory,
                const FoundContainer& container,
                const FoundFile& file) {
  platform::FileSystem& files = platform::FileSystem::Real();
  // It comes from a node or a file: not from someone who may say where we write.
  if (file.name.empty() || file.name.find('/') != std::string::npos || file.name == "." ||
      file.name == ".." || file.name.find('\0') != std::string::npos) {
    return Error{ErrorCode::kCorruption,
                 container.id.ToString() + " has a log file with an impossible name",
                 ""};
  }
  const std::string beneath = directory + "/" + container.id.ToString();
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(beneath, kDirectoryMode));
  WEIR_ASSIGN_OR_RETURN(const auto out, files.Create(beneath + "/" + file.name, kFileMode));
  const auto missing =
      finder.Read(container, file, [&](std::string_view piece) { return out->Append(piece); });
  const Status closed = out->Close();
  if (!missing.ok()) return missing.error();
  return closed;
}

// Says why a container's logs cannot be had. One that has not started yet is no failure of a
// command that had others to show.
ExitCode TellFault(const FoundContainer& container, const std::vector<FoundContainer>& all) {
  const bool others = std::any_of(all.begin(), all.end(), [](const FoundContainer& one) {
    return !one.fault && !one.files.empty();
  });
  if (!container.not_yet || !others) return Fail(*container.fault);
  Say("weir: note: " + container.fault->message);
  return ExitCode::kOk;
}

ExitCode Print(const LogQuery& query, LogFinder& finder) {
  const auto found = finder.Find();
  if (!found.ok()) return Fail(found.error());
  Seen seen;
  const auto chosen = Chosen(query, *found, seen);
  if (const Status fits = CheckTotal(query, chosen); !fits.ok()) return Fail(fits.error());
  ExitCode exit = ExitCode::kOk;
  for (const FoundContainer& container : chosen) {
    if (container.fault) exit = std::max(exit, TellFault(container, *found));
    for (const FoundFile& file : container.files) {
      const Status status = query.out.empty() ? PrintFile(finder, container, file)
                                              : SaveFile(finder, query.out, container, file);
      if (!status.ok()) exit = Fail(status.error());
    }
  }
  if (exit != ExitCode::kOk) return exit;
  if (const Status taken = CheckTaken(query, seen); !taken.ok()) return Fail(taken.error());
  return exit;
}

ExitCode ListNodes(LogFinder& finder) {
  const auto nodes = finder.Nodes();
  if (!nodes.ok()) return Fail(nodes.error());
  for (const std::string& node : *nodes) std::printf("%s\n", node.c_str());
  return ExitCode::kOk;
}

ExitCode ShowInfo(const LogQuery& query, LogFinder& finder, bool json) {
  const auto found = finder.Find();
  if (!found.ok()) return Fail(found.error());
  Seen seen;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  ExitCode exit = ExitCode::kOk;
  for (const FoundContainer& container : Chosen(query, *found, seen)) {
    if (container.fault) exit = std::max(exit, TellFault(container, *found));
    for (const FoundFile& file : container.files) {
      rows.push_back({container.id.ToString(),
                      container.node,
                      container.role.empty() ? "-" : container.role,
                      file.name,
                      std::to_string(file.size),
                      file.modified,
                      KindOf(container)});
      list.push_back({{"containerId", container.id.ToString()},
                      {"nodeId", container.node},
                      {"role", container.role},
                      {"fileName", file.name},
                      {"fileSize", file.size},
                      {"lastModifiedTime", file.modified},
                      {"logAggregationType", KindOf(container)}});
    }
  }
  if (json) {
    std::puts(list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else {
    std::fputs(FormatTable({"Container",
                            "Node",
                            "Role",
                            "LogFile",
                            "LogLength",
                            "LastModificationTime",
                            "LogAggregationType"},
                           rows)
                   .c_str(),
               stdout);
  }
  return exit;
}

}  // namespace

ExitCode RunLogsCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare("logs", {.options = LogOptions()}, words);
  if (!prepared.invocation) return prepared.exit;
  const Arguments& arguments = prepared.invocation->arguments;
  std::vector<std::string> names;
  for (const OptionSpec& option : LogOptions()) names.push_back(option.name);
  if (const Status fits = arguments.AllowOnly("logs", names, 0); !fits.ok()) {
    return Fail(fits.error());
  }
  const auto query = ReadLogQuery(arguments);
  if (!query.ok()) return Fail(query.error());
  LogFinder finder(prepared.invocation->config, *query);
  switch (query->action) {
    case LogAction::kPrint:
      return Print(*query, finder);
    case LogAction::kFollow:
      return FollowLogs(*query, finder);
    case LogAction::kListNodes:
      return ListNodes(finder);
    case LogAction::kShowInfo:
      return ShowInfo(*query, finder, prepared.invocation->json);
  }
  return ExitCode::kFailure;
}

}  // namespace weir::cli
