# One interface target with the warning set of our own code. Generated code does not link it.
add_library(weir_warnings INTERFACE)
target_compile_options(weir_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wswitch-enum
  # Designated initialisers leave the rest at its default on purpose.
  -Wno-missing-field-initializers
  -Wnon-virtual-dtor -Wold-style-cast -Wunused-result -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(weir_warnings INTERFACE -Wthread-safety)
else()
  # g++ 12 is wrong about variants and strings when it optimises; the sanitizers look instead.
  target_compile_options(weir_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()
