// What hostile archives try, as one table for every way into a node, and what each would do with
// its protection away.
//
// Off: the rules that stand between an attack and its harm; all of them have to be off for it to be
// done. Harm: what is seen then (HarmsOf). Held: where the system itself stands behind the rule,
// its answer instead. OUTSIDE in names stands for a directory that is not the archive's, with the
// file `secret` in it; "../outside" from where archives are unpacked leads to the directory beside
// it.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_ARCHIVE_ATTACKS_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_ARCHIVE_ATTACKS_H_

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "archive_writer.h"
#include "nodemanager/executor/archive_rules.h"
#include "platform/file_system.h"

namespace weir::nm {

struct Attack {
  const char* name;
  const char* rule;
  std::vector<bool ArchiveProtections::*> off;
  const char* harm;  // "" = held
  const char* held;
  std::vector<PackedEntry> entries;
  bool zip_too = true;

  std::vector<PackedEntry> EntriesFor(const std::string& outside) const {
    std::vector<PackedEntry> filled = entries;
    for (PackedEntry& entry : filled) {
      for (std::string* text : {&entry.path, &entry.content, &entry.hard_link}) {
        const size_t at = text->find("OUTSIDE");
        if (at != std::string::npos) text->replace(at, 7, outside);
      }
    }
    return filled;
  }
  std::vector<Packing> Packings() const {
    std::vector<Packing> packings = {Packing::kTar, Packing::kTarGz};
    if (zip_too) packings.push_back(Packing::kZip);
    return packings;
  }
};
inline void PrintTo(const Attack& attack, std::ostream* out) {
  *out << attack.name;
}

// Small, so that bombs of tests are.
inline ArchiveLimits SmallLimits() {
  return {.entries = 50, .expanded_bytes = 2 << 20, .ratio = 200, .ratio_counts_from = 1 << 20};
}

inline std::vector<PackedEntry> Nested(int depth, const std::string& part = "d") {
  std::string path;
  for (int i = 0; i < depth; ++i) path += part + "/";
  return {{path + "f", AE_IFREG, "x"}};
}
inline std::vector<PackedEntry> Many(int count) {
  std::vector<PackedEntry> entries;
  for (int i = 0; i < count; ++i) entries.push_back({"f" + std::to_string(i), AE_IFREG, ""});
  return entries;
}

inline const std::vector<Attack>& Attacks() {
  using P = ArchiveProtections;
  static const std::vector<Attack> kAttacks = {
      {"UpAndOut", "dotdot", {&P::dotdot}, "beside", "", {{"../escaped", AE_IFREG, "x"}}},
      {"UpFromWithin", "dotdot", {&P::dotdot}, "beside", "", {{"a/../../escaped", AE_IFREG, "x"}}},
      {"UpAtTheEnd", "dotdot", {&P::dotdot}, "beside", "", {{"a/../..", AE_IFDIR}}},
      {"UpBehindDots",
       "dotdot",
       {&P::dotdot},
       "outside",
       "",
       {{"./.././../outside/new", AE_IFREG, "x"}}},
      {"Absolute", "absolute", {&P::absolute}, "outside", "", {{"OUTSIDE/new", AE_IFREG, "x"}}},
      {"TwiceAbsolute",
       "absolute",
       {&P::absolute},
       "outside",
       "",
       {{"/OUTSIDE/new", AE_IFREG, "x"}}},
      {"LinkOut", "link", {&P::link}, "link", "", {{"l", AE_IFLNK, "../../outside/secret"}}},
      {"LinkAbsolute", "link", {&P::link}, "link", "", {{"l", AE_IFLNK, "/etc/passwd"}}},
      {"LinkUpBehindAName",
       "link",
       {&P::link},
       "link",
       "",
       {{"a/", AE_IFDIR}, {"l", AE_IFLNK, "a/../../../outside"}}},
      {"LinkUpFromBelow", "link", {&P::link}, "link", "", {{"a/l", AE_IFLNK, "../../x"}}},
      {"LinkThenFile",
       "link",
       {&P::link},
       "outside",
       "",
       {{"l", AE_IFLNK, "../../outside"}, {"l/new", AE_IFREG, "x"}}},
      {"InnerLinkThenFile",
       "link",
       {&P::link},
       "elsewhere",
       "",
       {{"d/", AE_IFDIR}, {"l", AE_IFLNK, "d"}, {"l/new", AE_IFREG, "x"}}},
      {"LinkChain",
       "link",
       {&P::link},
       "link",
       "",
       {{"a/b/c/s", AE_IFLNK, "../../.."}, {"a/b/c/t", AE_IFLNK, "s/../../outside/secret"}}},
      {"LinkOverADirectory",
       "link",
       {&P::link},
       "",
       "File exists",
       {{"d/", AE_IFDIR}, {"d", AE_IFLNK, "../../outside"}},
       false},
      {"DirectoryOverALink",
       "link",
       {&P::link},
       "kind",
       "",
       {{"l", AE_IFLNK, "x"}, {"l/", AE_IFDIR}},
       false},
      {"FileOverALink",
       "link",
       {&P::link},
       "",
       "Too many levels of symbolic links",
       {{"l", AE_IFLNK, "x"}, {"l", AE_IFREG, "y"}}},
      {"FileUnderAFile",
       "link",
       {&P::link},
       "",
       "Not a directory",
       {{"f", AE_IFREG, "x"}, {"f/g", AE_IFREG, "y"}},
       false},
      {"HardLinkUp",
       "dotdot",
       {&P::dotdot, &P::link},
       "shared",
       "",
       {{"h", AE_IFREG, "", "../../outside/secret"}},
       false},
      {"HardLinkAbsolute",
       "absolute",
       {&P::absolute, &P::link},
       "shared",
       "",
       {{"h", AE_IFREG, "", "OUTSIDE/secret"}},
       false},
      {"HardLinkToNothing",
       "link",
       {&P::link},
       "",
       "No such file",
       {{"h", AE_IFREG, "", "gone"}},
       false},
      {"HardLinkToALink",
       "link",
       {&P::link},
       "kind",
       "",
       {{"l", AE_IFLNK, "x"}, {"h", AE_IFREG, "", "l"}},
       false},
      {"Device", "special", {&P::special}, "device", "", {{"d", AE_IFCHR}}, false},
      {"BlockDevice", "special", {&P::special}, "device", "", {{"d", AE_IFBLK}}, false},
      {"Pipe", "special", {&P::special}, "device", "", {{"p", AE_IFIFO}}, false},
      {"SetUid", "mode", {&P::mode}, "setuid", "", {{"s", AE_IFREG, "x", "", 04755}}},
      {"SetGid", "mode", {&P::mode}, "setuid", "", {{"s", AE_IFREG, "x", "", 02755}}},
      {"LongName",
       "name",
       {&P::name},
       "",
       "File name too long",
       {{std::string(300, 'n'), AE_IFREG, "x"}}},
      {"LongPath", "name", {&P::name}, "", "File name too long", Nested(45, std::string(100, 'd'))},
      {"Deep", "name", {&P::name, &P::bomb}, "depth", "", Nested(150)},
      {"NoName", "name", {&P::name}, "kind", "", {{".", AE_IFLNK, "x"}}, false},
      {"ManyEntries", "bomb", {&P::bomb}, "entries", "", Many(200)},
      {"ManyDirectories", "bomb", {&P::bomb}, "entries", "", Nested(60)},
      {"Expands", "bomb", {&P::bomb}, "bytes", "", {{"z", AE_IFREG, std::string(3 << 20, '\0')}}},
  };
  return kAttacks;
}

// Where archives are unpacked, and what an attack may reach from there: <top>/in/out and
// <top>/outside.
class AttackedPlace {
 public:
  explicit AttackedPlace(std::string top) : top_(std::move(top)) {
    std::filesystem::create_directories(Outside());
    std::filesystem::create_directories(top_ + "/in");
    std::filesystem::permissions(top_ + "/in", std::filesystem::perms(0755));
    std::filesystem::permissions(Outside(), std::filesystem::perms(0755));
    EXPECT_TRUE(platform::WriteFileAtomically(
                    platform::FileSystem::Real(), Outside() + "/secret", "secret", 0600)
                    .ok());
  }
  std::string Outside() const { return top_ + "/outside"; }
  std::string Out() const { return top_ + "/in/out"; }

