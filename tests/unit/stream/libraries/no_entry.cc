// A shared library that is no job.
extern "C" __attribute__((visibility("default"))) int answer() {
  return 42;
}
