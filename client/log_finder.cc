#include "client/log_finder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/strings.h"
#include "platform/file_system.h"
#include "platform/http_client.h"

namespace weir::cli {
namespace {

using platform::CallHttp;
using platform::HttpCall;
using Json = nlohmann::json;

constexpr size_t kNodesAsked = 1000;
constexpr seconds kNodePatience{10};

std::string What(const ContainerId& id, const std::string& node) {
  return id.ToString() + (node.empty() ? "" : " on " + node);
}

Error NoLogs(const ContainerId& id, const std::string& node, const std::string& why) {
  return {ErrorCode::kUnavailable,
          "the logs of " + What(id, node) + " cannot be read: " + why,
          "the node may be gone, or the logs older than yarn.nodemanager.log.retain-seconds; with "
          "yarn.log-aggregation-enable they outlive their node"};
}

// Its node has no files of it. Whether its process ever ran shows in how it ended.
Error NeverLogged(const ContainerReport& container) {
  const std::string what = What(container.id, container.node_name);
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
            "end, and only while its directories are there; with yarn.log-aggregation-enable they "
            "are collected before they go"};
  }
  return {ErrorCode::kNotFound,
          what + " has no logs: it never started (exit code " +
              std::to_string(container.exit_code) +
              (container.diagnostics.empty() ? "" : ": " + container.diagnostics) + ")",
          status};
}

// The JSON below `key`; kUnavailable with what the server said otherwise; kNotFound for 404.
Result<Json> GetJson(const HostPort& server, const std::string& target, const std::string& key) {
  HttpCall call;
  call.server = server;
  call.target = target;
  call.timeout = kNodePatience;
  WEIR_ASSIGN_OR_RETURN(const auto answer, CallHttp(call));
  if (answer.status != 200) {
    return Error{answer.status == 404 ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                 "HTTP " + std::to_string(answer.status),
                 ""};
  }
  const Json json = Json::parse(answer.body, nullptr, false);
  if (json.is_object() && json.contains(key) && json.at(key).is_object()) return json.at(key);
  return Error{ErrorCode::kUnavailable, "the node's answer is not understood", ""};
}

template <typename T>
T Value(const Json& json, const char* key, T fallback) {
  const auto it = json.find(key);
  if (it == json.end()) return fallback;
  if constexpr (std::is_same_v<T, std::string>) {
    return it->is_string() ? it->template get<std::string>() : fallback;
  } else {
    return it->is_number_integer() ? it->template get<T>() : fallback;
  }
}

// host_port, the archive's file name, as host:port.
std::string NodeOf(const logs::LogArchive& archive, const std::string& path) {
  std::string name = archive.head() ? archive.head()->node : path.substr(path.rfind('/') + 1);
  const size_t last = name.rfind('_');
  if (last != std::string::npos) name[last] = ':';
  return name;
}

}  // namespace

LogFinder::LogFinder(const platform::Configuration& config, const LogQuery& query)
    : query_(query), rm_(config), root_(logs::ConfiguredRoot(config)) {}

void LogFinder::AskResourceManager(std::map<ContainerId, Candidate>& candidates) {
  const auto containers = rm_.Containers(query_.application);
  if (!containers.ok()) {
    rm_error_ = containers.error();
    return;
  }
  for (const ContainerReport& report : *containers) {
    Candidate& candidate = candidates[report.id];
    candidate.report = report;
    candidate.node = report.node_name;
    const auto http = HostPort::Parse(report.node_http_address);
    if (http.ok()) candidate.http = *http;
  }
}

void LogFinder::LookIntoArchives(std::map<ContainerId, Candidate>& candidates) {
  archives_.clear();
  const auto paths =
      logs::FindArchives(platform::FileSystem::Real(), root_, query_.application, query_.owner);
  if (!paths.ok()) {
    if (paths.error().code != ErrorCode::kNotFound) archive_error_ = paths.error();
    return;
  }
  for (const std::string& path : *paths) {
    auto archive = logs::LogArchive::Open(path);
    if (!archive.ok()) {
      archive_error_ = archive.error();
      continue;
    }
    archives_.push_back(std::make_unique<logs::LogArchive>(*std::move(archive)));
    logs::LogArchive* const kept = archives_.back().get();
    for (const logs::ArchivedLog& log : kept->logs()) {
      Candidate& candidate = candidates[log.container];
      candidate.archive = kept;
      if (candidate.node.empty()) candidate.node = NodeOf(*kept, path);
    }
  }
}

