#include "resourcemanager/server/rest_filters.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "common/strings.h"

namespace weir::rm {
namespace {

constexpr ApplicationState kApplicationStates[] = {ApplicationState::kNew,
                                                   ApplicationState::kSubmitted,
                                                   ApplicationState::kAccepted,
                                                   ApplicationState::kRunning,
                                                   ApplicationState::kFinished,
                                                   ApplicationState::kFailed,
                                                   ApplicationState::kKilled};
constexpr FinalStatus kFinalStatuses[] = {
    FinalStatus::kUndefined, FinalStatus::kSucceeded, FinalStatus::kFailed, FinalStatus::kKilled};
constexpr NodeState kNodeStates[] = {NodeState::kNew,
                                     NodeState::kRunning,
                                     NodeState::kUnhealthy,
                                     NodeState::kLost,
                                     NodeState::kShutdown,
                                     NodeState::kDecommissioning,
                                     NodeState::kDecommissioned};
// States of YARN that nothing here is ever in: asking for them is no mistake.
constexpr std::string_view kYarnOnlyApplicationStates[] = {"NEW_SAVING"};
constexpr std::string_view kYarnOnlyNodeStates[] = {"REBOOTED"};
constexpr std::string_view kYarnOnlyFinalStatuses[] = {"ENDED"};

// A list of enumerators; `foreign` when one of them was a word that only YARN has.
template <typename Enum>
struct Selection {
  std::vector<Enum> values;
  bool foreign = false;
};

template <typename Enum, size_t kCount, size_t kForeign>
struct Vocabulary {
  const char* parameter;
  const Enum (&values)[kCount];
  const std::string_view (&foreign)[kForeign];
  std::string_view (*name)(Enum);
};

std::string ToUpper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

template <typename Enum, size_t kCount, size_t kForeign>
Error UnknownWord(std::string_view word, const Vocabulary<Enum, kCount, kForeign>& vocabulary) {
  std::vector<std::string> valid;
  for (const Enum value : vocabulary.values) valid.emplace_back(vocabulary.name(value));
  for (const std::string_view foreign : vocabulary.foreign) valid.emplace_back(foreign);
  return {ErrorCode::kInvalidArgument,
          std::string(vocabulary.parameter) + " has no value '" + std::string(word) + "'",
          "valid values are " + Join(valid, ", ")};
}

template <typename Enum, size_t kCount, size_t kForeign>
Result<Selection<Enum>> ParseList(std::string_view text,
                                  const Vocabulary<Enum, kCount, kForeign>& vocabulary) {
  Selection<Enum> selection;
  for (const std::string_view part : Split(text, ',')) {
    const std::string word = ToUpper(Trim(part));
    if (word.empty()) continue;
    const auto* found = std::find_if(std::begin(vocabulary.values),
                                     std::end(vocabulary.values),
                                     [&](Enum value) { return vocabulary.name(value) == word; });
    if (found != std::end(vocabulary.values)) {
      selection.values.push_back(*found);
    } else if (std::find(std::begin(vocabulary.foreign), std::end(vocabulary.foreign), word) !=
               std::end(vocabulary.foreign)) {
      selection.foreign = true;
    } else {
      return UnknownWord(Trim(part), vocabulary);
    }
  }
  return selection;
}

std::string ValueOf(const QueryParameters& query, const char* name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

Status ReadNumber(const QueryParameters& query, const char* name, int64_t low, int64_t& out) {
  const auto found = query.find(name);
  if (found == query.end()) return {};
  const std::optional<int64_t> number = ParseInt64(found->second);
  if (!number || *number < low) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string(name) + " is '" + found->second + "'",
                 "it must be a number from " + std::to_string(low)};
  }
  out = *number;
  return {};
}

Status ReadStates(const QueryParameters& query, ApplicationsQuery& out) {
  const Vocabulary<ApplicationState, std::size(kApplicationStates), 1> vocabulary{
      "states", kApplicationStates, kYarnOnlyApplicationStates, &ApplicationStateName};
  // `state` is YARN's older spelling of the same.
  const std::string text = ValueOf(query, "states") + "," + ValueOf(query, "state");
  WEIR_ASSIGN_OR_RETURN(auto selection, ParseList(text, vocabulary));
  out.matches_nothing |= selection.values.empty() && selection.foreign;
  out.core.states = std::move(selection.values);
  return {};
}

Status ReadFinalStatuses(const QueryParameters& query, ApplicationsQuery& out) {
  const Vocabulary<FinalStatus, std::size(kFinalStatuses), 1> vocabulary{
      "finalStatus", kFinalStatuses, kYarnOnlyFinalStatuses, &FinalStatusName};
  WEIR_ASSIGN_OR_RETURN(auto selection, ParseList(ValueOf(query, "finalStatus"), vocabulary));
  out.matches_nothing |= selection.values.empty() && selection.foreign;
  out.final_statuses = std::move(selection.values);
  return {};
}

Status ReadTimesAndLimit(const QueryParameters& query, ApplicationsQuery& out) {
  int64_t limit = static_cast<int64_t>(kApplicationsPerAnswer);
  WEIR_RETURN_IF_ERROR(ReadNumber(query, "limit", 1, limit));
  out.limit = std::min(kApplicationsPerAnswer, static_cast<size_t>(limit));
  WEIR_RETURN_IF_ERROR(ReadNumber(query, "startedTimeBegin", 0, out.started_begin));
  WEIR_RETURN_IF_ERROR(ReadNumber(query, "startedTimeEnd", 0, out.started_end));
  WEIR_RETURN_IF_ERROR(ReadNumber(query, "finishedTimeBegin", 0, out.finished_begin));
  return ReadNumber(query, "finishedTimeEnd", 0, out.finished_end);
}

}  // namespace

