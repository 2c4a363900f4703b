#include "nodemanager/executor/archive_extractor.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "platform/file_descriptor.h"

namespace weir::nm {
namespace {

constexpr int kWritable = 0755;
constexpr int kDirectoryMode = 0555;
constexpr int kReadable = 0444;
constexpr int kExecutable = 0111;
constexpr size_t kBlock = 128u << 10;

struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeReader>;

Error Damaged(archive* reader) {
  const char* cause = archive_error_string(reader);
  return {ErrorCode::kCorruption,
          std::string("the archive cannot be read: ") + (cause == nullptr ? "damaged" : cause),
          "tar (plain, gzip, xz, zstd) and zip are read"};
}

Result<Reader> Open(const std::string& path) {
  Reader reader(archive_read_new());
  if (reader == nullptr) return Error{ErrorCode::kResourceExhausted, "no memory", ""};
  // A warning means that a program would be run for it.
  for (const auto enable : {archive_read_support_format_tar,
                            archive_read_support_format_zip,
                            archive_read_support_filter_gzip,
                            archive_read_support_filter_xz,
                            archive_read_support_filter_zstd}) {
    if (enable(reader.get()) != ARCHIVE_OK) {
      return Error{ErrorCode::kInternal, "libarchive lacks a format that is needed", ""};
    }
  }
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) {
    return Damaged(reader.get());
  }
  return reader;
}

// Names that are no text of the process's locale come as UTF-8.
std::string Text(const char* plain, const char* utf8) {
  if (plain != nullptr) return plain;
  return utf8 == nullptr ? "" : utf8;
}

EntryKind KindOf(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return EntryKind::kHardLink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return EntryKind::kFile;
    case AE_IFDIR:
      return EntryKind::kDirectory;
    case AE_IFLNK:
      return EntryKind::kSymbolicLink;
    default:
      return EntryKind::kSpecial;
  }
}

ArchiveEntry Describe(archive_entry* entry) {
  ArchiveEntry described;
  described.path = Text(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
  described.kind = KindOf(entry);
  described.mode = static_cast<int>(archive_entry_perm(entry));
  if (described.kind == EntryKind::kSpecial) {
    described.mode |= static_cast<int>(archive_entry_filetype(entry));
    described.device = archive_entry_rdev(entry);
  }
  if (described.kind == EntryKind::kHardLink) {
    described.target = Text(archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry));
  } else if (described.kind == EntryKind::kSymbolicLink) {
    described.target = Text(archive_entry_symlink(entry), archive_entry_symlink_utf8(entry));
  }
  return described;
}

class Extraction {
 public:
  Extraction(platform::FileSystem& files, const ArchiveJob& job, Reader reader, int64_t bytes)
      : files_(files),
        job_(job),
        reader_(std::move(reader)),
        rules_(job.limits, job.protections, bytes) {}

  Result<Extracted> Run() {
    WEIR_RETURN_IF_ERROR(files_.MakeDirectories(job_.directory, kWritable));
    while (true) {
      if (job_.called_off.load()) {
        return Error{ErrorCode::kAborted, "unpacking was called off", ""};
      }
      archive_entry* entry = nullptr;
      const int read = archive_read_next_header(reader_.get(), &entry);
      if (read == ARCHIVE_EOF) break;
      if (read != ARCHIVE_OK && read != ARCHIVE_WARN) return Damaged(reader_.get());
      WEIR_RETURN_IF_ERROR(Write(Describe(entry)));
    }
    if (rules_.entries() == 0) {
      return Error{ErrorCode::kCorruption, "the archive cannot be read: it has no entry", ""};
    }
    WEIR_RETURN_IF_ERROR(CloseDirectories());
    return Extracted{static_cast<int64_t>(rules_.seen().size()), rules_.bytes()};
  }

 private:
  // A path is absolute only when the rule is off.
  std::string At(const std::string& path) const {
    return path.starts_with('/') ? path : job_.directory + "/" + path;
  }

  Status Write(const ArchiveEntry& entry) {
    WEIR_ASSIGN_OR_RETURN(const ArchiveRules::Place place, rules_.Admit(entry));
    for (const std::string& directory : place.directories) {
      WEIR_RETURN_IF_ERROR(files_.MakeDirectories(At(directory), kWritable));
    }
    if (place.path.empty()) return {};
    if (place.exists) {
      if (entry.kind == EntryKind::kDirectory) return {};
      // The later of two files of one name counts, as everywhere; the first may not be writable.
      if (job_.protections.link) WEIR_RETURN_IF_ERROR(files_.Remove(At(place.path)));
    }
    switch (entry.kind) {
      case EntryKind::kFile:
        return WriteFile(entry, At(place.path));
      case EntryKind::kDirectory:
        return files_.MakeDirectories(At(place.path), kWritable);
      case EntryKind::kSymbolicLink:
        return files_.MakeSymbolicLink(entry.target, At(place.path));
      case EntryKind::kHardLink:
        return files_.HardLink(At(place.target), At(place.path));
      case EntryKind::kSpecial:  // only when its rule is off
        return MakeSpecial(entry, At(place.path));
    }
    return {};
  }

  static Status MakeSpecial(const ArchiveEntry& entry, const std::string& path) {
    if (::mknod(path.c_str(), static_cast<mode_t>(entry.mode), entry.device) == 0) return {};
    return platform::SystemError("make", path, errno);
  }

  Status WriteFile(const ArchiveEntry& entry, const std::string& path) {
    int mode = kReadable | ((entry.mode & kExecutable) != 0 ? kExecutable : 0);
    if (!job_.protections.mode) mode = entry.mode;
    WEIR_ASSIGN_OR_RETURN(const auto file, files_.Create(path, mode));
    std::string block(kBlock, '\0');
    while (true) {
      if (job_.called_off.load()) {
        return Error{ErrorCode::kAborted, "unpacking was called off", ""};
      }
      const la_ssize_t count = archive_read_data(reader_.get(), block.data(), block.size());
      if (count < 0) return Damaged(reader_.get());
      if (count == 0) return file->Close();
      WEIR_RETURN_IF_ERROR(rules_.Expand(entry.path, static_cast<int64_t>(count)));
      WEIR_RETURN_IF_ERROR(file->Append({block.data(), static_cast<size_t>(count)}));
    }
  }

  Status CloseDirectories() {
    for (const auto& [path, kind] : rules_.seen()) {
      if (kind == EntryKind::kDirectory) {
        WEIR_RETURN_IF_ERROR(files_.SetMode(At(path), kDirectoryMode));
      }
    }
    return files_.SetMode(job_.directory, kDirectoryMode);
  }

  platform::FileSystem& files_;
  const ArchiveJob& job_;
  const Reader reader_;
  ArchiveRules rules_;
};

}  // namespace

Result<Extracted> ExtractArchive(platform::FileSystem& files, const ArchiveJob& job) {
  WEIR_ASSIGN_OR_RETURN(const auto info, files.Stat(job.archive));
  WEIR_ASSIGN_OR_RETURN(Reader reader, Open(job.archive));
  return Extraction(files, job, std::move(reader), info.size).Run();
}

}  // namespace weir::nm
