// Channels: how buffers of records go from one task to another, in this process or between two.
//
// A channel has a sending end (OutputChannel, written by one task) and a receiving end (a place in
// the InputGate of the reading task). The receiver grants credits, one per free buffer; a sender
// without credit waits: that is the back-pressure, and it bounds what is in flight to credits x
// kBufferBytes. A sender has no credit until its receiver is attached, so tasks may be deployed in
// any order. The end of the input and failures need no credit.
//
// Owner: shared between the task at its end and the transport. Thread-safe; the lock of a gate and
// the lock of a channel are never held together.
#ifndef WEIR_STREAM_RUNTIME_CHANNEL_H_
#define WEIR_STREAM_RUNTIME_CHANNEL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/mutex.h"
#include "stream/api/bytes.h"

namespace weir::stream {

// Whole records, or a part of one that is larger than a buffer.
struct DataBuffer {
  ByteWriter bytes;
  bool continues = false;  // the record goes on in the next buffer of the channel
};

// The sender as its receiver sees it. Thread-safe.
class ChannelSender {
 public:
  virtual ~ChannelSender() = default;
  virtual void Grant(int32_t credits) = 0;
  // The receiver takes no more.
  virtual void Close(const std::string& cause) = 0;
};

// The receiver as its sender sees it. Thread-safe.
class ChannelReceiver {
 public:
  virtual ~ChannelReceiver() = default;
  virtual void Deliver(DataBuffer buffer) = 0;
  virtual void End() = 0;
  virtual void Fail(const std::string& cause) = 0;
};

// The sending end.
class OutputChannel final : public ChannelSender {
 public:
  explicit OutputChannel(std::string label) : label_(std::move(label)) {}

  // --- the writing task
  // Waits for a credit. False when the channel is closed or stopped: the buffer is dropped.
  bool Send(DataBuffer buffer);
  // No record follows. Waits until the receiver is there; false as above.
  bool End();
  // Tells the receiver, if it is there, that the task failed.
  void Abort(const std::string& cause);
  // Wakes and ends every wait, now and later.
  void Stop();
  // Why the receiver closed it; "" when it did not.
  std::string close_cause() const;
  const std::string& label() const { return label_; }

  // --- the transport
  // Before the first Grant(). A task that has failed meanwhile tells the receiver at once.
  void Connect(std::shared_ptr<ChannelReceiver> receiver);
  void Grant(int32_t credits) override;
  void Close(const std::string& cause) override;

 private:
  bool WaitForReceiver(bool takes_credit);

  const std::string label_;
  mutable platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::shared_ptr<ChannelReceiver> receiver_ WEIR_GUARDED_BY(mutex_);
  bool granted_ WEIR_GUARDED_BY(mutex_) = false;
  int32_t credits_ WEIR_GUARDED_BY(mutex_) = 0;
  bool stopped_ WEIR_GUARDED_BY(mutex_) = false;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
  std::string abort_cause_ WEIR_GUARDED_BY(mutex_);  // "" = not aborted
  std::string close_cause_ WEIR_GUARDED_BY(mutex_);
};

// The receiving ends of all inputs of one task.
class InputGate {
 public:
  struct Source {
    int32_t vertex = 0;
    int32_t subtask = 0;
    std::string label;  // for messages
  };
  struct Item {
    size_t channel = 0;
    DataBuffer buffer;
  };
  enum class Outcome { kBuffer, kNothingYet, kEndOfInput, kStopped, kFailed };

  explicit InputGate(std::vector<Source> sources);

  // --- the reading task
  // The next buffer, from the channels in the order in which buffers came. TryTake does not wait.
  Outcome Take(Item& item);
  Outcome TryTake(Item& item);
  // After kFailed: why, beginning with kInheritedFailure.
  std::string failure() const;
  const Source& source(size_t channel) const { return sources_[channel]; }
  size_t channels() const { return sources_.size(); }
  // Wakes the reader; senders are closed with the cause, now and when they come later. With ""
  // they are left waiting: someone else stops them (a job that is canceled as a whole).
  void Stop(const std::string& cause);

  // --- transports
  // Gives a sender its channel: calls `on_channel` with it, then grants the credits; a stopped gate
  // closes the sender instead of that. False, and no call, when this task does not read from it or
  // when it is attached already.
  [[nodiscard]] bool Attach(int32_t vertex,
                            int32_t subtask,
                            const std::shared_ptr<ChannelSender>& sender,
                            const std::function<void(size_t)>& on_channel);
  // False when the sender had no credit for it, or had ended: a fault of the peer.
  [[nodiscard]] bool Deliver(size_t channel, DataBuffer buffer);
  void End(size_t channel);
  // The sender or the way from it is lost. No effect after its end.
  void Fail(size_t channel, const std::string& cause);

  int32_t credits_per_channel() const { return credits_; }
  size_t buffers_waiting() const;

 private:
  struct Channel {
    std::shared_ptr<ChannelSender> sender;
    int32_t outstanding = 0;  // granted and not used
    int32_t consumed = 0;     // taken and not granted again
    bool attached = false;
    bool ended = false;
  };
  Outcome Poll(Item& item) WEIR_REQUIRES(mutex_);
  // The sender to grant more to, if it is time.
  std::shared_ptr<ChannelSender> CreditAfter(size_t channel, int32_t& grant) WEIR_REQUIRES(mutex_);

  const std::vector<Source> sources_;
  const int32_t credits_;
  mutable platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::vector<Channel> channels_ WEIR_GUARDED_BY(mutex_);
  std::deque<Item> waiting_ WEIR_GUARDED_BY(mutex_);
  size_t ended_ WEIR_GUARDED_BY(mutex_) = 0;
  bool stopped_ WEIR_GUARDED_BY(mutex_) = false;
  std::string stop_cause_ WEIR_GUARDED_BY(mutex_);
  bool failed_ WEIR_GUARDED_BY(mutex_) = false;
  std::string failure_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_CHANNEL_H_
