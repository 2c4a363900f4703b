#include "stream/runtime/data_frame.h"

#include <cstring>
#include <utility>

#include "common/limits.h"
#include "stream/api/task_context.h"

namespace weir::stream {
namespace {

constexpr uint16_t kMagic = 0x5765;
constexpr size_t kHelloBytesMax = 4096;
constexpr size_t kSmallBytesMax = 16;
constexpr size_t kOpenBytesMax = 1024;
constexpr size_t kTextBytesMax = limits::kDiagnosticsBytes + 64;
constexpr uint64_t kCreditMax = 1024;

Error Corrupt(const std::string& what) {
  return Error{ErrorCode::kCorruption, "data connection: " + what, ""};
}

template <typename T>
T At(std::string_view bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

}  // namespace

size_t FrameBytesMax(FrameType type) {
  switch (type) {
    case FrameType::kHello:
      return kHelloBytesMax;
    case FrameType::kOpen:
      return kOpenBytesMax;
    case FrameType::kData:
      return kBufferBytes;
    case FrameType::kEnd:
    case FrameType::kCredit:
      return kSmallBytesMax;
    case FrameType::kFail:
    case FrameType::kClose:
      return kTextBytesMax;
  }
  return 0;
}

std::array<char, kFrameHeaderBytes> EncodeFrameHeader(const Frame& frame) {
  std::array<char, kFrameHeaderBytes> out{};
  const auto bytes = static_cast<uint32_t>(frame.payload.size());
  const auto type = static_cast<uint8_t>(frame.type);
  std::memcpy(out.data(), &bytes, 4);
  std::memcpy(out.data() + 4, &type, 1);
  std::memcpy(out.data() + 5, &frame.flags, 1);
  std::memcpy(out.data() + 6, &kMagic, 2);
  std::memcpy(out.data() + 8, &frame.channel, 4);
  return out;
}

Result<FrameHeader> DecodeFrameHeader(std::string_view bytes) {
  FrameHeader header;
  header.payload_bytes = At<uint32_t>(bytes, 0);
  const auto type = At<uint8_t>(bytes, 4);
  header.flags = At<uint8_t>(bytes, 5);
  header.channel = At<uint32_t>(bytes, 8);
  if (At<uint16_t>(bytes, 6) != kMagic) return Corrupt("this is not a frame");
  if (type < static_cast<uint8_t>(FrameType::kHello) ||
      type > static_cast<uint8_t>(FrameType::kClose)) {
    return Corrupt("unknown frame type " + std::to_string(type));
  }
  header.type = static_cast<FrameType>(type);
  if (header.payload_bytes > FrameBytesMax(header.type)) {
    return Corrupt("a frame of type " + std::to_string(type) + " announces " +
                   std::to_string(header.payload_bytes) + " bytes, at most " +
                   std::to_string(FrameBytesMax(header.type)));
  }
  return header;
}

Frame MakeOpenFrame(uint32_t channel, const OpenRequest& request) {
  Frame frame{FrameType::kOpen, 0, channel, {}};
  frame.payload.AppendString(request.execution);
  frame.payload.AppendVarint(static_cast<uint64_t>(request.vertex));
  frame.payload.AppendVarint(static_cast<uint64_t>(request.subtask));
  return frame;
}

Result<OpenRequest> ParseOpen(const Frame& frame) {
  ByteReader in(frame.payload.view());
  OpenRequest request;
  request.execution = std::string(in.TakeString());
  const uint64_t vertex = in.TakeVarint();
  const uint64_t subtask = in.TakeVarint();
  if (in.failed() || !in.AtEnd() || vertex > INT32_MAX || subtask > INT32_MAX) {
    return Corrupt("an open frame does not decode");
  }
  request.vertex = static_cast<int32_t>(vertex);
  request.subtask = static_cast<int32_t>(subtask);
  return request;
}

Frame MakeTextFrame(FrameType type, uint32_t channel, std::string_view text) {
  Frame frame{type, 0, channel, {}};
  frame.payload.AppendString(text.substr(0, limits::kDiagnosticsBytes));
  return frame;
}

Result<std::string> ParseText(const Frame& frame) {
  ByteReader in(frame.payload.view());
  std::string text(in.TakeString());
  if (in.failed() || !in.AtEnd()) return Corrupt("a cause does not decode");
  return text;
}

Frame MakeCreditFrame(uint32_t channel, int32_t credits) {
  Frame frame{FrameType::kCredit, 0, channel, {}};
  frame.payload.AppendVarint(static_cast<uint64_t>(credits));
  return frame;
}

Result<int32_t> ParseCredit(const Frame& frame) {
  ByteReader in(frame.payload.view());
  const uint64_t credits = in.TakeVarint();
  if (in.failed() || !in.AtEnd() || credits == 0 || credits > kCreditMax) {
    return Corrupt("a credit does not decode");
  }
  return static_cast<int32_t>(credits);
}

}  // namespace weir::stream
