#include "client/admin_words.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace weir::cli {
namespace {

constexpr char kLabelForm[] = "the form is \"gpu(exclusive=true),fast(exclusive=false)\"";
constexpr char kNodeLabelForm[] =
    "the form is \"node1=gpu node2:45454=fast\"; \"node1=\" takes it off";
constexpr char kNodeForm[] =
    "the form is NODE MEMORY-MB VCORES [TIMEOUT-MS], NODE memory-mb=..,vcores=.. [TIMEOUT-MS], or "
    "NODE default";

Error Bad(const std::string& word, const char* form) {
  return {ErrorCode::kInvalidArgument, "'" + word + "' is not possible here", form};
}

Result<LabelToAdd> ParseLabel(const std::string& text) {
  const size_t open = text.find('(');
  LabelToAdd label{.name = std::string(Trim(text.substr(0, open)))};
  if (label.name.empty()) return Bad(text, kLabelForm);
  if (open == std::string::npos) return label;
  const std::string setting = ToLower(Trim(text.substr(open)));
  if (setting != "(exclusive=true)" && setting != "(exclusive=false)") {
    return Bad(text, kLabelForm);
  }
  label.exclusive = setting == "(exclusive=true)";
  return label;
}

// A named amount, memory in MiB.
Status TakeAmount(const std::string& text,
                  const std::vector<platform::NamedResourceType>& types,
                  Resource& resource) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return Bad(text, "the form is memory-mb=1024Mi,vcores=2,yarn.io/gpu=1");
  }
  const std::string name(Trim(text.substr(0, equals)));
  const std::string_view value = std::string_view(text).substr(equals + 1);
  if (name == "memory" || name == "memory-mb") {
    WEIR_ASSIGN_OR_RETURN(resource.memory_mib, platform::ParseResourceAmount(value, "Mi"));
  } else if (name == "vcores") {
    WEIR_ASSIGN_OR_RETURN(resource.vcores, platform::ParseResourceAmount(value, ""));
  } else {
    const auto type =
        std::find_if(types.begin(), types.end(), [&](const auto& one) { return one.name == name; });
    WEIR_ASSIGN_OR_RETURN(
        const int64_t amount,
        platform::ParseResourceAmount(value, type == types.end() ? "" : type->unit));
    resource.SetNamed(name, amount);
  }
  return {};
}

Result<Duration> ParseTimeout(const std::string& word) {
  if (word == "-1") return Duration(-1);
  const auto config = platform::Configuration::FromMap({{"timeout", word}});
  const auto timeout = config.GetDuration("timeout", Duration(-1));
  if (!timeout.ok()) return Bad(word, kNodeForm);
  return *timeout;
}

}  // namespace

Result<std::vector<LabelToAdd>> ParseLabelsToAdd(const std::string& text) {
  std::vector<LabelToAdd> labels;
  for (const std::string_view one : Split(text, ',')) {
    WEIR_ASSIGN_OR_RETURN(LabelToAdd label, ParseLabel(std::string(Trim(one))));
    labels.push_back(std::move(label));
  }
  return labels;
}

Result<std::vector<std::string>> ParseLabelNames(const std::string& text) {
  std::vector<std::string> names;
  for (const std::string_view one : Split(text, ',')) {
    if (Trim(one).empty()) return Bad(text, "name labels, with commas between them");
    names.emplace_back(Trim(one));
  }
  return names;
}

Result<std::map<std::string, std::string>> ParseNodeLabels(const std::vector<std::string>& words) {
  std::map<std::string, std::string> labels;
  // Several may stand in one word, in quotes.
  for (const std::string& word : words) {
    for (const std::string_view piece : Split(word, ' ')) {
      const std::string text(Trim(piece));
      if (text.empty()) continue;
      const size_t at = text.find_first_of("=,");
      if (at == 0 || at == std::string::npos) return Bad(text, kNodeLabelForm);
      if (!labels.emplace(text.substr(0, at), text.substr(at + 1)).second) {
        return Error{ErrorCode::kInvalidArgument,
                     "the node " + text.substr(0, at) + " is named twice",
                     "a node has one label at most"};
      }
    }
  }
  if (labels.empty()) {
    return Error{ErrorCode::kInvalidArgument, "no node is named", kNodeLabelForm};
  }
  return labels;
}

Result<Resource> ParseResource(const std::string& text,
                               const std::vector<platform::NamedResourceType>& types) {
  Resource resource;
  for (const std::string_view one : Split(text, ',')) {
    WEIR_RETURN_IF_ERROR(TakeAmount(std::string(one), types, resource));
  }
  return resource;
}

Result<NodeResourceChange> ParseNodeResource(
    const std::vector<std::string>& words, const std::vector<platform::NamedResourceType>& types) {
  if (words.size() < 2) return Error{ErrorCode::kInvalidArgument, "words are missing", kNodeForm};
  NodeResourceChange change;
  change.node = words[0];
  if (words.size() == 2 && ToLower(words[1]) == "default") return change;
  size_t next = 2;
  if (words[1].find('=') != std::string::npos) {
    WEIR_ASSIGN_OR_RETURN(change.capacity, ParseResource(words[1], types));
  } else {
    const auto memory = ParseInt64(words[1]);
    const auto vcores = words.size() > 2 ? ParseInt64(words[2]) : std::nullopt;
    if (!memory || !vcores) return Bad(words.size() > 2 && memory ? words[2] : words[1], kNodeForm);
    change.capacity = Resource{*memory, *vcores};
    next = 3;
  }
  if (words.size() > next) {
    WEIR_ASSIGN_OR_RETURN(change.overcommit_timeout, ParseTimeout(words[next]));
    ++next;
  }
  if (words.size() > next) return Bad(words[next], kNodeForm);
  return change;
}

}  // namespace weir::cli
