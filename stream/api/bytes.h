// ByteWriter and ByteReader: how records become bytes and come back, and the hash of keys.
//
// Numbers are little-endian, lengths are varints (7 bits per byte, low first). Single-threaded.
#ifndef WEIR_STREAM_API_BYTES_H_
#define WEIR_STREAM_API_BYTES_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace weir::stream {

static_assert(std::endian::native == std::endian::little,
              "records are stored as memory holds them");

// A buffer that grows as it is appended to.
class ByteWriter {
 public:
  ByteWriter() = default;
  explicit ByteWriter(size_t capacity) { Reserve(capacity); }

  const char* data() const { return bytes_.get(); }
  size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  void Clear() { size_ = 0; }
  // Requires: size <= size().
  void Truncate(size_t size) { size_ = size; }

  void Reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  void Append(const void* bytes, size_t count) {
    if (count > capacity_ - size_) Grow(count);
    if (count > 0) std::memcpy(bytes_.get() + size_, bytes, count);
    size_ += count;
  }
  // `count` bytes to be filled by the caller.
  char* AppendUninitialized(size_t count) {
    if (count > capacity_ - size_) Grow(count);
    size_ += count;
    return bytes_.get() + size_ - count;
  }
  template <typename Number>
  void AppendNumber(Number value) {
    Append(&value, sizeof(value));
  }
  void AppendVarint(uint64_t value) {
    while (value >= 0x80) {
      AppendNumber(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    AppendNumber(static_cast<uint8_t>(value));
  }
  // Length and bytes.
  void AppendString(std::string_view text) {
    AppendVarint(text.size());
    Append(text.data(), text.size());
  }

 private:
  void Grow(size_t count) {
    const size_t doubled = capacity_ * 2;
    const size_t needed = size_ + count;
    Reserve(doubled > needed ? doubled : needed);
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// Takes bytes apart. Reading past the end gives zeros and empty views, and failed() from then on.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  bool AtEnd() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }

  template <typename Number>
  Number TakeNumber() {
    Number value{};
    if (rest_.size() < sizeof(value)) {
      Fail();
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(value));
    rest_.remove_prefix(sizeof(value));
    return value;
  }
  uint64_t TakeVarint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = TakeNumber<uint8_t>();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    Fail();
    return 0;
  }
  // A view into the bytes being read.
  std::string_view TakeString() {
    const uint64_t size = TakeVarint();
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  void Fail() {
    failed_ = true;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

inline uint64_t MixHash(uint64_t h) {
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ULL;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ULL;
  return h ^ (h >> 32);
}

// The same on every machine. Not for secrets.
inline uint64_t HashBytes(std::string_view bytes) {
  constexpr uint64_t kFactor = 0x9e3779b97f4a7c15ULL;
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t h = kFactor * (left + 1);
  while (left >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    h = std::rotl((h ^ word) * kFactor, 29);
    at += 8;
    left -= 8;
  }
  uint64_t tail = 0;
  if (left >= 4) {
    uint32_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + left - 4, 4);
    tail = (static_cast<uint64_t>(high) << 32) | low;
  } else if (left > 0) {
    tail = static_cast<uint64_t>(static_cast<uint8_t>(at[0])) << 16 |
           static_cast<uint64_t>(static_cast<uint8_t>(at[left / 2])) << 8 |
           static_cast<uint64_t>(static_cast<uint8_t>(at[left - 1]));
  }
  return MixHash((h ^ tail) * kFactor);
}

}  // namespace weir::stream

#endif  // WEIR_STREAM_API_BYTES_H_
