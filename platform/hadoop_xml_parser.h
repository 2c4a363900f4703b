// One Hadoop XML file as a list of properties and a list of everything wrong with it.
//
// The form is <configuration> with <property> elements; each has <name>, <value> and perhaps
// <final>, <description>, <source>, <tag>, or the same as attributes. Immutable values;
// thread-safe.
#ifndef WEIR_PLATFORM_HADOOP_XML_PARSER_H_
#define WEIR_PLATFORM_HADOOP_XML_PARSER_H_

#include <string>
#include <vector>

namespace weir::platform {

struct XmlProperty {
  std::string name;
  std::string value;   // as written, ${...} not yet replaced
  std::string origin;  // "file:line" of its <property>
  bool final = false;
};

struct ParsedXml {
  std::vector<XmlProperty> properties;  // in the file's order; a name may stand twice
  std::vector<std::string> faults;      // "file:line: what"
};

// `path` is only for messages.
ParsedXml ParseHadoopXml(const std::string& path, const std::string& content);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_HADOOP_XML_PARSER_H_
