// weir rm store: dump, verify, load, format: the ResourceManager's state store, without a
// ResourceManager.
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <system_error>
#include <utility>

#include "client/command.h"
#include "client/output.h"
#include "client/store_dump.h"
#include "client/store_format.h"
#include "platform/clock.h"
#include "platform/file_system.h"
#include "platform/option_reader.h"
#include "state-store/store_note.h"
#include "state-store/store_options.h"

namespace weir::cli {
namespace {

constexpr int64_t kDumpBytesMax = int64_t{4} << 30;
constexpr size_t kBatch = 64;

ExitCode Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return ExitCode::kOk;
}

Result<store::StoreOptions> OptionsOf(const Invocation& invocation) {
  platform::OptionReader read(invocation.config);
  store::StoreOptions options = store::ReadStoreOptions(invocation.config, read);
  WEIR_RETURN_IF_ERROR(read.Finish());
  if (options.kind != store::StoreKind::kMemory) return options;
  return Error{ErrorCode::kInvalidArgument,
               "the memory store is gone with its ResourceManager",
               "-conf must name the configuration of the ResourceManager"};
}

Result<store::LoadedState> LoadReadOnly(const store::StoreOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const auto opened, store::OpenStateStore(options, true));
  Result<store::LoadedState> state = opened->Load();
  opened->Close();
  return state;
}

ExitCode Dump(const Invocation& invocation, const store::StoreOptions& options) {
  const bool secrets = invocation.arguments.Has("showSecrets");
  if (secrets && !invocation.json) {
    return Fail({ErrorCode::kInvalidArgument, "-showSecrets needs -o json", ""});
  }
  const auto state = LoadReadOnly(options);
  if (!state.ok()) return Fail(state.error());
  return Print(invocation.json ? StoreDumpJson(*state, secrets) : FormatStoreDump(*state));
}

ExitCode Verify(const Invocation& invocation, const store::StoreOptions& options) {
  const auto state = LoadReadOnly(options);
  if (!state.ok()) return Fail(state.error());
  Print(invocation.json ? StoreCheckJson(*state) : FormatStoreCheck(*state));
  return state->quarantined.empty() ? ExitCode::kOk : ExitCode::kFailure;
}

Status AppendAndWait(store::StateStore& to, std::vector<store::StoreOperation> batch, Epoch epoch) {
  const auto stored = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = stored->get_future();
  to.Append(
      std::move(batch), epoch, [stored](Status status) { stored->set_value(std::move(status)); });
  return outcome.get();
}

// The epoch of the dump, from which the new store goes on.
Epoch EpochOf(const std::vector<store::Record>& records) {
  for (const store::Record& record : records) {
    if (const auto* epoch = std::get_if<store::EpochRecord>(&record)) return epoch->epoch;
  }
  return {};
}

Result<size_t> WriteAll(store::StateStore& to,
                        const store::StoreOptions& options,
                        const std::vector<store::Record>& records) {
  WEIR_ASSIGN_OR_RETURN(const store::LoadedState before, to.Load());
  if (!before.records.empty() || !before.quarantined.empty()) {
    return Error{ErrorCode::kFailedPrecondition,
                 "the state store has " + std::to_string(before.records.size()) +
                     " records; a dump is loaded into an empty one",
                 "run 'weir rm store format' first"};
  }
  WEIR_ASSIGN_OR_RETURN(const store::EpochRecord opened,
                        to.Open({.wall_millis = ToMillis(platform::WallNow()),
                                 .cluster_id = options.cluster_id,
                                 .at_least = EpochOf(records),
                                 .take_over = false}));
  size_t written = 0;
  std::vector<store::StoreOperation> batch;
  for (const store::Record& record : records) {
    if (std::holds_alternative<store::EpochRecord>(record)) continue;
    batch.push_back(store::Put{record});
    ++written;
    if (batch.size() < kBatch) continue;
    WEIR_RETURN_IF_ERROR(AppendAndWait(to, std::exchange(batch, {}), opened.epoch));
  }
  if (!batch.empty()) WEIR_RETURN_IF_ERROR(AppendAndWait(to, std::move(batch), opened.epoch));
  return written;
}

