// The frames of a data connection between two TaskManagers: a header of 12 bytes and a payload.
//
//   u32 payload bytes | u8 type | u8 flags | u16 magic | u32 channel      little-endian
//
// The side that connected writes records: hello first, then open, data, end, fail. The other side
// answers with credit and close. A channel number is chosen by the writer, from 0, dense. Every
// type has its bound; a frame over it, of an unknown type, or without the magic closes the
// connection. Immutable values.
#ifndef WEIR_STREAM_RUNTIME_DATA_FRAME_H_
#define WEIR_STREAM_RUNTIME_DATA_FRAME_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "stream/api/bytes.h"

namespace weir::stream {

enum class FrameType : uint8_t {
  kHello = 1,   // role, name, nonce, mac (strings): proves the attempt's worker secret
  kOpen = 2,    // execution of the reader (string), vertex and subtask of the writer (varints)
  kData = 3,    // records; flag kContinues
  kEnd = 4,     // no payload
  kFail = 5,    // the cause (string)
  kCredit = 6,  // count (varint)
  kClose = 7,   // the cause (string)
};

inline constexpr size_t kFrameHeaderBytes = 12;
inline constexpr uint8_t kFrameContinues = 1;
inline constexpr uint32_t kChannelsMax = 1u << 18;  // per connection

struct Frame {
  FrameType type = FrameType::kData;
  uint8_t flags = 0;
  uint32_t channel = 0;
  ByteWriter payload;
};

struct FrameHeader {
  FrameType type = FrameType::kData;
  uint8_t flags = 0;
  uint32_t channel = 0;
  uint32_t payload_bytes = 0;
};

// The largest payload of a type.
size_t FrameBytesMax(FrameType type);
std::array<char, kFrameHeaderBytes> EncodeFrameHeader(const Frame& frame);
// kCorruption: what a header must not be. Requires: kFrameHeaderBytes bytes.
Result<FrameHeader> DecodeFrameHeader(std::string_view bytes);

struct OpenRequest {
  std::string execution;
  int32_t vertex = 0;
  int32_t subtask = 0;
};
Frame MakeOpenFrame(uint32_t channel, const OpenRequest& request);
Result<OpenRequest> ParseOpen(const Frame& frame);
Frame MakeTextFrame(FrameType type, uint32_t channel, std::string_view text);
Result<std::string> ParseText(const Frame& frame);
Frame MakeCreditFrame(uint32_t channel, int32_t credits);
Result<int32_t> ParseCredit(const Frame& frame);

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_DATA_FRAME_H_
