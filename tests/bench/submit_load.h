// SubmitLoad: clients of a ResourceManager, each with a connection of its own on which it submits
// an application of 1 KB, and the next one when that is acknowledged. They are what `weir` is on
// the wire, but cost little: all of them are one thread's.
//
// Single-threaded; blocks.
#ifndef WEIR_TESTS_BENCH_SUBMIT_LOAD_H_
#define WEIR_TESTS_BENCH_SUBMIT_LOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "platform/file_descriptor.h"
#include "tests/bench/closed_loop.h"

namespace weir::bench {

class SubmitLoad {
 public:
  // Connects all to the ResourceManager's socket.
  static Result<std::unique_ptr<SubmitLoad>> Connect(const std::string& socket, int64_t clients);
  ~SubmitLoad();

  // For so long, and `most` submissions at most. The first error ends it.
  Result<Measured> Run(Duration length, int64_t most);

 private:
  struct Client;
  SubmitLoad();
  Status Add(const std::string& socket, size_t number);
  Status Submit(Client& client);
  // Of those whose answers are there: notes the latency, and submits again until `end` or `most`.
  Status TakeAnswers(Instant end, int64_t most);

  platform::FileDescriptor poll_;
  std::vector<std::unique_ptr<Client>> clients_;
  int64_t submitted_ = 0;
  int64_t under_way_ = 0;
  std::vector<double> latencies_ms_;
};

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_SUBMIT_LOAD_H_
