// WEIR_STREAM_JOB: the entry point of a job library, a shared object that holds one job.
//
//   WEIR_STREAM_JOB(env, arguments) { env.ReadTextFiles({arguments.at(0)})...; }
//
// It exports two symbols: weir_stream_job_abi, a text that names the version of this API and is
// compared before anything of the library is called; weir_stream_job_main, the program. Build with
//   g++ -std=c++20 -O2 -fPIC -shared -I <weir's headers> job.cc -o job.so
// No library of Weir is linked: the API is headers only.
#ifndef WEIR_STREAM_API_JOB_LIBRARY_H_
#define WEIR_STREAM_API_JOB_LIBRARY_H_

#include <string>
#include <vector>

#include "stream/api/data_stream.h"

// Raise the number with every change of a type that both sides see (task_context.h, OperatorSpec,
// StreamEnvironment).
#define WEIR_STREAM_ABI_NUMBER "1"
#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
#define WEIR_STREAM_ABI "weir-stream-abi " WEIR_STREAM_ABI_NUMBER " libstdc++ cxx11"
#else
#define WEIR_STREAM_ABI "weir-stream-abi " WEIR_STREAM_ABI_NUMBER " other"
#endif

#define WEIR_STREAM_ABI_SYMBOL "weir_stream_job_abi"
#define WEIR_STREAM_MAIN_SYMBOL "weir_stream_job_main"

#define WEIR_STREAM_JOB(env, arguments)                                                   \
  extern "C" {                                                                            \
  __attribute__((visibility("default"))) extern const char weir_stream_job_abi[];         \
  const char weir_stream_job_abi[] = WEIR_STREAM_ABI;                                     \
  __attribute__((visibility("default"))) void weir_stream_job_main(                       \
      ::weir::stream::StreamEnvironment& env, const std::vector<std::string>& arguments); \
  }                                                                                       \
  void weir_stream_job_main([[maybe_unused]] ::weir::stream::StreamEnvironment& env,      \
                            [[maybe_unused]] const std::vector<std::string>& arguments)

#endif  // WEIR_STREAM_API_JOB_LIBRARY_H_
