#include "stream/runtime/job_library.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <utility>

#include "stream/api/job_library.h"

namespace weir::stream {
namespace {

constexpr char kRemedy[] = "build it with WEIR_STREAM_JOB from stream/api/job_library.h";

Error Invalid(std::string message, std::string remedy) {
  return Error{ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

std::string LastLoaderError() {
  const char* text = dlerror();
  return text == nullptr ? "unknown error of the loader" : text;
}

}  // namespace

Result<JobLibrary> JobLibrary::Load(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return Error{ErrorCode::kNotFound,
                 "job library " + path + ": " + std::strerror(errno),
                 "check the path of the library"};
  }
  if (!S_ISREG(info.st_mode)) {
    return Invalid("job library " + path + " is not a shared library: it is not a file", kRemedy);
  }
  // A name without a slash would be searched for in the system's directories.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return Invalid(
        "job library " + path + " is not a shared library that loads here: " + LastLoaderError(),
        kRemedy);
  }
  const void* abi = dlsym(handle, WEIR_STREAM_ABI_SYMBOL);
  void* main = dlsym(handle, WEIR_STREAM_MAIN_SYMBOL);
  if (abi == nullptr || main == nullptr) {
    return Invalid("job library " + path + " has no entry point (" +
                       (abi == nullptr ? WEIR_STREAM_ABI_SYMBOL : WEIR_STREAM_MAIN_SYMBOL) + ")",
                   kRemedy);
  }
  // Bounded: whatever the symbol points to, no more than our own text is read.
  const auto* text = static_cast<const char*>(abi);
  if (std::strncmp(text, WEIR_STREAM_ABI, sizeof(WEIR_STREAM_ABI)) != 0) {
    const std::string found(text, strnlen(text, 64));
    return Invalid("job library " + path + " was built against another version: it says '" + found +
                       "', this is '" WEIR_STREAM_ABI "'",
                   "build it again with the headers of this version");
  }
  return JobLibrary(path, reinterpret_cast<Main>(main));
}

Result<JobProgram> JobLibrary::BuildProgram(const std::vector<std::string>& arguments,
                                            int32_t parallelism) const {
  auto env = std::make_unique<StreamEnvironment>(parallelism);
  std::string thrown;
  try {
    main_(*env, arguments);
    return stream::BuildProgram(std::move(env));
  } catch (const std::exception& exception) {
    thrown = exception.what();
  } catch (...) {  // a program may throw anything; it becomes the cause
    thrown = "something that is not a std::exception";
  }
  return Invalid("the program of " + path_ + " threw while the graph was built: " + thrown,
                 "check the arguments of the job");
}

}  // namespace weir::stream