ExitCode Load(const Invocation& invocation, const store::StoreOptions& options) {
  const std::string& file = invocation.arguments.words()[2];
  std::error_code ignored;  // a path that cannot be made absolute cannot be read either
  const std::string path = std::filesystem::absolute(file, ignored).string();
  const auto text = platform::FileSystem::Real().ReadFile(path, kDumpBytesMax);
  if (!text.ok()) return Fail(text.error());
  auto records = ParseStoreDump(*text);
  if (!records.ok()) {
    Error error = records.error();
    error.message = file + ": " + error.message;
    return Fail(error);
  }
  const auto opened = store::OpenStateStore(options);
  if (!opened.ok()) return Fail(opened.error());
  const auto written = WriteAll(**opened, options, *records);
  (*opened)->Close();
  if (!written.ok()) return Fail(written.error());
  return Print(std::to_string(*written) + " records loaded into " + options.Place() + ".\n");
}

ExitCode Format(const Invocation& invocation, const store::StoreOptions& options) {
  if (!invocation.arguments.Has("yes")) {
    return Fail({ErrorCode::kInvalidArgument,
                 "this removes every application, token key and queue configuration from " +
                     options.Place(),
                 "stop all ResourceManagers and add -yes"});
  }
  const auto stopped = RequireStopped(invocation.config);
  if (!stopped.ok()) return Fail(stopped.error());
  if (options.high_availability && stopped->directories.empty()) {
    return Fail({ErrorCode::kFailedPrecondition,
                 "no ResourceManager of the cluster has its directory on this machine",
                 "run this where one does: it keeps the epoch, from which the next one goes on"});
  }
  std::vector<std::string> notes;
  for (const std::string& directory : stopped->directories) {
    notes.push_back(store::StoreNoteFile(directory));
  }
  if (!options.high_availability) notes.push_back(options.note_file);
  const auto known = store::FormatStateStore(options, notes);
  if (!known.ok()) return Fail(known.error());
  if (known->value == 0) return Print(options.Place() + " is empty.\n");
  return Print(options.Place() + " is empty. The next epoch is above " +
               std::to_string(known->value) + ".\n");
}

ExitCode Unknown() {
  return Fail({ErrorCode::kInvalidArgument,
               "rm needs one of: store dump, store verify, store load FILE, store format",
               "see 'weir rm --help'"});
}

}  // namespace

ExitCode RunRmCommand(const std::vector<std::string>& words) {
  const Prepared prepared =
      Prepare("rm", {.options = {{"showSecrets", "", "", false}, {"yes", "", "", false}}}, words);
  if (!prepared.invocation) return prepared.exit;
  const Invocation& invocation = *prepared.invocation;
  const std::vector<std::string>& said = invocation.arguments.words();
  if (said.size() < 2 || said[0] != "store") return Unknown();
  const std::string& action = said[1];
  std::vector<std::string> allowed;
  if (action == "dump") allowed = {"showSecrets"};
  if (action == "format") allowed = {"yes"};
  const size_t count = action == "load" ? 3 : 2;
  const Status fits = invocation.arguments.AllowOnly("rm store " + action, allowed, count);
  if (!fits.ok()) return Fail(fits.error());
  if (said.size() < count) return Unknown();
  const auto options = OptionsOf(invocation);
  if (!options.ok()) return Fail(options.error());
  if (action == "dump") return Dump(invocation, *options);
  if (action == "verify") return Verify(invocation, *options);
  if (action == "load") return Load(invocation, *options);
  if (action == "format") return Format(invocation, *options);
  return Unknown();
}

}  // namespace weir::cli
