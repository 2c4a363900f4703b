// ChannelEdge: an outgoing edge of a task, made of channels.
//
// Buffers leave when they are full, when the task is about to wait, or when kFlushInterval has
// passed. A record that is larger than a buffer leaves in pieces. Single-threaded: the task's
// thread.
#ifndef WEIR_STREAM_RUNTIME_CHANNEL_EDGE_H_
#define WEIR_STREAM_RUNTIME_CHANNEL_EDGE_H_

#include <memory>
#include <vector>

#include "stream/api/task_context.h"
#include "stream/runtime/channel.h"

namespace weir::stream {

inline constexpr size_t kRecordBytesMax = 64u << 20;  // one serialised record

class ChannelEdge final : public EdgeOutput {
 public:
  ChannelEdge(TaskContext& context, std::vector<std::shared_ptr<OutputChannel>> channels);

  // Sends what waits in half-filled buffers.
  void Flush();
  // Flush, and the end of every channel. After a failure: nothing.
  void End();

 protected:
  void Overflow(int32_t channel, size_t begin) override;

 private:
  void SendPieces(size_t channel);
  void Send(size_t channel, DataBuffer buffer);
  void FailClosed(const OutputChannel& channel);

  TaskContext& context_;
  const std::vector<std::shared_ptr<OutputChannel>> channels_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_CHANNEL_EDGE_H_
