#include "nodemanager/executor/log_collector.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "nodemanager/executor/archive_directories.h"
#include "nodemanager/executor/log_owner.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

constexpr int kFileMode = 0640;
constexpr int64_t kSmallBytes = 64 << 10;
constexpr seconds kShortWait{600};
constexpr seconds kLongWait{3600};
constexpr size_t kRememberedMax = 20'000;
// Identities of the logs that say what a bound kept out.
constexpr uint64_t kArchiveFull = 1;
constexpr uint64_t kTooManyFiles = 2;

}  // namespace

LogCollector::LogCollector(platform::FileSystem& files,
                           const ContainerDirectories& directories,
                           CollectorOptions options)
    : files_(files), directories_(directories), options_(std::move(options)) {}

Status LogCollector::Open() {
  if (writer_) {
    WEIR_ASSIGN_OR_RETURN(const bool in_place, writer_->IsInPlace());
    if (in_place) return {};
    // Everything that is still here is collected once more.
    Close();
  }
  // Every directory on the way is ours from here on: by its path nothing else can be reached.
  WEIR_ASSIGN_OR_RETURN(const auto directory,
                        MakeArchiveDirectory(options_.root, options_.user, options_.application));
  WEIR_ASSIGN_OR_RETURN(
      writer_,
      logs::LogArchiveWriter::Open(
          files_,
          path(),
          {options_.application, options_.user, options_.node, platform::WallNow()},
          kFileMode));
  beginnings_.clear();
  const Status given = GiveArchiveToUser(directory, options_.node, options_.user);
  if (!given.ok()) {
    platform::LogWarn("nm.aggregation",
                      options_.user,
                      "cannot give a log archive to its user",
                      {{"path", path()}, {"cause", given.error().ToString()}});
  }
  return {};
}

Result<CollectedRound> LogCollector::Round(bool last, const std::atomic<bool>& stop) {
  Pass pass{.last = last, .stop = stop};
  Status status = Open();
  if (status.ok()) {
    for (const ContainerId& id : ContainersWithLogs(directories_, options_.application)) {
      status = CollectContainer(id, pass);
      if (!status.ok()) break;
    }
  }
  const bool stopped = !status.ok() && status.error().code == ErrorCode::kAborted;
  if (status.ok() || stopped) {
    const bool finish = status.ok() && last && !pass.unread;
    const Status durable = finish ? writer_->Finish() : writer_->Sync();
    if (!durable.ok()) status = durable;
  }
  if (status.ok()) status = KeepYoung(pass.round);
  if (!status.ok()) {
    if (!stopped) Close();
    return status.error();
  }
  if (pass.unread) return *pass.unread;
  ForgetWhatIsGone(pass);
  return pass.round;
}

