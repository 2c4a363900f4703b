#include "resourcemanager/server/node_files.h"

#include <algorithm>
#include <pugixml.hpp>
#include <string_view>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "platform/file_system.h"

namespace weir::rm {
namespace {

constexpr int64_t kFileBytes = int64_t{16} << 20;
constexpr int64_t kTimeoutSecondsMax = int64_t{365} * 24 * 3600;
constexpr size_t kQuotedBytes = 100;

Error Wrong(const std::string& path, size_t line, const std::string& what) {
  return {ErrorCode::kInvalidArgument,
          path + ":" + std::to_string(line) + ": " + what,
          "one host, or host:port, per line; or <hosts><host><name>...</name></host></hosts>"};
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == ':';
}

Status Add(const std::string& path,
           size_t line,
           const std::string& name,
           std::optional<Duration> timeout,
           ListedNodes& nodes) {
  if (name.empty() || name.size() > limits::kNameBytes ||
      !std::all_of(name.begin(), name.end(), IsHostCharacter)) {
    return Wrong(path, line, "'" + name.substr(0, kQuotedBytes) + "' is not a host");
  }
  nodes.insert_or_assign(name, timeout);
  if (nodes.size() <= kListedNodesMax) return {};
  return Wrong(path, line, "more than " + std::to_string(kListedNodesMax) + " hosts");
}

Result<ListedNodes> ParseText(const std::string& path, const std::string& content) {
  ListedNodes nodes;
  size_t number = 0;
  for (const std::string_view whole : Split(content, '\n')) {
    ++number;
    std::string line(whole.substr(0, whole.find('#')));
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == ',' || c == '\t' || c == '\r'; }, ' ');
    for (const std::string_view word : Split(line, ' ')) {
      if (word.empty()) continue;
      WEIR_RETURN_IF_ERROR(Add(path, number, std::string(word), std::nullopt, nodes));
    }
  }
  return nodes;
}

class XmlFile {
 public:
  XmlFile(const std::string& path, const std::string& content) : path_(path), content_(content) {}

  Result<ListedNodes> Run() {
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(
        content_.data(), content_.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) {
      return Wrong(path_,
                   LineAt(parsed.offset),
                   "not well-formed XML: " + std::string(parsed.description()));
    }
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "hosts") {
      return Wrong(path_, LineAt(root.offset_debug()), "the outermost element is not <hosts>");
    }
    for (const pugi::xml_node host : root.children()) {
      const size_t line = LineAt(host.offset_debug());
      if (std::string_view(host.name()) != "host") return Wrong(path_, line, "no <host>");
      std::optional<Duration> timeout;
      if (const pugi::xml_node given = host.child("timeout")) {
        const auto seconds_given = ParseInt64(Trim(given.child_value()));
        if (!seconds_given || *seconds_given < -1 || *seconds_given > kTimeoutSecondsMax) {
          return Wrong(path_, line, "its timeout is not a number of seconds, or -1");
        }
        timeout = seconds(*seconds_given);
      }
      // Hadoop takes several names in one <name>.
      std::string names(host.child_value("name"));
      std::replace_if(
          names.begin(), names.end(), [](char c) { return c == ',' || c < ' '; }, ' ');
      bool any = false;
      for (const std::string_view name : Split(names, ' ')) {
        if (name.empty()) continue;
        any = true;
        WEIR_RETURN_IF_ERROR(Add(path_, line, std::string(name), timeout, nodes_));
      }
      if (!any) return Wrong(path_, line, "a <host> without <name>");
    }
    return std::move(nodes_);
  }

 private:
  size_t LineAt(std::ptrdiff_t offset) const {
    const auto length = static_cast<std::ptrdiff_t>(content_.size());
    const auto end = content_.begin() + std::clamp<std::ptrdiff_t>(offset, 0, length);
    return static_cast<size_t>(std::count(content_.begin(), end, '\n')) + 1;
  }

  const std::string& path_;
  const std::string& content_;
  ListedNodes nodes_;
};

Result<ListedNodes> ReadList(const std::string& path) {
  if (path.empty()) return ListedNodes{};
  WEIR_ASSIGN_OR_RETURN(const std::string content,
                        platform::FileSystem::Real().ReadFile(path, kFileBytes));
  return ParseNodeFile(path, content);
}

}  // namespace

Result<ListedNodes> ParseNodeFile(const std::string& path, const std::string& content) {
  if (Trim(content).starts_with('<')) return XmlFile(path, content).Run();
  return ParseText(path, content);
}

Result<NodeLists> ReadNodeFiles(const NodeFiles& files) {
  NodeLists lists;
  WEIR_ASSIGN_OR_RETURN(const ListedNodes included, ReadList(files.include_path));
  for (const auto& [name, timeout] : included) lists.include.insert(name);
  WEIR_ASSIGN_OR_RETURN(lists.exclude, ReadList(files.exclude_path));
  return lists;
}

}  // namespace weir::rm
