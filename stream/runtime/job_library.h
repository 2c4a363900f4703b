// JobLibrary: a shared object with one job, loaded into this process.
//
// Libraries are loaded with RTLD_LOCAL and never unloaded: code of theirs may be referred to from
// anywhere. Immutable after loading; BuildProgram() may be called from any thread.
#ifndef WEIR_STREAM_RUNTIME_JOB_LIBRARY_H_
#define WEIR_STREAM_RUNTIME_JOB_LIBRARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "stream/api/program.h"

namespace weir::stream {

class JobLibrary {
 public:
  // kNotFound: no such file. kInvalidArgument: not a shared library (or one that does not load),
  // no entry point, built against another version. Each message names the path.
  static Result<JobLibrary> Load(const std::string& path);

  // Runs the program up to its graph. kInvalidArgument: it threw (with its message), or the graph
  // is not valid. A crash or an endless loop in the program is the caller's to bound.
  Result<JobProgram> BuildProgram(const std::vector<std::string>& arguments,
                                  int32_t parallelism) const;

 private:
  using Main = void (*)(StreamEnvironment&, const std::vector<std::string>&);
  JobLibrary(std::string path, Main main) : path_(std::move(path)), main_(main) {}

  std::string path_;
  Main main_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_JOB_LIBRARY_H_