  // What there is in the directory, and outside of it, that no archive may bring about.
  std::set<std::string> Harms(const ArchiveLimits& limits = {}) const {
    std::set<std::string> harms;
    if (Names(top_ + "/in") > (Exists(Out()) ? 1u : 0u) || Mode(top_ + "/in") != 0755) {
      harms.insert("beside");
    }
    if (Names(Outside()) != 1 || Mode(Outside()) != 0755 || Secret().st_size != 6) {
      harms.insert("outside");
    }
    int64_t entries = 0;
    int64_t bytes = 0;
    std::error_code failed;
    const std::string root = std::filesystem::weakly_canonical(Out()).string();
    for (auto it = std::filesystem::recursive_directory_iterator(Out(), failed);
         !failed && it != std::filesystem::recursive_directory_iterator();
         it.increment(failed)) {
      ++entries;
      if (it.depth() > 100) harms.insert("depth");
      struct stat info {};
      EXPECT_EQ(::lstat(it->path().c_str(), &info), 0);
      if (S_ISLNK(info.st_mode)) {
        const auto target =
            it->path().parent_path() / std::filesystem::read_symlink(it->path(), failed);
        const std::string real = std::filesystem::weakly_canonical(target).string();
        if (real != root && !real.starts_with(root + "/")) harms.insert("link");
      } else if (S_ISREG(info.st_mode)) {
        bytes += info.st_size;
        if ((info.st_mode & 06000) != 0) harms.insert("setuid");
        if (info.st_ino == Secret().st_ino && info.st_dev == Secret().st_dev) {
          harms.insert("shared");
        }
      } else if (!S_ISDIR(info.st_mode)) {
        harms.insert("device");
      }
    }
    if (entries > limits.entries) harms.insert("entries");
    if (bytes > limits.expanded_bytes) harms.insert("bytes");
    return harms;
  }
  // Of an archive that was unpacked to its end: entries that are not what and where it says.
  std::set<std::string> Mistakes(const std::vector<PackedEntry>& entries) const {
    std::set<std::string> mistakes;
    std::map<std::string, unsigned> kinds;  // the last of each name
    for (const PackedEntry& entry : entries) {
      const std::filesystem::path name(entry.path);
      kinds[(name.has_filename() ? name : name.parent_path()).string()] = entry.type;
    }
    for (const auto& [name, type] : kinds) {
      struct stat info {};
      const std::filesystem::path path = Out() + "/" + name;
      if (::lstat(path.c_str(), &info) != 0) continue;
      if ((info.st_mode & S_IFMT) != type) mistakes.insert("kind");
      const auto parent =
          std::filesystem::weakly_canonical(Out()) / std::filesystem::path(name).parent_path();
      if (std::filesystem::weakly_canonical(parent) != parent.lexically_normal() &&
          !std::filesystem::path(name).parent_path().empty()) {
        mistakes.insert("elsewhere");
      }
    }
    return mistakes;
  }

 private:
  static bool Exists(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
  }
  static mode_t Mode(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  static size_t Names(const std::string& path) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      static_cast<void>(entry);
      ++count;
    }
    return count;
  }
  struct stat Secret() const {
    struct stat info {};
    EXPECT_EQ(::stat((Outside() + "/secret").c_str(), &info), 0);
    return info;
  }

  const std::string top_;
};

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_ARCHIVE_ATTACKS_H_