Result<ApplicationsQuery> ParseApplicationsQuery(const QueryParameters& query) {
  // Leaving one of these out silently would answer with too many applications.
  for (const char* unsupported : {"applicationTags", "queues"}) {
    if (query.contains(unsupported)) {
      return Error{ErrorCode::kInvalidArgument,
                   std::string("applications cannot be selected by ") + unsupported,
                   "leave the parameter out and select from the answer"};
    }
  }
  ApplicationsQuery out;
  WEIR_RETURN_IF_ERROR(ReadStates(query, out));
  WEIR_RETURN_IF_ERROR(ReadFinalStatuses(query, out));
  WEIR_RETURN_IF_ERROR(ReadTimesAndLimit(query, out));
  out.core.user = ValueOf(query, "user");
  out.core.queue = ValueOf(query, "queue");
  out.name = ValueOf(query, "name");
  const std::string types = ValueOf(query, "applicationTypes");
  for (const std::string_view type : Split(types, ',')) {
    if (const std::string_view trimmed = Trim(type); !trimmed.empty()) out.types.emplace(trimmed);
  }
  return out;
}

bool Matches(const ApplicationsQuery& query, const ApplicationReport& report) {
  const auto& statuses = query.final_statuses;
  if (!statuses.empty() &&
      std::find(statuses.begin(), statuses.end(), report.final_status) == statuses.end()) {
    return false;
  }
  if (!query.types.empty() && !query.types.contains(report.type)) return false;
  if (!query.name.empty() && query.name != report.name) return false;
  const int64_t started = ToMillis(report.started);
  const int64_t finished = ToMillis(report.finished);
  return started >= query.started_begin && started <= query.started_end &&
         finished >= query.finished_begin && finished <= query.finished_end;
}

Result<std::vector<NodeState>> ParseNodeStates(const QueryParameters& query) {
  const Vocabulary<NodeState, std::size(kNodeStates), std::size(kYarnOnlyNodeStates)> vocabulary{
      "states", kNodeStates, kYarnOnlyNodeStates, &NodeStateName};
  WEIR_ASSIGN_OR_RETURN(const auto selection, ParseList(ValueOf(query, "states"), vocabulary));
  // kNew stands for "none of ours": no registered node is ever shown in it.
  if (selection.values.empty() && selection.foreign) return std::vector<NodeState>{NodeState::kNew};
  return selection.values;
}

}  // namespace weir::rm
