#include "client/log_query.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace weir::cli {
namespace {

constexpr int64_t kMib = int64_t{1} << 20;
constexpr int64_t kLargest = int64_t{1} << 40;
constexpr int64_t kDefaultLimitMib = 10'240;
constexpr size_t kPatternBytes = 1000;
constexpr char kAll[] = "ALL";

Error Bad(std::string message, std::string remedy) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

// The application, from whichever of the three ids are given; they have to agree.
Status ReadIds(const Arguments& arguments, LogQuery& query) {
  std::optional<ApplicationId> application;
  const auto agree = [&](const ApplicationId& id) -> Status {
    if (application && *application != id) {
      return Bad("the ids given belong to different applications", "give one of them");
    }
    application = id;
    return {};
  };
  if (arguments.Has("applicationId")) {
    WEIR_ASSIGN_OR_RETURN(const auto id, ApplicationId::Parse(arguments.Get("applicationId")));
    WEIR_RETURN_IF_ERROR(agree(id));
  }
  if (arguments.Has("applicationAttemptId")) {
    WEIR_ASSIGN_OR_RETURN(query.attempt, AttemptId::Parse(arguments.Get("applicationAttemptId")));
    WEIR_RETURN_IF_ERROR(agree(query.attempt->application));
  }
  if (arguments.Has("containerId")) {
    WEIR_ASSIGN_OR_RETURN(query.container, ContainerId::Parse(arguments.Get("containerId")));
    WEIR_RETURN_IF_ERROR(agree(query.container->attempt.application));
  }
  if (!application) {
    return Bad("logs needs -applicationId ID, -applicationAttemptId ID or -containerId ID",
               "see 'weir logs --help'");
  }
  query.application = *application;
  return {};
}

Status ReadMasters(const Arguments& arguments, LogQuery& query) {
  if (!arguments.Has("am")) return {};
  query.masters_only = true;
  const std::string numbers = arguments.Get("am");  // outlives the views of its parts
  for (const std::string_view word : Split(numbers, ',')) {
    if (Trim(word) == kAll) continue;
    const auto number = ParseInt64(Trim(word));
    if (!number || *number < -1 || *number == 0 || *number > 1'000'000) {
      return Bad("-am '" + std::string(word) + "' is no attempt",
                 "give numbers from 1, separated by commas, -1 for the last one, or ALL");
    }
    query.master_attempts.push_back(static_cast<int32_t>(*number));
  }
  return {};
}

Status ReadFiles(const Arguments& arguments, LogQuery& query) {
  const std::string names = arguments.Get("log_files", arguments.Get("logFiles"));
  if (!names.empty() && names != kAll) {
    for (const std::string_view name : Split(names, ',')) query.files.emplace_back(name);
  }
  if (!arguments.Has("log_files_pattern")) return {};
  const std::string pattern = arguments.Get("log_files_pattern");
  if (pattern.size() > kPatternBytes) {
    return Bad("-log_files_pattern is longer than " + std::to_string(kPatternBytes) + " characters",
               "use -log_files for names");
  }
  try {
    query.pattern.emplace(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    return Bad("-log_files_pattern '" + pattern + "' is no regular expression: " + error.what(),
               "for example 'std.*' or '\\.log$'");
  }
  return {};
}

Status ReadSizes(const Arguments& arguments, LogQuery& query) {
  if (arguments.Has("size")) {
    WEIR_ASSIGN_OR_RETURN(query.size, arguments.GetInt("size", 0, -kLargest, kLargest));
  }
  WEIR_ASSIGN_OR_RETURN(const int64_t limit,
                        arguments.GetInt("size_limit_mb", kDefaultLimitMib, -1, kLargest / kMib));
  query.limit_bytes = limit < 0 ? -1 : limit * kMib;
  return {};
}

Status ReadAction(const Arguments& arguments, LogQuery& query) {
  int actions = 0;
  const auto take = [&](const char* option, LogAction action) {
    if (!arguments.Has(option)) return;
    query.action = action;
    ++actions;
  };
  take("follow", LogAction::kFollow);
  take("list_nodes", LogAction::kListNodes);
  take("show_container_log_info", LogAction::kShowInfo);
  take("show_application_log_info", LogAction::kShowInfo);
  if (actions > 1) {
    return Bad("--follow, -list_nodes and -show_container_log_info exclude each other",
               "give one of them");
  }
  query.out = arguments.Get("out");
  if (query.out.empty() || query.action == LogAction::kPrint) return {};
  return Bad("-out goes with printing only", "leave it out");
}

}  // namespace

bool LogQuery::TakesContainer(const ContainerId& id,
                              const std::string& container_role,
                              const std::string& container_node,
                              int32_t last_attempt) const {
  if (id.attempt.application != application) return false;
  if (attempt && id.attempt != *attempt) return false;
  if (container && id != *container) return false;
  if (!role.empty() && container_role != role) return false;
  if (!node.empty() && container_node != node) return false;
  if (!masters_only) return true;
  if (!id.is_application_master()) return false;
  return master_attempts.empty() ||
         std::any_of(master_attempts.begin(), master_attempts.end(), [&](int32_t number) {
           return id.attempt.number == (number == -1 ? last_attempt : number);
         });
}

bool LogQuery::TakesFile(const std::string& name) const {
  if (!files.empty() && std::find(files.begin(), files.end(), name) == files.end()) return false;
  return !pattern || std::regex_search(name, *pattern);
}

std::vector<OptionSpec> LogOptions() {
  return {{"applicationId", "ID", "", false},
          {"applicationAttemptId", "ID", "", false},
          {"containerId", "ID", "", false},
          {"am", "N,...", "", false},
          {"role", "ROLE", "", false},
          {"nodeAddress", "NODE", "", false},
          {"appOwner", "USER", "", false},
          {"log_files", "NAMES", "", false},
          {"logFiles", "NAMES", "", false},
          {"log_files_pattern", "REGEX", "", false},
          {"size", "BYTES", "", false},
          {"size_limit_mb", "MB", "", false},
          {"out", "DIRECTORY", "", false},
          {"follow", "", "", false},
          {"list_nodes", "", "", false},
          {"show_container_log_info", "", "", false},
          {"show_application_log_info", "", "", false}};
}

Result<LogQuery> ReadLogQuery(const Arguments& arguments) {
  LogQuery query;
  WEIR_RETURN_IF_ERROR(ReadIds(arguments, query));
  WEIR_RETURN_IF_ERROR(ReadMasters(arguments, query));
  WEIR_RETURN_IF_ERROR(ReadFiles(arguments, query));
  WEIR_RETURN_IF_ERROR(ReadSizes(arguments, query));
  WEIR_RETURN_IF_ERROR(ReadAction(arguments, query));
  query.role = arguments.Get("role");
  query.node = arguments.Get("nodeAddress");
  query.owner = arguments.Get("appOwner");
  if (query.owner.find('/') != std::string::npos) {
    return Bad("-appOwner '" + query.owner + "' is no user", "");
  }
  return query;
}

}  // namespace weir::cli
