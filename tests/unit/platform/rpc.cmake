weir_test(rpc_test LABEL unit
  SOURCES
    rpc_call_test.cc
    rpc_event_loop_test.cc
    rpc_hostile_test.cc
    rpc_park_test.cc
    rpc_places_test.cc
    rpc_raw_connection.cc
    rpc_security_test.cc
    rpc_test_service.cc
  DEPENDS weir_rpc)
