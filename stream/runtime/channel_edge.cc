#include "stream/runtime/channel_edge.h"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::stream {

ChannelEdge::ChannelEdge(TaskContext& context, std::vector<std::shared_ptr<OutputChannel>> channels)
    : EdgeOutput(static_cast<int32_t>(channels.size())),
      context_(context),
      channels_(std::move(channels)) {}

void ChannelEdge::FailClosed(const OutputChannel& channel) {
  const std::string cause = channel.close_cause();
  if (!cause.empty()) context_.Fail(cause);
}

void ChannelEdge::Send(size_t channel, DataBuffer buffer) {
  if (context_.stopped()) return;
  const size_t bytes = buffer.bytes.size();
  if (!channels_[channel]->Send(std::move(buffer))) return FailClosed(*channels_[channel]);
  RecordCounters::Add(context_.counters().records_out, records_);
  RecordCounters::Add(context_.counters().bytes_out, static_cast<int64_t>(bytes));
  records_ = 0;
}

void ChannelEdge::Overflow(int32_t channel, size_t begin) {
  const auto index = static_cast<size_t>(channel);
  ByteWriter& full = buffers_[index];
  ByteWriter rest(kBufferBytes + kSlackBytes);
  rest.Append(full.data() + begin, full.size() - begin);
  full.Truncate(begin);
  DataBuffer whole{std::move(full), false};
  full = std::move(rest);
  if (begin > 0) Send(index, std::move(whole));
  if (full.size() >= kBufferBytes) SendPieces(index);
}

void ChannelEdge::SendPieces(size_t channel) {
  ByteWriter& record = buffers_[channel];
  if (record.size() > kRecordBytesMax) {
    context_.Fail("a record of " + std::to_string(record.size()) + " bytes for " +
                  channels_[channel]->label() + ": at most " + std::to_string(kRecordBytesMax));
  }
  for (size_t at = 0; at < record.size() && !context_.stopped(); at += kBufferBytes) {
    const size_t count = std::min(kBufferBytes, record.size() - at);
    DataBuffer piece{ByteWriter(count), at + count < record.size()};
    piece.bytes.Append(record.data() + at, count);
    Send(channel, std::move(piece));
  }
  record = ByteWriter(kBufferBytes + kSlackBytes);
}

void ChannelEdge::Flush() {
  for (size_t i = 0; i < buffers_.size() && !context_.stopped(); ++i) {
    if (buffers_[i].size() == 0) continue;
    DataBuffer partial{std::move(buffers_[i]), false};
    buffers_[i] = ByteWriter(kBufferBytes + kSlackBytes);
    Send(i, std::move(partial));
  }
}

void ChannelEdge::End() {
  Flush();
  for (const auto& channel : channels_) {
    if (context_.stopped()) return;
    if (!channel->End()) FailClosed(*channel);
  }
}

}  // namespace weir::stream
