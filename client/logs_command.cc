// weir logs: what the containers of an application wrote, read from their NodeManagers.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "client/command.h"
#include "client/output.h"
#include "client/rm_client.h"
#include "common/strings.h"
#include "platform/http_client.h"

namespace weir::cli {
namespace {

using platform::CallHttp;
using platform::CallHttpStreaming;
using platform::HttpCall;

struct LogFile {
  std::string name;
  int64_t size = 0;
};

Error NoLogs(const ContainerReport& container, const std::string& why) {
  return {ErrorCode::kUnavailable,
          "the logs of " + container.id.ToString() + " on " + container.node_name +
              " cannot be read: " + why,
          "the node may be gone, or the logs older than yarn.nodemanager.log.retain-seconds"};
}

// The node has no files of it. Whether its process ever ran shows in how it ended.
Error NeverLogged(const ContainerReport& container) {
  const std::string what = container.id.ToString() + " on " + container.node_name;
  const std::string status =
      "see 'weir application -status " + container.id.attempt.application.ToString() + "'";
  if (container.state == ContainerState::kNew) {
    return {ErrorCode::kUnavailable, what + " has not started yet", "try again; or " + status};
  }
  const bool ran = container.state == ContainerState::kRunning || container.exit_code >= 0;
  if (ran) {
    return {ErrorCode::kNotFound,
            "the logs of " + what + " are gone",
            "a node keeps them for yarn.nodemanager.log.retain-seconds after the application's "
            "end, and only while its directories are there"};
  }
  return {ErrorCode::kNotFound,
          what + " has no logs: it never started (exit code " +
              std::to_string(container.exit_code) +
              (container.diagnostics.empty() ? "" : ": " + container.diagnostics) + ")",
          status};
}

Result<std::vector<LogFile>> ListFiles(const ContainerReport& container, const HostPort& node) {
  HttpCall call;
  call.server = node;
  call.target = "/ws/v1/node/containers/" + container.id.ToString() + "/logs";
  const auto answer = CallHttp(call);
  if (!answer.ok()) return NoLogs(container, answer.error().message);
  if (answer->status == 404) return NeverLogged(container);
  if (answer->status != 200) return NoLogs(container, "HTTP " + std::to_string(answer->status));
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  const auto infos = json.is_object() ? json.find("containerLogsInfo") : json.end();
  if (json.is_discarded() || infos == json.end() || !infos->contains("containerLogInfo")) {
    return NoLogs(container, "the node's answer is not understood");
  }
  std::vector<LogFile> files;
  for (const auto& one : infos->at("containerLogInfo")) {
    files.push_back({one.value("fileName", ""), one.value("fileSize", int64_t{0})});
  }
  if (files.empty() && container.state != ContainerState::kRunning) return NeverLogged(container);
  return files;
}

// The block YARN prints for each file.
Status PrintFile(const ContainerReport& container,
                 const HostPort& node,
                 const LogFile& file,
                 const std::string& size) {
  std::printf("Container: %s on %s\nLogType:%s\nLogLength:%lld\nLogContents:\n",
              container.id.ToString().c_str(),
              container.node_name.c_str(),
              file.name.c_str(),
              static_cast<long long>(file.size));
  HttpCall call;
  call.server = node;
  call.target = "/ws/v1/node/containerlogs/" + container.id.ToString() + "/" +
                platform::UrlEncode(file.name) + (size.empty() ? "" : "?size=" + size);
  const auto answer = CallHttpStreaming(call, [](std::string_view piece) -> Status {
    if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size()) return {};
    return Error{ErrorCode::kUnavailable, "standard output cannot be written", ""};
  });
  if (!answer.ok()) return NoLogs(container, answer.error().message);
  if (answer->status != 200) return NoLogs(container, "HTTP " + std::to_string(answer->status));
  std::printf("\nEnd of LogType:%s\n\n", file.name.c_str());
  return {};
}

// What was asked for with -log_files, and what there is.
struct Selection {
  std::vector<std::string> wanted;  // nothing = all
  std::set<std::string> printed;
  std::set<std::string> seen;

