// Records of a node that a newer release has written: what is in them is not to be guessed at, and
// not to be taken for damage. A pure function.
#ifndef WEIR_NODEMANAGER_CORE_NEWER_RECORD_H_
#define WEIR_NODEMANAGER_CORE_NEWER_RECORD_H_

#include <optional>
#include <string>
#include <string_view>

namespace weir::nm {

// The key as it is to be shown, if it is such a record, whole by its checksum.
std::optional<std::string> KeyOfNewerRecord(std::string_view key, std::string_view bytes);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_NEWER_RECORD_H_
