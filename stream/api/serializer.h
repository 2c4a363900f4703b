// Serializer<T>: how a record of type T crosses from one task to another.
//
// Built in: numbers, bool, enumerations, std::string, std::string_view, std::pair, std::tuple,
// std::vector, and any struct with one function for both directions:
//
//   struct Visit {
//     std::string page;
//     int64_t count = 0;
//     template <typename Archive> void Serialize(Archive& archive) { archive(page, count); }
//   };
//
// For a foreign type, specialise Serializer with Write and Read. A std::string_view that was read
// points into the buffer of its record: it is valid during the call that got it, no longer.
// Owned<T> is the type to keep a record in: every std::string_view becomes a std::string.
#ifndef WEIR_STREAM_API_SERIALIZER_H_
#define WEIR_STREAM_API_SERIALIZER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "stream/api/bytes.h"

namespace weir::stream {

template <typename T, typename = void>
struct Serializer;

class WriteArchive;
class ReadArchive;

template <typename T>
concept HasSerializeMember = requires(T& value, WriteArchive& archive) {
  value.Serialize(archive);
};

template <typename T>
void WriteRecord(const T& value, ByteWriter& out) {
  Serializer<T>::Write(value, out);
}
// Into `value`, whose storage is used again.
template <typename T>
void ReadRecord(ByteReader& in, T& value) {
  Serializer<T>::Read(in, value);
}

class WriteArchive {
 public:
  explicit WriteArchive(ByteWriter& out) : out_(out) {}
  template <typename... Fields>
  void operator()(const Fields&... fields) {
    (WriteRecord(fields, out_), ...);
  }

 private:
  ByteWriter& out_;
};

class ReadArchive {
 public:
  explicit ReadArchive(ByteReader& in) : in_(in) {}
  template <typename... Fields>
  void operator()(Fields&... fields) {
    (ReadRecord(in_, fields), ...);
  }

 private:
  ByteReader& in_;
};

template <typename T>
struct Serializer<T, std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>>> {
  static void Write(T value, ByteWriter& out) { out.AppendNumber(value); }
  static void Read(ByteReader& in, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = in.TakeNumber<uint8_t>() != 0;
    } else {
      value = in.TakeNumber<T>();
    }
  }
};

template <>
struct Serializer<std::string_view> {
  static void Write(std::string_view value, ByteWriter& out) { out.AppendString(value); }
  static void Read(ByteReader& in, std::string_view& value) { value = in.TakeString(); }
};

template <>
struct Serializer<std::string> {
  static void Write(const std::string& value, ByteWriter& out) { out.AppendString(value); }
  static void Read(ByteReader& in, std::string& value) { value.assign(in.TakeString()); }
};

template <typename A, typename B>
struct Serializer<std::pair<A, B>> {
  static void Write(const std::pair<A, B>& value, ByteWriter& out) {
    WriteRecord(value.first, out);
    WriteRecord(value.second, out);
  }
  static void Read(ByteReader& in, std::pair<A, B>& value) {
    ReadRecord(in, value.first);
    ReadRecord(in, value.second);
  }
};

template <typename... Parts>
struct Serializer<std::tuple<Parts...>> {
  static void Write(const std::tuple<Parts...>& value, ByteWriter& out) {
    std::apply([&](const Parts&... parts) { (WriteRecord(parts, out), ...); }, value);
  }
  static void Read(ByteReader& in, std::tuple<Parts...>& value) {
    std::apply([&](Parts&... parts) { (ReadRecord(in, parts), ...); }, value);
  }
};

template <typename T>
struct Serializer<std::vector<T>> {
  static void Write(const std::vector<T>& value, ByteWriter& out) {
    out.AppendVarint(value.size());
    for (const auto& each : value) WriteRecord(static_cast<const T&>(each), out);
  }
  static void Read(ByteReader& in, std::vector<T>& value) {
    value.clear();
    // One by one, each of at least one byte: a damaged length costs no more memory than there are
    // bytes.
    for (uint64_t left = in.TakeVarint(); left > 0 && !in.failed(); --left) {
      if (in.AtEnd()) return in.Fail();
      T each{};
      ReadRecord(in, each);
      value.push_back(std::move(each));
    }
  }
};

template <typename T>
struct Serializer<T, std::enable_if_t<HasSerializeMember<T>>> {
  static void Write(const T& value, ByteWriter& out) {
    WriteArchive archive(out);
    // One Serialize() serves both directions, so it cannot be const; writing changes nothing.
    const_cast<T&>(value).Serialize(archive);
  }
  static void Read(ByteReader& in, T& value) {
    ReadArchive archive(in);
    value.Serialize(archive);
  }
};

// --- what to keep a record in

template <typename T>
struct OwnedType {
  using Type = T;
  static const T& From(const T& value) { return value; }
};
template <>
struct OwnedType<std::string_view> {
  using Type = std::string;
  static std::string From(std::string_view value) { return std::string(value); }
};
template <typename A, typename B>
struct OwnedType<std::pair<A, B>> {
  using Type = std::pair<typename OwnedType<A>::Type, typename OwnedType<B>::Type>;
  static Type From(const std::pair<A, B>& value) {
    return Type(OwnedType<A>::From(value.first), OwnedType<B>::From(value.second));
  }
};
template <typename... Parts>
struct OwnedType<std::tuple<Parts...>> {
  using Type = std::tuple<typename OwnedType<Parts>::Type...>;
  static Type From(const std::tuple<Parts...>& value) {
    return std::apply([](const Parts&... parts) { return Type(OwnedType<Parts>::From(parts)...); },
                      value);
  }
};
template <typename T>
struct OwnedType<std::vector<T>> {
  using Type = std::vector<typename OwnedType<T>::Type>;
  static Type From(const std::vector<T>& value) {
    Type out;
    out.reserve(value.size());
    for (const auto& each : value) out.push_back(OwnedType<T>::From(each));
    return out;
  }
};
template <typename T>
using Owned = typename OwnedType<T>::Type;

// --- keys

// The stable hash of a key: of its characters for strings, of its serialised bytes for the rest.
template <typename Key>
class KeyHasher {
 public:
  uint64_t operator()(const Key& key) {
    if constexpr (std::is_convertible_v<const Key&, std::string_view>) {
      return HashBytes(key);
    } else {
      scratch_.Clear();
      WriteRecord(key, scratch_);
      return HashBytes(scratch_.view());
    }
  }

 private:
  ByteWriter scratch_;
};

template <typename A, typename B>
bool SameKey(const A& a, const B& b) {
  return a == b;
}
template <typename A, typename B, typename C, typename D>
bool SameKey(const std::pair<A, B>& a, const std::pair<C, D>& b) {
  return SameKey(a.first, b.first) && SameKey(a.second, b.second);
}

}  // namespace weir::stream

#endif  // WEIR_STREAM_API_SERIALIZER_H_
