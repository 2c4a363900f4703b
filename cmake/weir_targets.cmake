# weir_library(target SOURCES a.cc... DEPENDS x y): one folder, one static library, warnings on.
function(weir_library target)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${target} STATIC ${arg_SOURCES})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS} PRIVATE weir_warnings)
endfunction()

# weir_binary(target SOURCES a.cc... DEPENDS x y): an executable in build/bin.
function(weir_binary target)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_DEPENDS} weir_warnings)
endfunction()

# weir_test(name LABEL unit TIMEOUT 60 SOURCES a_test.cc... DEPENDS x y): one GoogleTest program,
# one CTest entry. A test program builds in build/tests.
function(weir_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} weir_warnings GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set(environment "WEIR_BIN_DIR=${CMAKE_BINARY_DIR}/bin;WEIR_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
  if(WEIR_SANITIZE STREQUAL "address")
    list(APPEND environment
      "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0")
  elseif(WEIR_SANITIZE STREQUAL "thread")
    list(APPEND environment
      "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/tsan.supp:print_suppressions=0")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${environment}")
endfunction()
