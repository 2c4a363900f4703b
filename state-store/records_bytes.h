// RecordWriter, RecordReader: the bytes of a record's fields.
//
// Encoding: integers as zigzag LEB128 in the fewest bytes; bools as 0 or 1; strings as length and
// bytes; lists as count and elements; maps as count and entries in growing key order. Every value
// has exactly one encoding in each version, and the reader accepts no other: what decodes from the
// newest version encodes to the same bytes.
//
// A reader that met a fault stays at it and reads nothing more. What it allocates is bounded by the
// bytes it was given, whatever they say. Single-threaded values.
#ifndef WEIR_STATE_STORE_RECORDS_BYTES_H_
#define WEIR_STATE_STORE_RECORDS_BYTES_H_

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir::store {

// What is written now; older ones are still read.
inline constexpr int kRecordVersion = 7;

// The largest number of an enumeration whose numbers are 1, 2, 3...; specialised per stored one.
template <typename E>
inline constexpr int kLastEnumerator = 0;

class RecordWriter {
 public:
  static constexpr int version() { return kRecordVersion; }
  void operator()(int64_t value);
  void operator()(int32_t value) { (*this)(int64_t{value}); }
  void operator()(bool value) { bytes_.push_back(value ? '\1' : '\0'); }
  void operator()(const std::string& value);
  template <typename E>
  requires std::is_enum_v<E>
  void operator()(E value) { (*this)(static_cast<int64_t>(value)); }
  template <typename T>
  void operator()(const std::vector<T>& values) {
    Count(values.size());
    for (const T& value : values) (*this)(value);
  }
  template <typename K, typename V>
  void operator()(const std::map<K, V>& values) {
    Count(values.size());
    for (const auto& [key, value] : values) {
      (*this)(key);
      (*this)(value);
    }
  }
  template <typename T>
  requires std::is_class_v<T>
  void operator()(const T& value) { Fields(*this, value); }

  std::string Take() { return std::move(bytes_); }

 private:
  void Count(uint64_t value);

  std::string bytes_;
};

class RecordReader {
 public:
  // `version` is the one that the bytes were written under.
  explicit RecordReader(std::string_view bytes, int version = kRecordVersion)
      : rest_(bytes), size_(bytes.size()), version_(version) {}

  int version() const { return version_; }

  void operator()(int64_t& value);
  void operator()(int32_t& value);
  void operator()(bool& value);
  void operator()(std::string& value);
  template <typename E>
  requires std::is_enum_v<E>
  void operator()(E& value) {
    static_assert(kLastEnumerator<E> > 0, "the enumeration's largest number is known");
    int64_t number = 0;
    (*this)(number);
    if (number < 1 || number > kLastEnumerator<E>) return Fail("an unknown enumerator");
    value = static_cast<E>(number);
  }
  template <typename T>
  void operator()(std::vector<T>& values) {
    const uint64_t count = Count();
    for (uint64_t i = 0; i < count && ok(); ++i) (*this)(values.emplace_back());
  }
  template <typename K, typename V>
  void operator()(std::map<K, V>& values) {
    const uint64_t count = Count();
    for (uint64_t i = 0; i < count && ok(); ++i) {
      K key{};
      (*this)(key);
      if (!values.empty() && !(values.rbegin()->first < key)) return Fail("keys out of order");
      (*this)(values.emplace_hint(values.end(), std::move(key), V{})->second);
    }
  }
  template <typename T>
  requires std::is_class_v<T>
  void operator()(T& value) { Fields(*this, value); }

  // Every byte is read, without a fault.
  bool AtEnd() const { return ok() && rest_.empty(); }
  bool ok() const { return fault_.empty(); }
  // The first fault and where it is; "" if there is none.
  std::string fault() const { return fault_; }
  void Fail(std::string_view what);

 private:
  uint64_t Varint();
  // A count or length: no more than the bytes left, as every element has at least one.
  uint64_t Count();

  std::string_view rest_;
  size_t size_;
  int version_;
  std::string fault_;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_RECORDS_BYTES_H_
