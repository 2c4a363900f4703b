# The event loop, and remote calls over it.
weir_library(weir_event_loop
  SOURCES clock.cc event_loop.cc
  DEPENDS weir_common Boost::headers Threads::Threads)

weir_library(weir_rpc
  SOURCES
    authenticators.cc
    crypto.cc
    endpoint_set.cc
    framed_socket.cc
    rpc_security.cc
    secret_file.cc
    sockets.cc
    thrift_call.cc
    thrift_client.cc
    thrift_connection.cc
    thrift_protocol.cc
    thrift_server.cc
    token_encoding.cc
  DEPENDS weir_common weir_security weir_idl weir_event_loop OpenSSL::Crypto)
target_compile_definitions(weir_rpc PRIVATE WEIR_VERSION="${PROJECT_VERSION}")
