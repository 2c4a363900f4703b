// A library that says so when it is loaded: for tests of what LD_PRELOAD reaches.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace {

__attribute__((constructor)) void Tell() {
  const char* const path = std::getenv("WEIR_TEST_PRELOADED");
  const int fd = path == nullptr ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0) close(fd);
}

}  // namespace
