#include "platform/http_upload.h"

#include <utility>

#include "platform/log.h"

namespace weir::platform {
namespace {

constexpr char kPrefix[] = "upload-";

void RemoveQuietly(const std::string& path) {
  const Status removed = FileSystem::Real().Remove(path);
  if (!removed.ok()) {
    LogWarn("http.upload", "-", "cannot remove an upload", {{"error", removed.error().ToString()}});
  }
}

}  // namespace

HttpUpload::HttpUpload(std::string path, std::unique_ptr<WritableFile> file)
    : path_(std::move(path)), file_(std::move(file)) {}

HttpUpload::~HttpUpload() {
  RemoveQuietly(path_);
}

Result<std::unique_ptr<HttpUpload>> HttpUpload::Begin(const std::string& directory) {
  std::string path = directory + "/" + kPrefix + RandomUuid();
  WEIR_ASSIGN_OR_RETURN(auto file, FileSystem::Real().Create(path, 0600));
  return std::unique_ptr<HttpUpload>(new HttpUpload(std::move(path), std::move(file)));
}

Status HttpUpload::Append(std::string_view bytes) {
  WEIR_RETURN_IF_ERROR(file_->Append(bytes));
  hash_.Update(bytes);
  return {};
}

Status HttpUpload::Finish() {
  WEIR_RETURN_IF_ERROR(file_->Close());
  sha256_ = hash_.FinishHex();
  return {};
}

void HttpUpload::RemoveLeftovers(const std::string& directory) {
  const auto names = FileSystem::Real().List(directory);
  if (!names.ok()) return;  // Begin reports a directory that cannot be used
  for (const std::string& name : *names) {
    if (name.starts_with(kPrefix)) RemoveQuietly(directory + "/" + name);
  }
}

}  // namespace weir::platform
