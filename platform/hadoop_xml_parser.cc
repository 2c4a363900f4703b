#include "platform/hadoop_xml_parser.h"

#include <algorithm>
#include <pugixml.hpp>
#include <set>
#include <string_view>

#include "common/strings.h"

namespace weir::platform {
namespace {

// A value of blanks is one: " " is the access list of nobody.
constexpr unsigned kParse = pugi::parse_default | pugi::parse_ws_pcdata_single;

constexpr size_t kFaults = 50;  // reported of one file
constexpr size_t kQuotedBytes = 100;

class Parser {
 public:
  Parser(const std::string& path, const std::string& content) : path_(path), content_(content) {}

  ParsedXml Run() {
    pugi::xml_document document;
    const pugi::xml_parse_result parsed =
        document.load_buffer(content_.data(), content_.size(), kParse, pugi::encoding_utf8);
    if (!parsed) {
      Fault(parsed.offset, std::string("not well-formed XML: ") + parsed.description());
      return std::move(result_);
    }
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "configuration") {
      Fault(root.offset_debug(),
            "the outermost element is <" + Shown(root.name()) + ">, not <configuration>");
      return std::move(result_);
    }
    for (const pugi::xml_node child : root.children()) ReadChild(child);
    return std::move(result_);
  }

 private:
  static std::string Shown(std::string_view text) {
    return std::string(text.substr(0, kQuotedBytes));
  }

  size_t LineAt(std::ptrdiff_t offset) const {
    const auto length = static_cast<std::ptrdiff_t>(content_.size());
    const auto end = content_.begin() + std::clamp<std::ptrdiff_t>(offset, 0, length);
    return static_cast<size_t>(std::count(content_.begin(), end, '\n')) + 1;
  }

  std::string Origin(std::ptrdiff_t offset) const {
    return path_ + ":" + std::to_string(LineAt(offset));
  }

  void Fault(std::ptrdiff_t offset, const std::string& what) {
    if (result_.faults.size() == kFaults)
      result_.faults.push_back(path_ + ": further faults not shown");
    if (result_.faults.size() > kFaults) return;
    result_.faults.push_back(Origin(offset) + ": " + what);
  }

  // True for what may stand between elements.
  bool IsBlank(const pugi::xml_node& node) {
    if (node.type() == pugi::node_element) return false;
    const bool is_text = node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
    if (is_text && !Trim(node.value()).empty()) {
      Fault(node.offset_debug(),
            "text outside of any element: '" + Shown(Trim(node.value())) + "'");
    }
    return true;
  }

  void ReadChild(const pugi::xml_node& child) {
    if (IsBlank(child)) return;
    const std::string_view name = child.name();
    if (name == "property") return ReadProperty(child);
    if (name == "include" || name == "xi:include") {
      return Fault(
          child.offset_debug(),
          "<" + Shown(name) + "> is not supported: copy the included properties into this file");
    }
    Fault(child.offset_debug(), "unknown element <" + Shown(name) + ">, expected <property>");
  }

  // The element's text; a fault when it holds elements.
  std::string Text(const pugi::xml_node& node) {
    std::string text;
    for (const pugi::xml_node part : node.children()) {
      if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) text += part.value();
      if (part.type() == pugi::node_element) {
        Fault(part.offset_debug(),
              "element <" + Shown(part.name()) + "> inside of <" + Shown(node.name()) +
                  ">: only text may stand there");
      }
    }
    return text;
  }

  // Takes one part of a property, once.
  void Take(std::ptrdiff_t offset, const std::string& part, std::string text) {
    if (!parts_.emplace(part).second) {
      return Fault(offset, "<" + part + "> stands twice in one property");
    }
    if (part == "name") property_.name = Trim(text);
    if (part == "value") property_.value = std::move(text);
    if (part != "final") return;
    const std::string_view final = Trim(text);
    if (final != "true" && final != "false") {
      Fault(offset, "<final> is '" + Shown(final) + "', it must be true or false");
    }
    property_.final = final == "true";
  }

  void ReadProperty(const pugi::xml_node& node) {
    property_ = {};
    property_.origin = Origin(node.offset_debug());
    parts_.clear();
    for (const pugi::xml_attribute attribute : node.attributes()) {
      const std::string name = attribute.name();
      if (name != "name" && name != "value" && name != "final" && name != "source" &&
          name != "tag") {
        Fault(node.offset_debug(), "unknown attribute '" + Shown(name) + "' of <property>");
        continue;
      }
      Take(node.offset_debug(), name, attribute.value());
    }
    for (const pugi::xml_node child : node.children()) {
      if (!IsBlank(child)) ReadPart(child);
    }
    Finish(node);
  }

  void ReadPart(const pugi::xml_node& child) {
    const std::string name = child.name();
    if (name == "name" || name == "value" || name == "final") {
      return Take(child.offset_debug(), name, Text(child));
    }
    if (name == "description" || name == "source" || name == "tag") return;
    const auto near = NearestName(name, {"name", "value", "final", "description"});
    Fault(child.offset_debug(),
          "unknown element <" + Shown(name) + "> in a property" +
              (near ? ", is <" + *near + "> meant?" : std::string()));
  }

  void Finish(const pugi::xml_node& node) {
    if (property_.name.empty()) return Fault(node.offset_debug(), "a property without <name>");
    if (!parts_.contains("value")) {
      return Fault(node.offset_debug(), "property " + Shown(property_.name) + " has no <value>");
    }
    result_.properties.push_back(property_);
  }

  const std::string& path_;
  const std::string& content_;
  ParsedXml result_;
  XmlProperty property_;         // the one being read
  std::set<std::string> parts_;  // of it, those seen
};

}  // namespace

ParsedXml ParseHadoopXml(const std::string& path, const std::string& content) {
  return Parser(path, content).Run();
}

}  // namespace weir::platform
