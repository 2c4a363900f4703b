// A job library of another version; its entry point must not be called.
#include <cstdlib>

extern "C" {
__attribute__((visibility("default"))) extern const char weir_stream_job_abi[];
const char weir_stream_job_abi[] = "weir-stream-abi 0 ancient";
__attribute__((visibility("default"))) void weir_stream_job_main(void*, const void*);
}
void weir_stream_job_main(void*, const void*) {
  std::abort();
}