// A ResourceManager that was restarted has forgotten the containers; the nodes have not.
void LogFinder::AskNodes(std::map<ContainerId, Candidate>& candidates) {
  const auto nodes = rm_.Nodes();
  if (!nodes.ok()) return;
  size_t asked = 0;
  for (const NodeReport& node : *nodes) {
    const auto http = HostPort::Parse(node.http_address);
    const bool there = node.state == NodeState::kRunning || node.state == NodeState::kUnhealthy;
    if (!there || !http.ok() || ++asked > kNodesAsked) continue;
    const auto json =
        GetJson(*http, "/ws/v1/node/logs/" + query_.application.ToString(), "loggedContainers");
    if (!json.ok() || !json->contains("containerIds")) continue;
    for (const Json& text : json->at("containerIds")) {
      const auto id = text.is_string() ? ContainerId::Parse(text.get<std::string>())
                                       : Result<ContainerId>(Error{});
      if (!id.ok()) continue;
      Candidate& candidate = candidates[*id];
      candidate.node = node.name;
      candidate.http = *http;
    }
  }
}

Result<std::map<ContainerId, LogFinder::Candidate>> LogFinder::Candidates() {
  std::map<ContainerId, Candidate> candidates;
  rm_error_.reset();
  archive_error_.reset();
  AskResourceManager(candidates);
  LookIntoArchives(candidates);
  const bool knows = !query_.container || candidates.contains(*query_.container);
  if (candidates.empty() || !knows) AskNodes(candidates);
  if (candidates.empty()) return NothingFound();
  return candidates;
}

Error LogFinder::NothingFound() const {
  const std::string application = query_.application.ToString();
  if (archive_error_ && rm_error_) {
    return {rm_error_->code,
            rm_error_->message + "; and of the collected logs: " + archive_error_->message,
            rm_error_->remedy};
  }
  if (!rm_error_) {
    return {ErrorCode::kNotFound,
            "application " + application + " has had no container yet",
            "see 'weir application -status " + application + "'"};
  }
  Error error = *rm_error_;
  error.message += "; no node has logs of it, and none are collected in " + root_.directory;
  return error;
}

Result<FoundContainer> LogFinder::AskNode(const ContainerId& id, const Candidate& candidate) {
  FoundContainer found{.id = id, .node = candidate.node};
  WEIR_ASSIGN_OR_RETURN(const Json json,
                        GetJson(*candidate.http,
                                "/ws/v1/node/containers/" + id.ToString() + "/logs",
                                "containerLogsInfo"));
  found.live = candidate.http;
  found.role = Value<std::string>(json, "role", "");
  const auto list = json.find("containerLogInfo");
  if (list == json.end() || !list->is_array()) {
    return Error{ErrorCode::kUnavailable, "the node's answer is not understood", ""};
  }
  for (const Json& one : *list) {
    found.files.push_back({Value<std::string>(one, "fileName", ""),
                           Value<int64_t>(one, "fileSize", 0),
                           Value<std::string>(one, "lastModifiedTime", "")});
  }
  return found;
}

FoundContainer LogFinder::Examine(const ContainerId& id, const Candidate& candidate) {
  const bool ended = !candidate.report || candidate.report->state == ContainerState::kComplete;
  std::optional<Error> node_error;
  if (candidate.http) {
    auto found = AskNode(id, candidate);
    const bool has_files = found.ok() && (!found->files.empty() || !ended);
    if (has_files) {
      found->ended = ended;
      return *std::move(found);
    }
    if (!found.ok()) node_error = found.error();
  }
  FoundContainer found{.id = id, .node = candidate.node, .ended = ended};
  if (candidate.archive != nullptr) {
    found.archive = candidate.archive;
    for (const logs::ArchivedLog& log : candidate.archive->logs()) {
      if (log.container != id) continue;
      found.role = log.role;
      found.files.push_back({log.name, log.size, ToIso8601(log.modified)});
    }
    return found;
  }
  const bool gone = !node_error || node_error->code == ErrorCode::kNotFound;
  if (gone && candidate.report) {
    found.fault = NeverLogged(*candidate.report);
    found.not_yet = candidate.report->state == ContainerState::kNew;
  } else {
    found.fault =
        NoLogs(id, candidate.node, node_error ? node_error->message : "its node is not known");
  }
  return found;
}

