#include "log-archive/archive_blocks.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace weir::logs {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kKindAt = 8;
constexpr size_t kVersionAt = 9;
constexpr size_t kMetaLengthAt = 10;
constexpr size_t kPayloadLengthAt = 12;
constexpr size_t kPayloadCrcAt = 16;
constexpr size_t kHeadCrcAt = 20;
constexpr int kFast = 1;                 // of zlib's levels
constexpr size_t kIndexRaw = 256 << 20;  // of an index, not compressed

uint32_t Crc(std::string_view bytes, uint32_t before = 0) {
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  return static_cast<uint32_t>(::crc32_z(before, data, bytes.size()));
}

template <typename T>
void Put(std::string& out, T value) {
  auto bits = static_cast<uint64_t>(value);
  for (size_t i = 0; i < sizeof(T); ++i, bits >>= 8) out += static_cast<char>(bits & 0xff);
}
void PutText(std::string& out, std::string_view text) {
  text = text.substr(0, std::min<size_t>(text.size(), 1024));
  Put<uint16_t>(out, static_cast<uint16_t>(text.size()));
  out += text;
}

// Takes values off the front; once something is missing all further ones are 0 and ok() is false.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T Take() {
    uint64_t value = 0;
    if (rest_.size() < sizeof(T)) ok_ = false;
    if (!ok_) return T{};
    for (size_t i = sizeof(T); i-- > 0;) value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(sizeof(T));
    return static_cast<T>(value);
  }
  std::string_view TakeBytes(size_t count) {
    if (rest_.size() < count) ok_ = false;
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  std::string TakeText() { return std::string(TakeBytes(Take<uint16_t>())); }
  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::string Compress(std::string_view bytes) {
  uLongf size = ::compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  // Cannot fail: the room is enough.
  ::compress2(reinterpret_cast<Bytef*>(out.data()),
              &size,
              reinterpret_cast<const Bytef*>(bytes.data()),
              static_cast<uLong>(bytes.size()),
              kFast);
  out.resize(size);
  return out;
}

// Nothing when it is not exactly `length` bytes.
std::optional<std::string> Expand(std::string_view bytes, size_t length) {
  std::string out(length, '\0');
  uLongf size = static_cast<uLongf>(length);
  const int result = ::uncompress(reinterpret_cast<Bytef*>(out.data()),
                                  &size,
                                  reinterpret_cast<const Bytef*>(bytes.data()),
                                  static_cast<uLong>(bytes.size()));
  if (result != Z_OK || size != length) return std::nullopt;
  return out;
}

std::string Block(BlockKind kind, std::string_view meta, std::string_view payload) {
  std::string out(kBlockMagic);
  Put<uint8_t>(out, static_cast<uint8_t>(kind));
  Put<uint8_t>(out, kVersion);
  Put<uint16_t>(out, static_cast<uint16_t>(meta.size()));
  Put<uint32_t>(out, static_cast<uint32_t>(payload.size()));
  Put<uint32_t>(out, Crc(payload));
  Put<uint32_t>(out, Crc(meta, Crc(out)));
  out += meta;
  out += payload;
  return out;
}

std::string PieceMeta(const LogPiece& piece) {
  std::string meta;
  PutText(meta, piece.container.ToString());
  PutText(meta, piece.role);
  PutText(meta, piece.name);
  Put<uint64_t>(meta, piece.identity);
  Put<int64_t>(meta, piece.position);
  Put<int64_t>(meta, piece.length);
  Put<int64_t>(meta, ToMillis(piece.modified));
  return meta;
}

std::optional<LogPiece> TakePiece(Taker& take) {
  LogPiece piece;
  const auto container = ContainerId::Parse(take.TakeText());
  piece.role = take.TakeText();
  piece.name = take.TakeText();
  piece.identity = take.Take<uint64_t>();
  piece.position = take.Take<int64_t>();
  piece.length = take.Take<int64_t>();
  piece.modified = WallFromMillis(take.Take<int64_t>());
  constexpr int64_t kFarthest = std::numeric_limits<int64_t>::max() / 2;
  const bool sane = piece.position >= 0 && piece.position < kFarthest && piece.length >= 0 &&
                    piece.length <= static_cast<int64_t>(kPieceBytes);
  if (!take.ok() || !container.ok() || !sane) return std::nullopt;
  piece.container = *container;
  return piece;
}

}  // namespace

std::string EncodeHead(const ArchiveHead& head) {
  std::string meta;
  PutText(meta, head.application.ToString());
  PutText(meta, head.user);
  PutText(meta, head.node);
  Put<int64_t>(meta, ToMillis(head.made));
  return Block(BlockKind::kHead, meta, "");
}

std::string EncodePiece(const LogPiece& piece, std::string_view bytes) {
  return Block(BlockKind::kPiece, PieceMeta(piece), Compress(bytes));
}

