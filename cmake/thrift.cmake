# weir_thrift_library(target file.thrift...): generated sources in the build tree only, as a static
# library whose headers are SYSTEM includes ("gen/<Service>.h").
function(weir_thrift_library target)
  set(out ${CMAKE_BINARY_DIR}/idl/gen)
  file(MAKE_DIRECTORY ${out})
  set(sources)
  foreach(idl ${ARGN})
    set(path ${CMAKE_CURRENT_SOURCE_DIR}/${idl})
    get_filename_component(name ${idl} NAME_WE)
    file(STRINGS ${path} services REGEX "^service ")
    set(outputs ${out}/${name}_types.cpp ${out}/${name}_types.h)
    foreach(line ${services})
      string(REGEX REPLACE "^service ([A-Za-z]+).*" "\\1" service ${line})
      list(APPEND outputs ${out}/${service}.cpp ${out}/${service}.h)
    endforeach()
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND ${WEIR_THRIFT_COMPILER} --gen cpp:cob_style,no_skeleton,moveable_types
              -I ${CMAKE_CURRENT_SOURCE_DIR} -out ${out} ${path}
      DEPENDS ${path} ${WEIR_IDL_COMMON}
      COMMENT "thrift ${idl}")
    foreach(output ${outputs})
      if(output MATCHES "\\.cpp$")
        list(APPEND sources ${output})
      endif()
    endforeach()
  endforeach()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/idl ${out})
  target_link_libraries(${target} PUBLIC weir_thrift)
  # Generated code is not ours to mend; clang has words about it.
  target_compile_options(${target} PRIVATE -w)
endfunction()
