#include "state-store/records_bytes.h"

namespace weir::store {
namespace {

constexpr uint64_t kMoreBit = 0x80;
constexpr uint64_t kValueBits = 0x7f;
constexpr int kBitsPerByte = 7;
constexpr int kLastShift = 63;  // the tenth byte carries one bit

uint64_t ZigZag(int64_t value) {
  const uint64_t doubled = static_cast<uint64_t>(value) << 1;
  return value < 0 ? ~doubled : doubled;
}

int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

}  // namespace

void RecordWriter::operator()(int64_t value) {
  Count(ZigZag(value));
}

void RecordWriter::operator()(const std::string& value) {
  Count(value.size());
  bytes_ += value;
}

void RecordWriter::Count(uint64_t value) {
  while (value >= kMoreBit) {
    bytes_.push_back(static_cast<char>((value & kValueBits) | kMoreBit));
    value >>= kBitsPerByte;
  }
  bytes_.push_back(static_cast<char>(value));
}

void RecordReader::operator()(int64_t& value) {
  value = UnZigZag(Varint());
}

void RecordReader::operator()(int32_t& value) {
  const int64_t wide = UnZigZag(Varint());
  if (wide < std::numeric_limits<int32_t>::min() || wide > std::numeric_limits<int32_t>::max()) {
    return Fail("a number beyond 32 bits");
  }
  value = static_cast<int32_t>(wide);
}

void RecordReader::operator()(bool& value) {
  if (!ok()) return;
  if (rest_.empty()) return Fail("truncated");
  const char byte = rest_.front();
  if (byte != '\0' && byte != '\1') return Fail("a truth value other than 0 and 1");
  value = byte == '\1';
  rest_.remove_prefix(1);
}

void RecordReader::operator()(std::string& value) {
  const uint64_t length = Count();
  if (!ok()) return;
  value.assign(rest_.substr(0, length));
  rest_.remove_prefix(length);
}

void RecordReader::Fail(std::string_view what) {
  if (!ok()) return;
  fault_ = std::string(what) + " at byte " + std::to_string(size_ - rest_.size());
}

uint64_t RecordReader::Varint() {
  if (!ok()) return 0;
  uint64_t value = 0;
  for (int shift = 0; shift <= kLastShift; shift += kBitsPerByte) {
    if (rest_.empty()) {
      Fail("truncated");
      return 0;
    }
    const uint64_t byte = static_cast<unsigned char>(rest_.front());
    if ((shift == kLastShift && byte > 1) || (shift > 0 && byte == 0)) {
      Fail("a number in another than its shortest form");
      return 0;
    }
    rest_.remove_prefix(1);
    value |= (byte & kValueBits) << shift;
    if ((byte & kMoreBit) == 0) return value;
  }
  return value;
}

uint64_t RecordReader::Count() {
  const uint64_t count = Varint();
  if (count > rest_.size()) {
    Fail("a length beyond the end");
    return 0;
  }
  return count;
}

}  // namespace weir::store
