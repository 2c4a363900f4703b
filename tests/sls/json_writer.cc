#include "tests/sls/json_writer.h"

#include "common/strings.h"

namespace weir::sls {

std::string JsonWriter::Fixed(int64_t value, size_t digits) {
  std::string text = std::to_string(value);
  if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
  text.insert(text.size() - digits, 1, '.');
  return text;
}

std::string JsonWriter::Quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text += "\\u00" + HexEncode(std::string_view(&c, 1));
    } else {
      text += c;
    }
  }
  return text + "\"";
}

void JsonWriter::Start(std::string_view name) {
  if (!first_) text_ += ',';
  if (depth_ > 0) text_ += "\n" + std::string(2 * depth_, ' ');
  if (!name.empty()) text_ += Quoted(name) + ": ";
  first_ = false;
}

void JsonWriter::Raw(std::string_view name, std::string_view value) {
  Start(name);
  text_ += value;
}

void JsonWriter::Open(std::string_view name, char bracket) {
  Start(name);
  text_ += bracket;
  ++depth_;
  first_ = true;
}

void JsonWriter::Close(char bracket) {
  --depth_;
  if (!first_) text_ += "\n" + std::string(2 * depth_, ' ');
  text_ += bracket;
  first_ = false;
}

}  // namespace weir::sls
