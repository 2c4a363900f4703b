// Archives for tests, hostile ones too, written with libarchive.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_ARCHIVE_WRITER_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_ARCHIVE_WRITER_H_

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::nm {

struct PackedEntry {
  std::string path;
  unsigned type = AE_IFREG;
  std::string content = "";  // or the target of a symbolic link
  std::string hard_link = "";
  unsigned mode = 0644;
};

enum class Packing { kTar, kTarGz, kTarXz, kTarZst, kZip };

inline void Pack(const std::string& path,
                 Packing packing,
                 const std::vector<PackedEntry>& entries) {
  archive* writer = archive_write_new();
  if (packing == Packing::kZip) {
    archive_write_set_format_zip(writer);
  } else {
    archive_write_set_format_pax_restricted(writer);
  }
  if (packing == Packing::kTarGz) archive_write_add_filter_gzip(writer);
  if (packing == Packing::kTarXz) archive_write_add_filter_xz(writer);
  if (packing == Packing::kTarZst) archive_write_add_filter_zstd(writer);
  ASSERT_EQ(archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK);
  for (const PackedEntry& packed : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, packed.path.c_str());
    archive_entry_set_filetype(entry, packed.type);
    archive_entry_set_perm(entry, packed.mode);
    if (packed.type == AE_IFLNK) {
      archive_entry_set_symlink(entry, packed.content.c_str());
    } else if (!packed.hard_link.empty()) {
      archive_entry_set_hardlink(entry, packed.hard_link.c_str());
    } else if (packed.type == AE_IFREG) {
      archive_entry_set_size(entry, static_cast<int64_t>(packed.content.size()));
    }
    ASSERT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << archive_error_string(writer);
    if (packed.type == AE_IFREG && packed.hard_link.empty()) {
      archive_write_data(writer, packed.content.data(), packed.content.size());
    }
    archive_entry_free(entry);
  }
  ASSERT_EQ(archive_write_close(writer), ARCHIVE_OK);
  archive_write_free(writer);
}

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_ARCHIVE_WRITER_H_