Status LogCollector::KeepYoung(const CollectedRound& round) {
  const Instant now = platform::MonotonicNow();
  if (round.bytes > 0) touched_ = now;
  if (now - touched_ < options_.touch_period) return {};
  touched_ = now;
  if (::utimensat(AT_FDCWD, path().c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0) return {};
  return platform::SystemError("touch", path(), errno);
}

Status LogCollector::CollectContainer(const ContainerId& id, Pass& pass) {
  const auto unread = [&pass](const Error& error) {
    // Removed meanwhile: there is nothing left to collect.
    if (error.code != ErrorCode::kNotFound && !pass.unread) pass.unread = error;
    return Status();
  };
  const auto directory = LogDirectory::Open(directories_, id);
  if (!directory.ok()) return unread(directory.error());
  const auto owner = ReadLogOwner(directories_, id);
  auto listing = directory->Look();
  if (!listing.ok()) return unread(listing.error());
  // What is known first: the rest of a log that was renamed comes before what took its name.
  std::stable_partition(listing->files.begin(), listing->files.end(), [&](const LogFile& file) {
    return writer_->Find(id, file.identity) != nullptr;
  });
  pass.seen.try_emplace(id);
  for (const LogFile& file : listing->files) {
    WEIR_RETURN_IF_ERROR(CollectFile(*directory, file, owner ? owner->role : "", pass));
  }
  if (listing->left_out == 0) return {};
  return SayLeftOut(id,
                    kTooManyFiles,
                    "The container has more than " + std::to_string(LogDirectory::kFilesMax) +
                        " log files. The others are not collected.\n",
                    pass);
}

std::pair<uint64_t, int64_t> LogCollector::Place(const ContainerId& id, const LogFile& file) {
  uint64_t& beginning = beginnings_[{id, file.identity}];
  const auto identity = [&] { return file.identity + beginning * logs::kBeginningStep; };
  while (writer_->Find(id, identity() + logs::kBeginningStep) != nullptr) ++beginning;
  const logs::Collected* collected = writer_->Find(id, identity());
  if (collected != nullptr && collected->end > file.end) {
    ++beginning;
    collected = nullptr;
  }
  const int64_t from = collected == nullptr ? 0 : collected->end;
  return {identity(), std::max(from, file.begin)};
}

bool LogCollector::IsFull() const {
  return writer_->size() >= options_.max_bytes || writer_->pieces() >= options_.max_pieces;
}

bool LogCollector::Waits(const File& file, int64_t bytes) const {
  const int64_t fifths = writer_->pieces() * 5 / std::max<int64_t>(1, options_.max_pieces);
  if (fifths < 1 || bytes >= kSmallBytes) return false;
  const auto taken = taken_.find(file);
  return taken != taken_.end() &&
         platform::MonotonicNow() - taken->second < (fifths < 3 ? kShortWait : kLongWait);
}

Status LogCollector::SayLeftOut(const ContainerId& id,
                                uint64_t reason,
                                const std::string& words,
                                Pass& pass) {
  pass.round.left_out = true;
  pass.seen[id].insert(reason);
  if (writer_->Find(id, reason) != nullptr) return {};
  platform::LogWarn("nm.aggregation", id.ToString(), "not all of its logs are collected");
  logs::LogPiece piece;
  piece.container = id;
  piece.name = kLeftOutName;
  piece.identity = reason;
  piece.length = static_cast<int64_t>(words.size());
  piece.modified = platform::WallNow();
  return writer_->Append(piece, words);
}

// Of what is not on the disk any more nothing has to be known: no such file can come again. Few are
// kept, as a file system that does not say when a file was made may use its number again.
void LogCollector::ForgetWhatIsGone(const Pass& pass) {
  const bool many = writer_->remembered() > kRememberedMax;
  const auto keep = [&](const ContainerId& id, uint64_t identity) {
    const auto container = pass.seen.find(id);
    return container != pass.seen.end() && (!many || container->second.contains(identity));
  };
  const auto gone = [&](const auto& entry) { return !keep(entry.first.first, entry.first.second); };
  writer_->Forget(keep);
  std::erase_if(taken_, gone);
  std::erase_if(beginnings_, gone);
}

// It was emptied or replaced under our hands.
Status LogCollector::LeaveToNextRound(const LogFile& file, Pass& pass) {
  if (pass.last && !pass.unread) {
    pass.unread =
        Error{ErrorCode::kUnavailable, "'" + file.name + "' changed while it was collected", ""};
  }
  return {};
}

Status LogCollector::CollectFile(const LogDirectory& directory,
                                 const LogFile& file,
                                 const std::string& role,
                                 Pass& pass) {
  const ContainerId& id = directory.id();
  const auto [identity, position] = Place(id, file);
  pass.seen[id].insert({file.identity, identity});
  const logs::Collected* known = writer_->Find(id, identity);
  // A file without a byte is a log too.
  if (position == file.end && known != nullptr) return {};
  if (known != nullptr && !pass.last && Waits({id, identity}, file.end - position)) return {};
  if (IsFull()) {
    return SayLeftOut(id,
                      kArchiveFull,
                      "This file of collected logs has reached its size. What the container wrote "
                      "since " +
                          ToIso8601(platform::WallNow()) + " is not collected.\n",
                      pass);
  }
  const auto log = directory.OpenFile(file.name);
  if (!log.ok()) {
    if (log.error().code != ErrorCode::kNotFound && !pass.unread) pass.unread = log.error();
    return {};
  }
  if (log->file.identity != file.identity) return LeaveToNextRound(file, pass);
  logs::LogPiece piece;
  piece.container = id;
  piece.role = role;
  piece.name = known != nullptr ? known->name : file.name;
  piece.identity = identity;
  piece.modified = file.modified;
  piece.position = position;
  taken_[{id, identity}] = platform::MonotonicNow();
  return CopyBytes(*log, file, piece, pass);
}

Status LogCollector::CopyBytes(const OpenLog& log,
                               const LogFile& file,
                               logs::LogPiece& piece,
                               Pass& pass) {
  std::string chunk(logs::kPieceBytes, '\0');
  do {
    if (pass.stop) return Error{ErrorCode::kAborted, "the NodeManager is stopping", ""};
    const auto wanted = static_cast<size_t>(
        std::min<int64_t>(static_cast<int64_t>(chunk.size()), file.end - piece.position));
    const ssize_t count =
        options_.read(log.descriptor->get(), chunk.data(), wanted, piece.position);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      if (!pass.unread) pass.unread = platform::SystemError("read", file.name, errno);
      return {};
    }
    if (count == 0 && wanted > 0) return LeaveToNextRound(file, pass);
    piece.length = count;
    WEIR_RETURN_IF_ERROR(
        writer_->Append(piece, std::string_view(chunk.data(), static_cast<size_t>(count))));
    piece.position += count;
    pass.round.bytes += count;
  } while (piece.position < file.end);
  return {};
}

}  // namespace weir::nm
