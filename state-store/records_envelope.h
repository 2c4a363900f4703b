// The envelope of every stored record: one version byte, one for its kind, the fields, and a 64-bit
// XXH3 checksum of all before it (lowest byte first). Pure; thread-safe.
#ifndef WEIR_STATE_STORE_RECORDS_ENVELOPE_H_
#define WEIR_STATE_STORE_RECORDS_ENVELOPE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/result.h"
#include "state-store/records_bytes.h"

namespace weir::store {

struct OpenedEnvelope {
  int version = 0;
  size_t kind = 0;
  std::string_view fields;  // of the bytes that were given
};

// kResourceExhausted: over limits::kRecordBytes; the message names the key and the size.
Result<std::string> SealRecord(std::string_view key, size_t kind, std::string_view fields);
// kCorruption with the key: damage, or a version that is unknown here.
Result<OpenedEnvelope> OpenRecord(std::string_view key, std::string_view bytes);
// A whole record, by its checksum, with a version that is above all that are known here.
bool IsOfNewerVersion(std::string_view bytes);
Error DamagedRecord(std::string_view key, std::string_view why);
// Keys come from the disk too: what is not plain text is shown in hexadecimal.
std::string QuotedKey(std::string_view key);

// The kind of a record is its place in a variant, counted from 1: alternatives are only ever added
// at the end.
template <typename Variant, size_t kIndex = 0>
Result<Variant> DecodeRecordFields(std::string_view key, const OpenedEnvelope& opened) {
  if constexpr (kIndex == std::variant_size_v<Variant>) {
    return DamagedRecord(key, "its kind " + std::to_string(opened.kind) + " is unknown");
  } else {
    if (opened.kind != kIndex + 1) return DecodeRecordFields<Variant, kIndex + 1>(key, opened);
    std::variant_alternative_t<kIndex, Variant> record;
    RecordReader reader(opened.fields, opened.version);
    reader(record);
    if (!reader.ok()) return DamagedRecord(key, reader.fault());
    if (!reader.AtEnd()) return DamagedRecord(key, "bytes after its end");
    return Variant(std::move(record));
  }
}

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_RECORDS_ENVELOPE_H_
