// ArchiveRules: what an archive may put into a directory, entry by entry, before anything of it is
// written.
//
// The directory is new and nobody else's, and everything in it comes from entries that passed: so
// what the rules have seen is what is there. Terms. Normal path: relative, without "." and empty
// parts. Rules (each named in its refusals):
//   name      a path of parts of at most 255 bytes, 4096 in all, at most 100 deep
//   absolute  no path begins with '/'
//   dotdot    no path has a part ".."
//   link      no entry passes through a symbolic link or replaces something of another kind; a
//             symbolic link is relative, goes up only with leading "..", and stays inside; a hard
//             link is to a file that came before
//   special   files, directories and links only: no devices, pipes, sockets
//   mode      no file with setuid or setgid
//   bomb      at most so many entries and bytes, at most so many times the archive's own size
// Symbolic links that only go up at their beginning resolve from a real directory, so that chains
// of them stay inside too.
//
// Owner: one extraction. Single-threaded.
#ifndef WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_RULES_H_
#define WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_RULES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace weir::nm {

struct ArchiveLimits {
  int64_t entries = 100'000;
  int64_t expanded_bytes = int64_t{4} << 30;
  int64_t ratio = 200;                           // expanded to the archive's own size,
  int64_t ratio_counts_from = int64_t{1} << 20;  // once it is so much
};

// For tests, which show that each rule is what holds an attack back: what a rule that is off would
// have refused is done as the archive says.
struct ArchiveProtections {
  bool name = true;
  bool absolute = true;
  bool dotdot = true;
  bool link = true;
  bool special = true;
  bool mode = true;
  bool bomb = true;
};

enum class EntryKind { kFile, kDirectory, kSymbolicLink, kHardLink, kSpecial };

struct ArchiveEntry {
  std::string path;  // as the archive has it
  EntryKind kind = EntryKind::kFile;
  std::string target;   // of links
  int mode = 0;         // permissions; of a special one its type too
  uint64_t device = 0;  // of a special one
};

class ArchiveRules {
 public:
  ArchiveRules(ArchiveLimits limits, ArchiveProtections protections, int64_t archive_bytes)
      : limits_(limits), protections_(protections), archive_bytes_(archive_bytes) {}

  struct Place {
    std::string path;                      // normal; "" = the directory itself, nothing to do
    std::vector<std::string> directories;  // to be made first, outermost first
    std::string target;                    // of a hard link: its normal path
    bool exists = false;                   // it is there already: nothing to do for a directory
  };
  // kInvalidArgument with the entry and the rule.
  Result<Place> Admit(const ArchiveEntry& entry);
  // Before so many more bytes of an entry are written.
  Status Expand(const std::string& path, int64_t bytes);

  int64_t entries() const { return entries_; }
  int64_t bytes() const { return bytes_; }
  const std::map<std::string, EntryKind>& seen() const { return seen_; }

 private:
  // The parts of a path, without "." and empty ones.
  Result<std::vector<std::string>> PartsOf(const std::string& entry, const std::string& path) const;
  Status CheckParents(const std::string& entry,
                      const std::vector<std::string>& parts,
                      Place& place);
  Status CheckSymbolicLink(const ArchiveEntry& entry, size_t depth) const;
  Status CheckHardLink(const ArchiveEntry& entry, Place& place) const;

  const ArchiveLimits limits_;
  const ArchiveProtections protections_;
  const int64_t archive_bytes_;
  std::map<std::string, EntryKind> seen_;  // normal paths
  int64_t entries_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_RULES_H_
