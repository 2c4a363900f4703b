// How `weir rm store dump` shows records, and the dump that `load` reads back: one JSON object a
// line. What a record holds in full, which may be token keys and applications' secrets, is there
// only when it was asked for. Pure functions.
#ifndef WEIR_CLIENT_STORE_DUMP_H_
#define WEIR_CLIENT_STORE_DUMP_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "state-store/records.h"
#include "state-store/state_store.h"

namespace weir::cli {

std::string RecordKind(const store::Record& record);     // "application"
std::string RecordSummary(const store::Record& record);  // one line, without secrets

std::string FormatStoreDump(const store::LoadedState& state);
// With `secrets` each line has the record's bytes.
std::string StoreDumpJson(const store::LoadedState& state, bool secrets);
// kInvalidArgument, with the number of the line: no JSON, no bytes (it was made without secrets),
// or bytes that are no record.
Result<std::vector<store::Record>> ParseStoreDump(std::string_view text);

// What `verify` says: how many of each kind, what is quarantined, the notes.
std::string FormatStoreCheck(const store::LoadedState& state);
std::string StoreCheckJson(const store::LoadedState& state);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_STORE_DUMP_H_
