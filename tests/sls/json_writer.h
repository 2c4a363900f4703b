// JsonWriter: JSON text with two blanks of indentation, in the order in which it is said.
// Single-threaded.
#ifndef WEIR_TESTS_SLS_JSON_WRITER_H_
#define WEIR_TESTS_SLS_JSON_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir::sls {

class JsonWriter {
 public:
  void BeginObject(std::string_view name = {}) { Open(name, '{'); }
  void EndObject() { Close('}'); }
  void BeginArray(std::string_view name) { Open(name, '['); }
  void EndArray() { Close(']'); }
  void Integer(std::string_view name, int64_t value) { Raw(name, std::to_string(value)); }
  void Bool(std::string_view name, bool value) { Raw(name, value ? "true" : "false"); }
  // Millionths as a decimal fraction, thousandths with three digits.
  void Millionths(std::string_view name, int64_t value) { Raw(name, Fixed(value, 6)); }
  void Thousandths(std::string_view name, int64_t value) { Raw(name, Fixed(value, 3)); }
  void Text(std::string_view name, std::string_view value) { Raw(name, Quoted(value)); }
  std::string Take() { return std::move(text_) + "\n"; }

 private:
  static std::string Fixed(int64_t value, size_t digits);
  static std::string Quoted(std::string_view value);
  void Open(std::string_view name, char bracket);
  void Close(char bracket);
  void Raw(std::string_view name, std::string_view value);
  void Start(std::string_view name);

  std::string text_;
  size_t depth_ = 0;
  bool first_ = true;
};

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_JSON_WRITER_H_
