#include "nodemanager/server/recovery_loader.h"

#include <map>
#include <string>
#include <utility>

#include "common/overloaded.h"
#include "nodemanager/executor/process_identity.h"
#include "platform/log.h"

namespace weir::nm {

Status LoadRecovery(RecordStore& records, MachineRecord& machine, Recovery& recovery) {
  RecordStore::Loaded loaded = records.Load();
  if (!loaded.newer.empty()) {
    return Error{ErrorCode::kFailedPrecondition,
                 "a newer release has written " + std::to_string(loaded.newer.size()) +
                     " of the node's records, " + loaded.newer.front() + " among them",
                 "start that release, which goes on with its containers; to go back for good, let "
                 "it end them first, and remove the records (yarn.nodemanager.recovery.dir)"};
  }
  for (const std::string& damage : loaded.damaged) {
    platform::LogError("nm.records", "-", "left out", {{"cause", damage}});
  }
  std::map<ContainerId, LaunchContext> launches;
  std::map<ContainerId, ContainerIndices> indices;
  std::map<ContainerId, ResizeRecord> resizes;
  for (NodeRecord& record : loaded.records) {
    std::visit(Overloaded{[&](ContainerRecord& r) {
                            recovery.containers.push_back({.record = std::move(r)});
                          },
                          [&](LaunchRecord& r) { launches[r.id] = std::move(r.launch); },
                          [&](ConversationRecord& r) { recovery.conversation = r; },
                          [&](MachineRecord& r) { machine = std::move(r); },
                          [&](IndicesRecord& r) { indices[r.id] = std::move(r.indices); },
                          [&](ResizeRecord& r) { resizes[r.id] = std::move(r); }},
               record);
  }
  for (RecoveredContainer& container : recovery.containers) {
    const auto launch = launches.find(container.record.token.id);
    if (launch != launches.end()) container.launch = std::move(launch->second);
    const auto held = indices.find(container.record.token.id);
    if (held != indices.end()) container.indices = std::move(held->second);
    const auto resize = resizes.find(container.record.token.id);
    if (resize != resizes.end()) container.resize = std::move(resize->second);
  }
  if (machine.boot_id != BootId()) recovery.conversation.reset();
  if (recovery.containers.empty()) return {};
  platform::LogInfo("nm.records",
                    "-",
                    "loaded",
                    {{"containers", std::to_string(recovery.containers.size())},
                     {"same_boot", recovery.conversation ? "true" : "false"}});
  return {};
}

}  // namespace weir::nm