bool IsSameFile(uint64_t identity, const LogPiece& piece) {
  // The step is odd, so that it has an inverse: the difference tells how often.
  constexpr uint64_t kTimesMax = uint64_t{1} << 32;
  constexpr uint64_t kInverse = [] {
    uint64_t inverse = kBeginningStep;
    for (int i = 0; i < 6; ++i) inverse *= 2 - kBeginningStep * inverse;
    return inverse;
  }();
  static_assert(kInverse * kBeginningStep == 1);
  return (piece.identity - identity) * kInverse < kTimesMax;
}

std::optional<std::string> EncodeIndex(const std::vector<IndexEntry>& entries) {
  if (entries.size() > kIndexEntriesMax) return std::nullopt;
  std::string raw;
  for (const IndexEntry& entry : entries) {
    Put<int64_t>(raw, entry.at);
    Put<uint16_t>(raw, static_cast<uint16_t>(entry.meta_length));
    Put<uint32_t>(raw, static_cast<uint32_t>(entry.payload_length));
    Put<uint32_t>(raw, entry.payload_crc);
    raw += PieceMeta(entry.piece);
    if (raw.size() > kIndexRaw) return std::nullopt;
  }
  std::string payload;
  Put<uint32_t>(payload, static_cast<uint32_t>(raw.size()));
  payload += Compress(raw);
  if (payload.size() > kPayloadBytes) return std::nullopt;
  return Block(BlockKind::kIndex, "", payload);
}

std::string EncodeTrailer(int64_t index_at) {
  std::string out(kTrailerMagic);
  Put<int64_t>(out, index_at);
  Put<uint32_t>(out, Crc(out));
  return out;
}

std::optional<BlockHead> ParseBlockHead(std::string_view bytes) {
  if (bytes.size() < kBlockHeadBytes || !bytes.starts_with(kBlockMagic)) return std::nullopt;
  const auto kind = static_cast<uint8_t>(bytes[kKindAt]);
  if (static_cast<uint8_t>(bytes[kVersionAt]) != kVersion || kind < 1 || kind > 3) {
    return std::nullopt;
  }
  BlockHead head;
  head.kind = static_cast<BlockKind>(kind);
  head.meta_length = Taker(bytes.substr(kMetaLengthAt)).Take<uint16_t>();
  head.payload_length = Taker(bytes.substr(kPayloadLengthAt)).Take<uint32_t>();
  head.payload_crc = Taker(bytes.substr(kPayloadCrcAt)).Take<uint32_t>();
  if (head.meta_length > kMetaBytes || head.payload_length > kPayloadBytes) return std::nullopt;
  return head;
}

bool CheckBlockHead(std::string_view bytes) {
  const auto head = ParseBlockHead(bytes);
  if (!head || bytes.size() < kBlockHeadBytes + head->meta_length) return false;
  const auto crc = Taker(bytes.substr(kHeadCrcAt)).Take<uint32_t>();
  return Crc(bytes.substr(kBlockHeadBytes, head->meta_length), Crc(bytes.substr(0, kHeadCrcAt))) ==
         crc;
}

std::optional<ArchiveHead> ParseHead(std::string_view meta) {
  Taker take(meta);
  const auto application = ApplicationId::Parse(take.TakeText());
  ArchiveHead head;
  head.user = take.TakeText();
  head.node = take.TakeText();
  head.made = WallFromMillis(take.Take<int64_t>());
  if (!take.ok() || !application.ok()) return std::nullopt;
  head.application = *application;
  return head;
}

std::optional<LogPiece> ParsePiece(std::string_view meta) {
  Taker take(meta);
  return TakePiece(take);
}

std::optional<std::string> ParsePieceBytes(std::string_view payload, uint32_t crc, int64_t length) {
  if (Crc(payload) != crc || length < 0 || length > static_cast<int64_t>(kPieceBytes)) {
    return std::nullopt;
  }
  return Expand(payload, static_cast<size_t>(length));
}

std::optional<std::vector<IndexEntry>> ParseIndex(std::string_view payload, uint32_t crc) {
  if (Crc(payload) != crc) return std::nullopt;
  Taker head(payload);
  const size_t length = head.Take<uint32_t>();
  if (!head.ok() || length > kIndexRaw) return std::nullopt;
  const auto raw = Expand(payload.substr(sizeof(uint32_t)), length);
  if (!raw) return std::nullopt;
  std::vector<IndexEntry> entries;
  Taker take(*raw);
  while (!take.empty()) {
    IndexEntry entry;
    entry.at = take.Take<int64_t>();
    entry.meta_length = take.Take<uint16_t>();
    entry.payload_length = take.Take<uint32_t>();
    entry.payload_crc = take.Take<uint32_t>();
    auto piece = TakePiece(take);
    if (!piece || entry.at < 0) return std::nullopt;
    entry.piece = *std::move(piece);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::optional<int64_t> ParseTrailer(std::string_view bytes) {
  if (bytes.size() != kTrailerBytes || !bytes.starts_with(kTrailerMagic)) return std::nullopt;
  Taker take(bytes.substr(kTrailerMagic.size()));
  const auto at = take.Take<int64_t>();
  const auto crc = take.Take<uint32_t>();
  if (Crc(bytes.substr(0, kTrailerBytes - sizeof crc)) != crc || at < 0) return std::nullopt;
  return at;
}

}  // namespace weir::logs
