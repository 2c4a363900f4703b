#include "state-store/records_envelope.h"

#include <xxhash.h>

#include <cstdint>

#include "common/limits.h"
#include "common/strings.h"

namespace weir::store {
namespace {

constexpr int kOldestVersion = 1;
constexpr size_t kHeaderBytes = 2;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kQuotedKeyBytes = 128;

std::string Checksum(std::string_view bytes) {
  const uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
  std::string checksum;
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    checksum.push_back(static_cast<char>((hash >> (8 * i)) & 0xff));
  }
  return checksum;
}

}  // namespace

std::string QuotedKey(std::string_view key) {
  const std::string_view head = key.substr(0, kQuotedKeyBytes);
  for (const char c : head) {
    if (c < ' ' || c > '~') return "0x" + HexEncode(head);
  }
  return std::string(head);
}

Error DamagedRecord(std::string_view key, std::string_view why) {
  return {
      ErrorCode::kCorruption, "record " + QuotedKey(key) + " is damaged: " + std::string(why), ""};
}

Result<std::string> SealRecord(std::string_view key, size_t kind, std::string_view fields) {
  const size_t size = kHeaderBytes + fields.size() + kChecksumBytes;
  if (size > limits::kRecordBytes) {
    return Error{ErrorCode::kResourceExhausted,
                 "record " + QuotedKey(key) + " has " + std::to_string(size) + " bytes",
                 "at most " + std::to_string(limits::kRecordBytes) +
                     " can be stored: make the launch context smaller"};
  }
  std::string bytes{static_cast<char>(kRecordVersion), static_cast<char>(kind)};
  bytes += fields;
  bytes += Checksum(bytes);
  return bytes;
}

bool IsOfNewerVersion(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes + kChecksumBytes) return false;
  const std::string_view covered = bytes.substr(0, bytes.size() - kChecksumBytes);
  return static_cast<unsigned char>(bytes[0]) > kRecordVersion &&
         Checksum(covered) == bytes.substr(covered.size());
}

Result<OpenedEnvelope> OpenRecord(std::string_view key, std::string_view bytes) {
  if (bytes.size() > limits::kRecordBytes) {
    return DamagedRecord(key, "it has " + std::to_string(bytes.size()) + " bytes");
  }
  if (bytes.size() < kHeaderBytes + kChecksumBytes) return DamagedRecord(key, "truncated");
  const int version = static_cast<unsigned char>(bytes[0]);
  if (version < kOldestVersion || version > kRecordVersion) {
    return Error{ErrorCode::kCorruption,
                 "record " + QuotedKey(key) + " has the unknown version " + std::to_string(version),
                 "a newer version of Weir may have written it"};
  }
  const std::string_view covered = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (Checksum(covered) != bytes.substr(covered.size())) {
    return DamagedRecord(key, "its checksum does not match");
  }
  return OpenedEnvelope{
      version, static_cast<unsigned char>(bytes[1]), covered.substr(kHeaderBytes)};
}

}  // namespace weir::store
