// A change of a store in bytes. Immutable value.
#ifndef WEIR_STATE_STORE_RECORDS_CHANGE_H_
#define WEIR_STATE_STORE_RECORDS_CHANGE_H_

#include <optional>
#include <string>

namespace weir::store {

// No value = the key goes.
struct EngineOperation {
  std::string key;
  std::optional<std::string> value;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_RECORDS_CHANGE_H_
