weir_test(rpc_test LABEL unit
  SOURCES rpc_call_test.cc rpc_test_service.cc
  DEPENDS weir_rpc)
