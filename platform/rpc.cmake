# The event loop, and remote calls over it.
weir_library(weir_event_loop
  SOURCES clock.cc event_loop.cc
  DEPENDS weir_common Boost::headers Threads::Threads)
