// FramedSocket: the blocking client's transport: whole frames over a connected socket, until a
// deadline, interruptible from another thread through a descriptor. Private to the client.
//
// Errors are Thrift's TTransportException: TIMED_OUT, INTERRUPTED, END_OF_FILE (the peer closed),
// CORRUPTED_DATA (a frame over the limit), UNKNOWN. Single-threaded.
#ifndef WEIR_PLATFORM_FRAMED_SOCKET_H_
#define WEIR_PLATFORM_FRAMED_SOCKET_H_

#include <thrift/transport/TVirtualTransport.h>

#include <cstdint>
#include <string>

#include "common/time.h"
#include "platform/sockets.h"

namespace weir::platform {

class FramedSocket : public apache::thrift::transport::TVirtualTransport<FramedSocket> {
 public:
  // `wake` becomes readable when the work shall end; not owned.
  FramedSocket(FileDescriptor fd, int wake);

  void SetDeadline(Instant deadline) { deadline_ = deadline; }
  // The peer closed, or sent what nobody asked for, since the last call.
  bool IsStale() const;
  // Of the frame being read.
  uint32_t available_read() const { return static_cast<uint32_t>(frame_.size() - frame_offset_); }

  bool isOpen() const override { return fd_.valid(); }
  void close() override { fd_ = FileDescriptor(); }
  void flush() override;
  uint32_t readEnd() override;
  uint32_t read(uint8_t* buffer, uint32_t length);
  void write(const uint8_t* buffer, uint32_t length);
  const uint8_t* borrow(uint8_t* buffer, uint32_t* length);
  void consume(uint32_t length);

 private:
  void ReadFrame();
  void Receive(std::string& into, size_t count);
  void Await(short events);

  FileDescriptor fd_;
  const int wake_;
  Instant deadline_ = kNever;
  std::string output_;
  std::string frame_;
  size_t frame_offset_ = 0;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_FRAMED_SOCKET_H_
