#include "nodemanager/core/newer_record.h"

#include "state-store/records_envelope.h"

namespace weir::nm {

std::optional<std::string> KeyOfNewerRecord(std::string_view key, std::string_view bytes) {
  if (!store::IsOfNewerVersion(bytes)) return std::nullopt;
  return store::QuotedKey(key);
}

}  // namespace weir::nm
