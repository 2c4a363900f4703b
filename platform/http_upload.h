// HttpUpload: the body of a request on its way into a file, hashed as it comes.
//
// The file "upload-<uuid>" (0600) is removed with the object, unless somebody moved it away before.
// Single-threaded.
#ifndef WEIR_PLATFORM_HTTP_UPLOAD_H_
#define WEIR_PLATFORM_HTTP_UPLOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "platform/crypto.h"
#include "platform/file_system.h"

namespace weir::platform {

class HttpUpload {
 public:
  // Errors: those of FileSystem::Create.
  static Result<std::unique_ptr<HttpUpload>> Begin(const std::string& directory);
  ~HttpUpload();
  HttpUpload(const HttpUpload&) = delete;
  HttpUpload& operator=(const HttpUpload&) = delete;

  Status Append(std::string_view bytes);  // errors: those of WritableFile
  Status Finish();                        // call once, after the last Append

  const std::string& path() const { return path_; }
  const std::string& sha256() const { return sha256_; }  // after Finish

  // Removes what a killed process left in `directory`.
  static void RemoveLeftovers(const std::string& directory);

 private:
  HttpUpload(std::string path, std::unique_ptr<WritableFile> file);

  const std::string path_;
  std::unique_ptr<WritableFile> file_;
  Sha256Stream hash_;
  std::string sha256_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_HTTP_UPLOAD_H_