  bool Takes(const std::string& name) const {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  }
};

Status PrintContainer(const ContainerReport& container,
                      const std::string& size,
                      Selection& selection) {
  const auto node = HostPort::Parse(container.node_http_address);
  if (!node.ok()) return NoLogs(container, "its address is not known");
  WEIR_ASSIGN_OR_RETURN(const auto files, ListFiles(container, *node));
  for (const LogFile& file : files) {
    selection.seen.insert(file.name);
    if (!selection.Takes(file.name)) continue;
    WEIR_RETURN_IF_ERROR(PrintFile(container, *node, file, size));
    selection.printed.insert(file.name);
  }
  return {};
}

// A name that no container has a file of is a mistake.
Status CheckPrinted(const Selection& selection) {
  for (const std::string& name : selection.wanted) {
    if (selection.printed.contains(name)) continue;
    return Error{ErrorCode::kNotFound,
                 "no container has a log file '" + name + "'",
                 "there are " + Join({selection.seen.begin(), selection.seen.end()}, ", ")};
  }
  return {};
}

Result<std::vector<ContainerReport>> Choose(const Arguments& arguments, RmClient& rm) {
  std::string application = arguments.Get("applicationId");
  std::optional<ContainerId> only;
  if (arguments.Has("containerId")) {
    WEIR_ASSIGN_OR_RETURN(only, ContainerId::Parse(arguments.Get("containerId")));
    if (application.empty()) application = only->attempt.application.ToString();
  }
  WEIR_ASSIGN_OR_RETURN(const ApplicationId id, ApplicationId::Parse(application));
  WEIR_ASSIGN_OR_RETURN(const auto containers, rm.Containers(id));
  std::vector<ContainerReport> chosen;
  for (const ContainerReport& container : containers) {
    if (!only || container.id == *only) chosen.push_back(container);
  }
  if (chosen.empty()) {
    return Error{ErrorCode::kNotFound,
                 only ? "application " + application + " has no container " + only->ToString()
                      : "application " + application + " has had no container yet",
                 "see 'weir application -status " + application + "'"};
  }
  return chosen;
}

}  // namespace

ExitCode RunLogsCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare("logs",
                                    {.options = {{"applicationId", "ID", "", false},
                                                 {"containerId", "ID", "", false},
                                                 {"log_files", "NAMES", "", false},
                                                 {"size", "BYTES", "", false}}},
                                    words);
  if (!prepared.invocation) return prepared.exit;
  const Arguments& arguments = prepared.invocation->arguments;
  const Status fits =
      arguments.AllowOnly("logs", {"applicationId", "containerId", "log_files", "size"}, 0);
  if (!fits.ok()) return Fail(fits.error());
  if (!arguments.Has("applicationId") && !arguments.Has("containerId")) {
    return Fail({ErrorCode::kInvalidArgument,
                 "logs needs -applicationId ID or -containerId ID",
                 "see 'weir logs --help'"});
  }
  const auto size = arguments.GetInt("size", 0, -(int64_t{1} << 40), int64_t{1} << 40);
  if (!size.ok()) return Fail(size.error());
  RmClient rm(prepared.invocation->config);
  const auto containers = Choose(arguments, rm);
  if (!containers.ok()) return Fail(containers.error());
  Selection selection;
  if (arguments.Has("log_files")) {
    for (const std::string_view name : Split(arguments.Get("log_files"), ',')) {
      selection.wanted.emplace_back(name);
    }
  }
  ExitCode exit = ExitCode::kOk;
  for (const ContainerReport& container : *containers) {
    const Status status = PrintContainer(container, arguments.Get("size"), selection);
    if (!status.ok()) exit = Fail(status.error());
  }
  if (exit != ExitCode::kOk) return exit;
  if (const Status printed = CheckPrinted(selection); !printed.ok()) return Fail(printed.error());
  return exit;
}

}  // namespace weir::cli