Result<std::vector<FoundContainer>> LogFinder::Find() {
  WEIR_ASSIGN_OR_RETURN(const auto candidates, Candidates());
  const int32_t last_attempt = candidates.rbegin()->first.attempt.number;
  std::vector<FoundContainer> found;
  std::set<std::string> roles;
  for (const auto& [id, candidate] : candidates) {
    // Before anybody is asked: what does not depend on the role.
    LogQuery any_role = query_;
    any_role.role.clear();
    if (!any_role.TakesContainer(id, "", candidate.node, last_attempt)) continue;
    FoundContainer container = Examine(id, candidate);
    if (container.role.empty() && id.is_application_master()) container.role = "am";
    if (!container.role.empty()) roles.insert(container.role);
    if (query_.TakesContainer(id, container.role, candidate.node, last_attempt)) {
      found.push_back(std::move(container));
    }
  }
  if (!found.empty()) return found;
  const std::string application = query_.application.ToString();
  if (query_.container) {
    return Error{ErrorCode::kNotFound,
                 "application " + application + " has no container " + query_.container->ToString(),
                 "see 'weir application -status " + application + "'"};
  }
  std::string there;
  for (const std::string& role : roles) there += (there.empty() ? "" : ", ") + role;
  return Error{ErrorCode::kNotFound,
               "application " + application + " has no such container" +
                   (query_.role.empty() ? "" : ": none has the role '" + query_.role + "'"),
               query_.role.empty() || there.empty()
                   ? "see 'weir logs -applicationId " + application + " -show_container_log_info'"
                   : "the roles are " + there};
}

Result<std::set<std::string>> LogFinder::Nodes() {
  WEIR_ASSIGN_OR_RETURN(const auto candidates, Candidates());
  std::set<std::string> nodes;
  for (const auto& [id, candidate] : candidates) nodes.insert(candidate.node);
  return nodes;
}

bool LogFinder::MayHaveMore() {
  const auto application = rm_.Get(query_.application);
  return application.ok() && !IsTerminal(application->report.state);
}

Result<const logs::ArchivedLog*> LogFinder::FindCollected(const FoundContainer& container,
                                                          const FoundFile& file) {
  if (container.archive != nullptr) {
    for (const logs::ArchivedLog& log : container.archive->logs()) {
      if (log.container == container.id && log.name == file.name) return &log;
    }
  }
  return NoLogs(container.id, container.node, "'" + file.name + "' is not collected");
}

Result<int64_t> LogFinder::ReadCollected(const FoundContainer& container,
                                         const FoundFile& file,
                                         bool whole,
                                         LogPlace& place,
                                         const Sink& sink) {
  WEIR_ASSIGN_OR_RETURN(const logs::ArchivedLog* log, FindCollected(container, file));
  const LogPlace from = place;
  if (!log->pieces.empty()) {
    const logs::LogPiece& last = log->pieces.back().entry.piece;
    const bool known = whole || from.identity == 0 || !logs::IsSameFile(from.identity, last);
    place = {
        last.identity,
        known ? last.position + last.length : std::max(from.position, last.position + last.length)};
  }
  if (whole) return Read(container, file, sink);
  return container.archive->ReadBeyond(*log, from.identity, from.position, sink);
}

Result<int64_t> LogFinder::Read(const FoundContainer& container,
                                const FoundFile& file,
                                const Sink& sink) {
  if (container.archive != nullptr) {
    WEIR_ASSIGN_OR_RETURN(const logs::ArchivedLog* log, FindCollected(container, file));
    const int64_t wanted = query_.size.value_or(log->size);
    const int64_t length = std::min(log->size, wanted < 0 ? -wanted : wanted);
    WEIR_ASSIGN_OR_RETURN(
        const int64_t damaged,
        container.archive->Read(*log, wanted < 0 ? log->size - length : 0, length, sink));
    return damaged + (query_.size ? 0 : log->missing);
  }
  const int64_t wanted = query_.size.value_or(file.size);
  const int64_t total = std::min(file.size, wanted < 0 ? -wanted : wanted);
  const std::string path =
      "/ws/v1/node/containerlogs/" + container.id.ToString() + "/" + platform::UrlEncode(file.name);
  std::string part = "?size=" + std::to_string(wanted);
  // An answer is bounded, so a large file comes in several. Never more than was listed: one that
  // grows fast would have no end.
  for (int64_t done = 0;;) {
    HttpCall call;
    call.server = *container.live;
    call.target = path + part;
    call.body_limit = int64_t{1} << 40;
    int64_t got = 0;
    const auto answer = platform::CallHttpStreaming(call, [&](std::string_view bytes) {
      got += static_cast<int64_t>(bytes.size());
      return sink(bytes);
    });
    if (!answer.ok()) return NoLogs(container.id, container.node, answer.error().message);
    if (answer->status != 200) {
      return NoLogs(container.id, container.node, "HTTP " + std::to_string(answer->status));
    }
    done += got;
    const auto offset = answer->headers.find("x-log-offset");
    const auto at = offset == answer->headers.end() ? std::nullopt : ParseInt64(offset->second);
    if (done >= total || got == 0 || !at) return int64_t{0};
    part = "?offset=" + std::to_string(*at + got) + "&length=" + std::to_string(total - done);
  }
}

}  // namespace weir::cli
