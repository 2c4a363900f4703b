#include "nodemanager/executor/log_collector.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "nodemanager/executor/log_owner.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

// The directories stay ours: a user could otherwise put a link in the place of one, and we would
// follow it. Everybody may look at the names; the files are their users'.
constexpr int kDirectoryMode = 0755;
constexpr int kFileMode = 0640;
constexpr uint64_t kBeginningStep = 0x9E3779B97F4A7C15u;

// As root: the file is given to the user, who is to read it. The group stays ours.
void GiveToUser(const std::string& path, const std::string& user) {
  if (::geteuid() != 0) return;
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found) != 0 || !found) return;
  if (::lchown(path.c_str(), entry.pw_uid, static_cast<gid_t>(-1)) == 0) return;
  platform::LogWarn(
      "nm.aggregation",
      user,
      "cannot give a log archive to its user",
      {{"path", path}, {"cause", platform::SystemError("chown", path, errno).ToString()}});
}

}  // namespace

LogCollector::LogCollector(platform::FileSystem& files,
                           const ContainerDirectories& directories,
                           CollectorOptions options)
    : files_(files), directories_(directories), options_(std::move(options)) {}

Status LogCollector::Open() {
  if (writer_) return {};
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(
      options_.root.ApplicationDirectory(options_.user, options_.application), kDirectoryMode));
  WEIR_ASSIGN_OR_RETURN(
      writer_,
      logs::LogArchiveWriter::Open(
          files_,
          path(),
          {options_.application, options_.user, options_.node, platform::WallNow()},
          kFileMode));
  beginnings_.clear();
  GiveToUser(path(), options_.user);
  return {};
}

Result<int64_t> LogCollector::Round(bool last, const std::atomic<bool>& stop) {
  int64_t bytes = 0;
  Status status = Open();
  if (status.ok()) {
    for (const ContainerId& id : ContainersWithLogs(directories_, options_.application)) {
      status = CollectContainer(id, stop, bytes);
      if (!status.ok()) break;
    }
  }
  const bool stopped = !status.ok() && status.error().code == ErrorCode::kAborted;
  if (status.ok() || stopped) {
    const Status durable = status.ok() && last ? writer_->Finish() : writer_->Sync();
    if (!durable.ok()) status = durable;
  }
  if (status.ok()) return bytes;
  if (!stopped) Close();
  return status.error();
}

Status LogCollector::CollectContainer(const ContainerId& id,
                                      const std::atomic<bool>& stop,
                                      int64_t& bytes) {
  const auto directory = LogDirectory::Open(directories_, id);
  // Removed meanwhile: there is nothing left to collect.
  if (!directory.ok() && directory.error().code == ErrorCode::kNotFound) return {};
  if (!directory.ok()) return directory.error();
  const auto owner = ReadLogOwner(files_, directories_, id);
  WEIR_ASSIGN_OR_RETURN(auto files, directory->List());
  // What is known first: the rest of a log that was renamed comes before what took its name.
  std::stable_partition(files.begin(), files.end(), [&](const LogFile& file) {
    return writer_->Find(id, file.identity) != nullptr;
  });
  for (const LogFile& file : files) {
    WEIR_RETURN_IF_ERROR(CollectFile(*directory, file, owner ? owner->role : "", stop, bytes));
  }
  return {};
}

std::pair<uint64_t, int64_t> LogCollector::Place(const ContainerId& id, const LogFile& file) {
  uint64_t& beginning = beginnings_[{id, file.identity}];
  const auto identity = [&] { return file.identity + beginning * kBeginningStep; };
  while (writer_->Find(id, identity() + kBeginningStep) != nullptr) ++beginning;
  const logs::Collected* collected = writer_->Find(id, identity());
  if (collected != nullptr && collected->end > file.end) {
    ++beginning;
    collected = nullptr;
  }
  const int64_t from = collected == nullptr ? 0 : collected->end;
  return {identity(), std::max(from, file.begin)};
}

Status LogCollector::CollectFile(const LogDirectory& directory,
                                 const LogFile& file,
                                 const std::string& role,
                                 const std::atomic<bool>& stop,
                                 int64_t& bytes) {
  auto [identity, position] = Place(directory.id(), file);
  const logs::Collected* known = writer_->Find(directory.id(), identity);
  // A file without a byte is a log too.
  if (position == file.end && known != nullptr) return {};
  const auto log = directory.OpenFile(file.name);
  if (!log.ok()) return log.error().code == ErrorCode::kNotFound ? Status() : log.error();
  if (log->file.identity != file.identity) return {};  // replaced just now: the next round
  logs::LogPiece piece;
  piece.container = directory.id();
  piece.role = role;
  piece.name = known != nullptr ? known->name : file.name;
  piece.identity = identity;
  piece.modified = file.modified;
  std::string chunk(logs::kPieceBytes, '\0');
  do {
    if (stop) return Error{ErrorCode::kAborted, "the NodeManager is stopping", ""};
    const auto wanted = static_cast<size_t>(
        std::min<int64_t>(static_cast<int64_t>(chunk.size()), file.end - position));
    const size_t count = platform::ReadAt(log->descriptor->get(), position, chunk.data(), wanted);
    if (count == 0 && wanted > 0) return {};  // emptied just now: the next round
    piece.position = position;
    piece.length = static_cast<int64_t>(count);
    WEIR_RETURN_IF_ERROR(writer_->Append(piece, std::string_view(chunk.data(), count)));
    position += static_cast<int64_t>(count);
    bytes += static_cast<int64_t>(count);
  } while (position < file.end);
  return {};
}

}  // namespace weir::nm
