#include "state-store/frame_log.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "state-store/records_envelope.h"

namespace weir::store {
namespace {

constexpr std::string_view kFileMagic = "WEIRLOG";
constexpr std::string_view kFrameMagic = "WFRM";
constexpr size_t kFrameHeaderBytes = 4 + 4 + 8 + 8 + 8;
constexpr size_t kEntryHeaderBytes = 4 + 4 + 8;
constexpr uint32_t kDeleted = 0xffffffff;
constexpr size_t kKeyBytesMax = 4096;
constexpr size_t kValueBytesMax = 16u << 20;
constexpr size_t kNamedKeys = 20;  // of a damaged tail

template <typename Number>
void PutNumber(std::string& out, Number number) {
  for (size_t i = 0; i < sizeof(Number); ++i) {
    out.push_back(static_cast<char>((static_cast<uint64_t>(number) >> (8 * i)) & 0xff));
  }
}

// Requires: the bytes are there.
template <typename Number>
Number GetNumber(std::string_view bytes, size_t at) {
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    number |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return static_cast<Number>(number);
}

uint64_t Check(std::string_view bytes, uint64_t salt) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), salt);
}

uint64_t EntryCheck(std::string_view lengths, std::string_view key, uint64_t salt) {
  return Check(key, Check(lengths, salt));
}

void PutEntry(std::string& out, uint64_t salt, const EngineOperation& operation) {
  const size_t start = out.size();
  PutNumber(out, static_cast<uint32_t>(operation.key.size()));
  PutNumber(out, operation.value ? static_cast<uint32_t>(operation.value->size()) : kDeleted);
  PutNumber(out, EntryCheck(std::string_view(out).substr(start, 8), operation.key, salt));
  out += operation.key;
  if (operation.value) out += *operation.value;
}

struct Entry {
  EngineOperation operation;
  size_t size = 0;
};

// The entry that begins at `at`, if there is a whole one.
std::optional<Entry> EntryAt(std::string_view bytes, size_t at, uint64_t salt) {
  if (bytes.size() - at < kEntryHeaderBytes) return std::nullopt;
  const auto key_size = GetNumber<uint32_t>(bytes, at);
  const auto value_size = GetNumber<uint32_t>(bytes, at + 4);
  const size_t value_bytes = value_size == kDeleted ? 0 : value_size;
  if (key_size == 0 || key_size > kKeyBytesMax || value_bytes > kValueBytesMax) return std::nullopt;
  Entry entry;
  entry.size = kEntryHeaderBytes + key_size + value_bytes;
  if (bytes.size() - at < entry.size) return std::nullopt;
  const std::string_view key = bytes.substr(at + kEntryHeaderBytes, key_size);
  if (EntryCheck(bytes.substr(at, 8), key, salt) != GetNumber<uint64_t>(bytes, at + 8)) {
    return std::nullopt;
  }
  entry.operation.key = key;
  if (value_size != kDeleted) {
    entry.operation.value = bytes.substr(at + kEntryHeaderBytes + key_size, value_bytes);
  }
  return entry;
}

struct FrameHeader {
  size_t body_size = 0;
  uint64_t number = 0;
  uint64_t body_check = 0;
};

std::optional<FrameHeader> HeaderAt(std::string_view bytes, size_t at, uint64_t salt) {
  if (bytes.size() - at < kFrameHeaderBytes) return std::nullopt;
  if (bytes.substr(at, kFrameMagic.size()) != kFrameMagic) return std::nullopt;
  if (Check(bytes.substr(at, 16), salt) != GetNumber<uint64_t>(bytes, at + 16)) return std::nullopt;
  return FrameHeader{.body_size = GetNumber<uint32_t>(bytes, at + 4),
                     .number = GetNumber<uint64_t>(bytes, at + 8),
                     .body_check = GetNumber<uint64_t>(bytes, at + 24)};
}

class LogParser {
 public:
  LogParser(std::string_view bytes,
            uint64_t salt,
            const std::function<void(EngineOperation)>& apply)
      : bytes_(bytes), salt_(salt), apply_(apply) {}

  ParsedLog Run(size_t start) {
    at_ = start;
    log_.whole_bytes = start;
    while (at_ < bytes_.size() && (TakeFrame() || TakeDamage())) {
    }
    if (at_ < bytes_.size()) NameTail();
    return std::move(log_);
  }
  void Damage(size_t from, size_t to, const std::string& what) {
    log_.damaged.push_back("bytes " + std::to_string(from) + " to " + std::to_string(to) + ": " +
                           what);
  }

