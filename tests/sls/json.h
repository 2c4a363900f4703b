// JSON as values, read one top-level object at a time: trace files are objects one after the other
// (or an array of them).
//
// Bounds: kFileBytes of text, kDepth levels, kValuesPerObject values in one object; what goes
// beyond is refused, with its place. Immutable values; no threads.
#ifndef WEIR_TESTS_SLS_JSON_H_
#define WEIR_TESTS_SLS_JSON_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace weir::sls {

struct Json {
  enum class Kind { kNull, kBool, kInteger, kNumber, kText, kArray, kObject };
  Kind kind = Kind::kNull;
  bool truth = false;
  int64_t integer = 0;
  double number = 0;  // of kInteger as well
  std::string text;
  std::vector<Json> items;         // of an array, or the values of an object
  std::vector<std::string> names;  // of the values of an object

  // The last value of that name; null when there is none.
  const Json* Find(std::string_view name) const;
};

// Where an object stands.
struct Place {
  std::string file;
  size_t line = 1;
  size_t offset = 0;  // bytes from the start of the file
  std::string ToString() const;
};

struct JsonObject {
  Place place;
  Json value;  // of Kind::kObject
};

class JsonReader {
 public:
  static constexpr size_t kFileBytes = size_t{256} << 20;
  static constexpr size_t kDepth = 64;
  static constexpr size_t kValuesPerObject = 2'000'000;

  // `text` must outlive the reader.
  JsonReader(std::string file, std::string_view text);

  // The next object; nothing at the end. kInvalidArgument: what is wrong, and where.
  Result<std::optional<JsonObject>> Next();

 private:
  Status SkipToObject();
  // The end of the object that starts at at_.
  Result<size_t> FindEnd() const;
  Error Fault(size_t offset, const std::string& what, const std::string& remedy) const;

  const std::string file_;
  const std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
  bool in_array_ = false;
  bool array_ended_ = false;
  bool comma_due_ = false;
};

// The whole file. kNotFound, kInvalidArgument when it is larger than JsonReader::kFileBytes.
Result<std::string> ReadFile(const std::string& path);

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_JSON_H_
