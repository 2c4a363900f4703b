# Every third-party library, as an imported or interface target. All of them are Debian packages
# (see docs/development.md for why each is here).
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Boost 1.81 REQUIRED)
# Not its CMake package: that one wants snappy's development files, which nothing here needs.
find_library(WEIR_LEVELDB leveldb REQUIRED)
pkg_check_modules(SPDLOG REQUIRED IMPORTED_TARGET spdlog)
pkg_check_modules(PUGIXML REQUIRED IMPORTED_TARGET pugixml)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
find_package(nlohmann_json REQUIRED)
find_path(WEIR_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
find_path(WEIR_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
find_library(WEIR_PROMETHEUS_CORE prometheus-cpp-core REQUIRED)
find_library(WEIR_XXHASH xxhash REQUIRED)
find_library(WEIR_LIBCGROUP cgroup REQUIRED)
add_library(weir_libcgroup INTERFACE)
target_link_libraries(weir_libcgroup INTERFACE ${WEIR_LIBCGROUP})
find_library(WEIR_RAPIDCHECK rapidcheck)

# The shared libthrift of Debian pulls in Qt; the static archive does not.
find_library(WEIR_THRIFT NAMES libthrift.a REQUIRED)
find_program(WEIR_THRIFT_COMPILER thrift REQUIRED)
add_library(weir_thrift INTERFACE)
target_link_libraries(weir_thrift INTERFACE ${WEIR_THRIFT} OpenSSL::SSL Threads::Threads)
