// The bytes of the filesystem store: files of frames, frames of entries.
//
//   file   = header (kFileHeaderBytes: "WEIRLOG", format version, check), frames
//   frame  = "WFRM", body length (32 bits), number (64), header check (64), body check (64), body
//   entry  = key length (32 bits), value length (32; all ones = the key is deleted), check (64) of
//            lengths and key, key, value (a record: it has a checksum of its own)
//
// All numbers lowest byte first; all checks are XXH3. The checks of frames and entries are seeded
// with the file's *salt*, a random number in its name: what a user put into a record can not pass
// for a frame when a damaged file is searched for the next one.
//
// Terms: a frame is *whole* when both checks hold. The *tail* is what follows the last whole frame
// and has no frame's header after it: a write that was cut, or damage that cannot be told from one.
// Damage anywhere else is *searched*: whole entries in it are kept, the rest is named by place.
//
// Pure; immutable values.
#ifndef WEIR_STATE_STORE_FRAME_LOG_H_
#define WEIR_STATE_STORE_FRAME_LOG_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "state-store/records_change.h"

namespace weir::store {

inline constexpr int kLogFormat = 1;
inline constexpr size_t kFileHeaderBytes = 16;

std::string EncodeFileHeader();
// One frame with all of the operations; none = a frame that only counts.
std::string EncodeFrame(uint64_t salt,
                        uint64_t number,
                        const std::vector<EngineOperation>& operations);

struct ParsedLog {
  size_t whole_bytes = 0;            // up to the tail
  size_t frames = 0;                 // whole ones
  uint64_t first_number = 0;         // of the first whole frame; 0 = there is none
  uint64_t last_number = 0;          // of the last one
  bool ends_with_mark = false;       // the last frame is empty
  std::vector<std::string> damaged;  // "bytes 400 to 460: ...", in order
};

// `apply` gets every operation, in order. `name` is the file's, for messages.
// kFailedPrecondition: the file's format is newer.
Result<ParsedLog> ParseLog(const std::string& name,
                           std::string_view bytes,
                           uint64_t salt,
                           const std::function<void(EngineOperation)>& apply);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_FRAME_LOG_H_
