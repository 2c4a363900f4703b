#include "nodemanager/executor/archive_rules.h"

#include <utility>

#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr size_t kPartBytes = 255;
constexpr size_t kPathBytes = 4096;
constexpr size_t kDepth = 100;
constexpr size_t kShownBytes = 200;
constexpr int kSetIds = 06000;

// Names of archives are hostile: they are shown without control characters, and cut.
std::string Shown(std::string_view name) {
  std::string shown;
  for (const char c : name.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return name.size() > kShownBytes ? shown + "..." : shown;
}

Error Refuse(const std::string& path, const std::string& rule, const std::string& what) {
  return {ErrorCode::kInvalidArgument,
          "archive entry '" + Shown(path) + "' breaks the rule '" + rule + "': " + what,
          "make the archive without it"};
}

std::string Joined(const std::vector<std::string>& parts) {
  return Join(parts, "/");
}

std::string_view KindName(EntryKind kind) {
  switch (kind) {
    case EntryKind::kFile:
      return "a file";
    case EntryKind::kDirectory:
      return "a directory";
    case EntryKind::kSymbolicLink:
      return "a symbolic link";
    case EntryKind::kHardLink:
      return "a hard link";
    case EntryKind::kSpecial:
      return "a device, pipe or socket";
  }
  return "unknown";
}

}  // namespace

Result<std::vector<std::string>> ArchiveRules::PartsOf(const std::string& entry,
                                                       const std::string& path) const {
  if (protections_.name && path.size() > kPathBytes) {
    return Refuse(entry,
                  "name",
                  "the path has " + std::to_string(path.size()) + " bytes, at most " +
                      std::to_string(kPathBytes) + " are allowed");
  }
  if (protections_.absolute && path.starts_with('/')) {
    return Refuse(entry, "absolute", "the path begins with '/'");
  }
  std::vector<std::string> parts;
  for (const std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (protections_.dotdot && part == "..") {
      return Refuse(entry, "dotdot", "the path goes up");
    }
    if (protections_.name && part.size() > kPartBytes) {
      return Refuse(entry,
                    "name",
                    "a part of the path has " + std::to_string(part.size()) + " bytes, at most " +
                        std::to_string(kPartBytes) + " are allowed");
    }
    parts.emplace_back(part);
  }
  if (protections_.name && parts.size() > kDepth) {
    return Refuse(entry,
                  "name",
                  "the path is " + std::to_string(parts.size()) + " deep, at most " +
                      std::to_string(kDepth) + " are allowed");
  }
  return parts;
}

Status ArchiveRules::CheckParents(const std::string& entry,
                                  const std::vector<std::string>& parts,
                                  Place& place) {
  std::string parent;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    parent += (parent.empty() ? "" : "/") + parts[i];
    const auto [known, added] = seen_.emplace(parent, EntryKind::kDirectory);
    if (added) {
      place.directories.push_back(parent);
      // Directories that no entry names count too: they take room as well.
      ++entries_;
    } else if (known->second != EntryKind::kDirectory && protections_.link) {
      return Refuse(
          entry,
          "link",
          "'" + Shown(parent) + "' on its path is " + std::string(KindName(known->second)));
    }
  }
  return {};
}

Status ArchiveRules::CheckSymbolicLink(const ArchiveEntry& entry, size_t depth) const {
  if (!protections_.link) return {};
  const std::string& target = entry.target;
  if (target.empty() || target.size() > kPathBytes) {
    return Refuse(entry.path, "link", "its target is empty or too long");
  }
  if (target.starts_with('/')) {
    return Refuse(entry.path, "link", "it leads to '" + Shown(target) + "', which is absolute");
  }
  size_t up = 0;
  bool named = false;
  for (const std::string_view part : Split(target, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      named = true;
    } else if (named) {
      return Refuse(
          entry.path, "link", "it leads to '" + Shown(target) + "', which goes up behind a name");
    } else if (++up >= depth) {
      return Refuse(entry.path, "link", "it leads to '" + Shown(target) + "', which is outside");
    }
  }
  return {};
}

Status ArchiveRules::CheckHardLink(const ArchiveEntry& entry, Place& place) const {
  WEIR_ASSIGN_OR_RETURN(const auto parts, PartsOf(entry.path, entry.target));
  place.target = Joined(parts);
  if (!protections_.link) {
    place.target = entry.target;
    return {};
  }
  const auto known = seen_.find(place.target);
  if (known == seen_.end() || known->second != EntryKind::kFile) {
    return Refuse(
        entry.path,
        "link",
        "it is a hard link to '" + Shown(entry.target) + "', which is no file that came before");
  }
  return {};
}

Result<ArchiveRules::Place> ArchiveRules::Admit(const ArchiveEntry& entry) {
  Place place;
  WEIR_ASSIGN_OR_RETURN(const auto parts, PartsOf(entry.path, entry.path));
  if (protections_.special && entry.kind == EntryKind::kSpecial) {
    return Refuse(entry.path, "special", "it is " + std::string(KindName(entry.kind)));
  }
  // Those of directories are dropped: they only say whose group new files get.
  if (protections_.mode && entry.kind == EntryKind::kFile && (entry.mode & kSetIds) != 0) {
    return Refuse(entry.path, "mode", "it has the setuid or setgid bit");
  }
  ++entries_;
  // With its rule off a path is taken as it is.
  if (!protections_.absolute && entry.path.starts_with('/')) {
    place.path = entry.path;
    return place;
  }
  if (parts.empty()) {
    if (entry.kind == EntryKind::kDirectory || !protections_.name) return place;
    return Refuse(entry.path, "name", "it names no file");
  }
  place.path = Joined(parts);
  WEIR_RETURN_IF_ERROR(CheckParents(entry.path, parts, place));
  if (protections_.bomb && entries_ > limits_.entries) {
    return Refuse(
        entry.path, "bomb", "there are more than " + std::to_string(limits_.entries) + " entries");
  }
  if (entry.kind == EntryKind::kSymbolicLink) {
    WEIR_RETURN_IF_ERROR(CheckSymbolicLink(entry, parts.size()));
  }
  if (entry.kind == EntryKind::kHardLink) WEIR_RETURN_IF_ERROR(CheckHardLink(entry, place));
  // A hard link is another name of a file.
  const EntryKind kind = entry.kind == EntryKind::kHardLink ? EntryKind::kFile : entry.kind;
  const auto [known, added] = seen_.emplace(place.path, kind);
  if (added) return place;
  const bool same =
      known->second == kind && (entry.kind == EntryKind::kFile || kind == EntryKind::kDirectory);
  if (!same && protections_.link) {
    return Refuse(entry.path,
                  "link",
                  "there is " + std::string(KindName(known->second)) + " of that name already");
  }
  place.exists = true;
  return place;
}

Status ArchiveRules::Expand(const std::string& path, int64_t bytes) {
  bytes_ += bytes;
  if (!protections_.bomb) return {};
  if (bytes_ > limits_.expanded_bytes) {
    return Refuse(path,
                  "bomb",
                  "it expands to more than " + std::to_string(limits_.expanded_bytes) + " bytes");
  }
  if (bytes_ > limits_.ratio_counts_from && bytes_ / limits_.ratio > archive_bytes_) {
    return Refuse(
        path,
        "bomb",
        "it expands to more than " + std::to_string(limits_.ratio) + " times the archive's size");
  }
  return {};
}

}  // namespace weir::nm