 private:
  // A whole frame at the place; false when there is none.
  bool TakeFrame() {
    const std::optional<FrameHeader> header = HeaderAt(bytes_, at_, salt_);
    if (!header) return false;
    const size_t body_at = at_ + kFrameHeaderBytes;
    if (bytes_.size() - body_at < header->body_size) return false;
    const std::string_view body = bytes_.substr(body_at, header->body_size);
    if (Check(body, salt_) != header->body_check) return false;
    for (size_t at = 0; at < body.size();) {
      std::optional<Entry> entry = EntryAt(body, at, salt_);
      if (!entry) return false;
      at += entry->size;
      apply_(std::move(entry->operation));
    }
    NoteFrame(header->number);
    log_.ends_with_mark = body.empty();
    at_ = body_at + body.size();
    log_.whole_bytes = at_;
    return true;
  }

  void NoteFrame(uint64_t number) {
    if (log_.frames++ == 0) log_.first_number = number;
    log_.last_number = number;
  }

  // What is not whole, up to the next frame's header; false when there is none: it is the tail.
  bool TakeDamage() {
    size_t next = at_ + 1;
    for (;; ++next) {
      next = bytes_.find(kFrameMagic, next);
      if (next == std::string_view::npos) return false;
      if (HeaderAt(bytes_, next, salt_)) break;
    }
    Search(at_, next);
    at_ = next;
    return true;
  }

  // Keeps the whole entries between two places. The header of the frame, if it is whole, says
  // where the first one begins; else every place is tried.
  void Search(size_t from, size_t to) {
    const std::string_view part = bytes_.substr(0, to);
    size_t at = from;
    size_t lost_from = from;
    const size_t damages = log_.damaged.size();
    if (HeaderAt(part, from, salt_)) at = lost_from = from + kFrameHeaderBytes;
    while (at < to) {
      std::optional<Entry> entry = EntryAt(part, at, salt_);
      if (!entry) {
        ++at;
        continue;
      }
      if (at > lost_from) Damage(lost_from, at, "cannot be read");
      at += entry->size;
      lost_from = at;
      apply_(std::move(entry->operation));
    }
    if (lost_from < to) Damage(lost_from, to, "cannot be read");
    // All entries are whole: the damage is in a value, which its own checksum shows, or in the
    // frame's.
    if (log_.damaged.size() == damages) Damage(from, to, "the frame's checksum does not match");
  }

  // A tail that is as long as its frame was to be: it may be a write that was cut or an
  // acknowledged one that is damaged. A part of a group may not count, so none of it does.
  void NameTail() {
    const std::optional<FrameHeader> header = HeaderAt(bytes_, at_, salt_);
    if (!header || bytes_.size() - at_ - kFrameHeaderBytes < header->body_size) return;
    std::vector<std::string> keys;
    for (size_t at = at_ + kFrameHeaderBytes; at < bytes_.size() && keys.size() < kNamedKeys;) {
      const std::optional<Entry> entry = EntryAt(bytes_, at, salt_);
      if (entry) keys.push_back(QuotedKey(entry->operation.key));
      at += entry ? entry->size : 1;
    }
    Damage(at_,
           bytes_.size(),
           "the last group cannot be read whole and is left out" +
               (keys.empty() ? "" : ": " + Join(keys, ", ")));
  }

  const std::string_view bytes_;
  const uint64_t salt_;
  const std::function<void(EngineOperation)>& apply_;
  size_t at_ = 0;
  ParsedLog log_;
};

}  // namespace

std::string EncodeFileHeader() {
  std::string header(kFileMagic);
  header.push_back(static_cast<char>(kLogFormat));
  PutNumber(header, Check(header, 0));
  return header;
}

std::string EncodeFrame(uint64_t salt,
                        uint64_t number,
                        const std::vector<EngineOperation>& operations) {
  std::string body;
  for (const EngineOperation& operation : operations) PutEntry(body, salt, operation);
  std::string frame(kFrameMagic);
  frame.reserve(kFrameHeaderBytes + body.size());
  PutNumber(frame, static_cast<uint32_t>(body.size()));
  PutNumber(frame, number);
  PutNumber(frame, Check(frame, salt));
  PutNumber(frame, Check(body, salt));
  return frame + body;
}

Result<ParsedLog> ParseLog(const std::string& name,
                           std::string_view bytes,
                           uint64_t salt,
                           const std::function<void(EngineOperation)>& apply) {
  LogParser parser(bytes, salt, apply);
  const std::string_view header = bytes.substr(0, std::min(bytes.size(), kFileHeaderBytes));
  const bool whole = header.size() == kFileHeaderBytes && header.starts_with(kFileMagic) &&
                     GetNumber<uint64_t>(header, 8) == Check(header.substr(0, 8), 0);
  if (whole && static_cast<unsigned char>(header[7]) > kLogFormat) {
    return Error{ErrorCode::kFailedPrecondition,
                 name + " was written by a newer version of Weir: its format is " +
                     std::to_string(static_cast<unsigned char>(header[7])) +
                     ", this one reads up to " + std::to_string(kLogFormat),
                 "start that version again, or give this one another directory"};
  }
  if (whole) return parser.Run(kFileHeaderBytes);
  return parser.Run(0);
}

}  // namespace weir::store
