#include "tests/sls/json.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace weir::sls {
namespace {

// Builds the tree as the parser goes; stops it at the bounds.
class TreeBuilder {
 public:
  bool null() { return Put({}); }
  bool boolean(bool truth) {
    Json value;
    value.kind = Json::Kind::kBool;
    value.truth = truth;
    return Put(std::move(value));
  }
  bool number_integer(int64_t integer) { return PutInteger(integer); }
  bool number_unsigned(uint64_t integer) {
    if (integer > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return number_float(static_cast<double>(integer), "");
    }
    return PutInteger(static_cast<int64_t>(integer));
  }
  bool number_float(double number, const std::string&) {
    Json value;
    value.kind = Json::Kind::kNumber;
    value.number = number;
    return Put(std::move(value));
  }
  bool string(std::string& text) {
    Json value;
    value.kind = Json::Kind::kText;
    value.text = std::move(text);
    return Put(std::move(value));
  }
  bool binary(nlohmann::json::binary_t&) { return false; }  // not in JSON text
  bool start_object(size_t) { return Open(Json::Kind::kObject); }
  bool start_array(size_t) { return Open(Json::Kind::kArray); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    open_.back().names.push_back(std::move(name));
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception& error) {
    position_ = position;
    fault_ = error.what();
    return false;
  }

  Json TakeRoot() { return std::move(root_); }
  const std::string& fault() const { return fault_; }
  size_t position() const { return position_; }

 private:
  bool PutInteger(int64_t integer) {
    Json value;
    value.kind = Json::Kind::kInteger;
    value.integer = integer;
    value.number = static_cast<double>(integer);
    return Put(std::move(value));
  }
  bool Put(Json value) {
    if (++values_ > JsonReader::kValuesPerObject) {
      fault_ = "more than " + std::to_string(JsonReader::kValuesPerObject) + " values";
      return false;
    }
    if (open_.empty()) {
      root_ = std::move(value);
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }
  bool Open(Json::Kind kind) {
    Json value;
    value.kind = kind;
    open_.push_back(std::move(value));
    return true;
  }
  bool Close() {
    Json value = std::move(open_.back());
    open_.pop_back();
    return Put(std::move(value));
  }

  Json root_;
  std::vector<Json> open_;
  size_t values_ = 0;
  size_t position_ = 0;
  std::string fault_;
};

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// "[json.exception.parse_error.101] parse error at line 1, column 9: ..." without its beginnings.
std::string Reason(const std::string& what) {
  const size_t after = what.find(": ");
  return after == std::string::npos ? what : what.substr(after + 2);
}

}  // namespace

const Json* Json::Find(std::string_view name) const {
  for (size_t i = names.size(); i > 0; --i) {
    if (names[i - 1] == name) return &items[i - 1];
  }
  return nullptr;
}

std::string Place::ToString() const {
  return file + ":" + std::to_string(line) + " (byte " + std::to_string(offset) + ")";
}

JsonReader::JsonReader(std::string file, std::string_view text)
    : file_(std::move(file)), text_(text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) at_ = kByteOrderMark.size();
}

Error JsonReader::Fault(size_t offset, const std::string& what, const std::string& remedy) const {
  const std::string_view before = text_.substr(at_, offset - at_);
  const Place place{
      .file = file_,
      .line = line_ + static_cast<size_t>(std::count(before.begin(), before.end(), '\n')),
      .offset = offset};
  return {ErrorCode::kInvalidArgument, place.ToString() + ": " + what, remedy};
}

Status JsonReader::SkipToObject() {
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') ++line_;
    if (IsSpace(c)) continue;
    if (c == '{' && !array_ended_ && !(in_array_ && comma_due_)) return {};
    if (c == '[' && !in_array_ && !array_ended_ && !comma_due_) {
      in_array_ = true;
    } else if (c == ',' && in_array_ && comma_due_) {
      comma_due_ = false;
    } else if (c == ']' && in_array_) {
      in_array_ = false;
      array_ended_ = true;
    } else {
      return Fault(at_,
                   "an object is expected here",
                   "write one {...} after the other, or an array of them");
    }
  }
  if (!in_array_) return {};
  return Fault(at_, "the array is not closed", "the file seems to be cut off");
}

Result<size_t> JsonReader::FindEnd() const {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = at_; i < text_.size(); ++i) {
    const char c = text_[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '{' || c == '[') {
      if (++depth > kDepth) {
        return Fault(
            i, "more than " + std::to_string(kDepth) + " levels", "no trace nests so deep");
      }
    }
    if ((c == '}' || c == ']') && --depth == 0) return i + 1;
  }
  return Fault(at_, "the object that starts here does not end", "the file seems to be cut off");
}

Result<std::optional<JsonObject>> JsonReader::Next() {
  if (text_.size() > kFileBytes) {
    return Error{ErrorCode::kInvalidArgument,
                 file_ + " has more than " + std::to_string(kFileBytes) + " bytes",
                 "split the trace"};
  }
  WEIR_RETURN_IF_ERROR(SkipToObject());
  if (at_ == text_.size()) return std::optional<JsonObject>();
  WEIR_ASSIGN_OR_RETURN(const size_t end, FindEnd());
  const std::string_view object = text_.substr(at_, end - at_);
  TreeBuilder builder;
  if (!nlohmann::json::sax_parse(object.begin(), object.end(), &builder)) {
    const size_t inside = std::min(builder.position(), object.size());
    return Fault(at_ + inside, Reason(builder.fault()), "correct the JSON at this place");
  }
  JsonObject result{.place = {.file = file_, .line = line_, .offset = at_},
                    .value = builder.TakeRoot()};
  line_ += static_cast<size_t>(std::count(object.begin(), object.end(), '\n'));
  at_ = end;
  comma_due_ = true;
  return std::optional<JsonObject>(std::move(result));
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error{ErrorCode::kNotFound, path + " cannot be read", "give the path of a file"};
  }
  std::string text;
  std::vector<char> block(size_t{1} << 20);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<size_t>(file.gcount()));
    if (text.size() > JsonReader::kFileBytes) {
      return Error{ErrorCode::kInvalidArgument,
                   path + " has more than " + std::to_string(JsonReader::kFileBytes) + " bytes",
                   "split it"};
    }
  }
  return text;
}

}  // namespace weir::sls
