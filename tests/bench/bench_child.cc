// The child that launch-latency starts: tells through a pipe when its main began, as the monotonic
// clock in nanoseconds (8 bytes). A static program of its own, so that what is measured is the
// launch and not the loading of the benchmark's libraries.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>

int main(int argc, char** argv) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t nanos = int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::puts(
        "Usage: weir-bench-child PIPE\n\n"
        "Writes the moment its main began to PIPE. 'weir-bench launch-latency' starts it.");
    return 0;
  }
  const int pipe = argc == 2 ? open(argv[1], O_WRONLY | O_CLOEXEC) : -1;
  return pipe >= 0 && write(pipe, &nanos, sizeof nanos) == sizeof nanos ? 0 : 1;
}
