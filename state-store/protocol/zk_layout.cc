#include "state-store/protocol/zk_layout.h"

#include <xxhash.h>

#include <utility>

#include "common/strings.h"

namespace weir::store {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == ':' || c == '@' || c == '+' || c == '=' || c == ',';
}

int BucketOf(std::string_view key) {
  return static_cast<int>(XXH3_64bits(key.data(), key.size()) % ZkLayout::kBuckets);
}

std::string HexByte(int number) {
  return HexEncode(std::string(1, static_cast<char>(number)));
}

ZkOperation Creation(std::string path, std::string data = "") {
  return {.kind = ZkOperation::Kind::kCreate, .path = std::move(path), .data = std::move(data)};
}

}  // namespace

ZkLayout::ZkLayout(std::string parent, const std::string& cluster)
    : parent_(std::move(parent)), root_(parent_ + "/" + Escape(cluster)) {}

std::string ZkLayout::Escape(std::string_view text) {
  const bool dots = text == "." || text == "..";  // names with a meaning of their own
  std::string name;
  for (const char c : text) {
    if (IsPlain(c) || (c == '.' && !dots)) {
      name.push_back(c);
    } else {
      name += "%" + HexEncode(std::string_view(&c, 1));
    }
  }
  return name;
}

std::optional<std::string> ZkLayout::Unescape(std::string_view name) {
  std::string text;
  for (size_t at = 0; at < name.size(); ++at) {
    if (name[at] != '%') {
      text.push_back(name[at]);
      continue;
    }
    const std::optional<std::string> byte = HexDecode(name.substr(at + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    text += *byte;
    at += 2;
  }
  // Every text has one name.
  if (Escape(text) != name) return std::nullopt;
  return text;
}

std::string ZkLayout::Bucket(int number) const {
  return records() + "/" + HexByte(number);
}

std::string ZkLayout::RecordPath(std::string_view key) const {
  return Bucket(BucketOf(key)) + "/" + Escape(key);
}

std::string ZkLayout::ChangesPath(uint64_t number) const {
  return changes() + "/" + std::to_string(number % kChangeSlots);
}

std::optional<std::string> ZkLayout::KeyAt(int bucket, std::string_view name) const {
  std::optional<std::string> key = Unescape(name);
  if (!key || BucketOf(*key) != bucket) return std::nullopt;
  return key;
}

std::vector<ZkOperation> ZkLayout::MakeAll(bool with_root, const std::string& epoch_bytes) const {
  std::vector<ZkOperation> operations;
  if (with_root) operations.push_back(Creation(root_));
  operations.push_back(Creation(records()));
  for (int bucket = 0; bucket < kBuckets; ++bucket) operations.push_back(Creation(Bucket(bucket)));
  operations.push_back(Creation(changes()));
  operations.push_back(Creation(head(), EncodeHead({})));
  operations.push_back(Creation(epoch(), epoch_bytes));
  return operations;
}

std::string EncodeHead(const ZkHead& head) {
  return std::to_string(head.epoch.value) + " " + std::to_string(head.number);
}

std::optional<ZkHead> DecodeHead(std::string_view bytes) {
  const std::vector<std::string_view> parts = Split(bytes, ' ');
  if (parts.size() != 2) return std::nullopt;
  const std::optional<int64_t> epoch = ParseInt64(parts[0]);
  const std::optional<int64_t> number = ParseInt64(parts[1]);
  if (!epoch || !number || *epoch < 0 || *number < 0) return std::nullopt;
  const ZkHead head{.epoch = {*epoch}, .number = static_cast<uint64_t>(*number)};
  if (head.number > ZkLayout::kNumberMax || *epoch > ZkLayout::kEpochMax) return std::nullopt;
  return head;
}

std::string EncodeChanges(const ZkChanges& changes) {
  std::string bytes = EncodeHead(changes.head);
  for (const std::string& key : changes.keys) bytes += "\n" + ZkLayout::Escape(key);
  return bytes;
}

std::optional<ZkChanges> DecodeChanges(std::string_view bytes) {
  const std::vector<std::string_view> lines = Split(bytes, '\n');
  const std::optional<ZkHead> head = DecodeHead(lines[0]);
  if (!head) return std::nullopt;
  ZkChanges changes{.head = *head, .keys = {}};
  for (size_t i = 1; i < lines.size(); ++i) {
    std::optional<std::string> key = ZkLayout::Unescape(lines[i]);
    if (!key) return std::nullopt;
    changes.keys.push_back(*std::move(key));
  }
  return changes;
}

}  // namespace weir::store
