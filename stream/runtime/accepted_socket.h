// AcceptedSocket: a socket on its way from the listener to its connection. Includes Boost.Asio:
// for .cc files of this folder only.
#ifndef WEIR_STREAM_RUNTIME_ACCEPTED_SOCKET_H_
#define WEIR_STREAM_RUNTIME_ACCEPTED_SOCKET_H_

#include <boost/asio/ip/tcp.hpp>

namespace weir::stream {

struct AcceptedSocket {
  boost::asio::ip::tcp::socket socket;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_ACCEPTED_SOCKET_H_
