// Applications whose queue is gone: a ResourceManager was started again, and the queue that an
// application was in is not in the configuration any more.
//
// They are held in the recovery queue: what they have runs on, they get nothing more, and whoever
// looks is told why and what helps: a move, a configuration with the queue, or their end. Their
// records go on naming the queue that they were in, so a later ResourceManager that has it puts
// them there.
#include <set>
#include <utility>

#include "resourcemanager/core/core_state.h"
#include "scheduler/config/recovery_queue.h"

namespace weir::rm {
namespace {

constexpr size_t kNamedInNote = 10;

}  // namespace

std::string ResourceManagerCore::State::QueueOf(const Application& application) {
  const bool held = !application.held_because.empty() && !IsOver(application.state);
  return held ? scheduler::kRecoveryQueue : application.record.queue;
}

std::string ResourceManagerCore::State::WordsOfHeld(const Application& application) {
  return application.held_because + ": what it has runs on, and it gets nothing more until it is " +
         "moved (`weir application -movetoqueue " + application.id().ToString() +
         " -queue QUEUE`) or the queue is configured again (`weir rmadmin -refreshQueues`)";
}

void ResourceManagerCore::State::FindQueues() {
  std::set<std::string> wanted;
  for (const auto& id : to_resume) wanted.insert(FindApplication(id)->record.queue);
  const std::map<std::string, std::string> lost = sched->RecoverQueues(wanted, now);
  std::map<std::string, std::vector<std::string>> held;  // by queue
  for (const auto& id : to_resume) {
    Application& application = *FindApplication(id);
    const auto found = lost.find(application.record.queue);
    if (found == lost.end()) continue;
    application.held_because = found->second;
    held[found->first].push_back(id.ToString());
  }
  for (const auto& [queue, ids] : held) {
    std::string names;
    for (size_t i = 0; i < ids.size() && i < kNamedInNote; ++i) names += " " + ids[i];
    if (ids.size() > kNamedInNote) names += " ...";
    Emit(Noted{"queues",
               queue,
               lost.at(queue) + ": " + std::to_string(ids.size()) +
                   (ids.size() == 1 ? " application is" : " applications are") + " held in " +
                   scheduler::kRecoveryQueue +
                   " until somebody moves or kills them, or the queue is there again:" + names,
               true});
  }
}

bool ResourceManagerCore::State::ReturnToQueue(Application& application) {
  const std::string& queue = application.record.queue;
  ApplicationAttempt* current = application.current();
  if (current != nullptr && current->slot) {
    if (Status moved = sched->MoveApplication(*current->slot, queue, now); !moved.ok()) {
      Emit(Noted{"queues",
                 queue,
                 application.id().ToString() + " stays in " + scheduler::kRecoveryQueue + ": " +
                     moved.error().message,
                 true});
      return false;
    }
  }
  application.held_because.clear();
  Touch(application);
  return true;
}

void ResourceManagerCore::State::ReturnToQueues() {
  std::vector<Application*> held;
  std::set<std::string> wanted;
  for (auto& [id, application] : applications) {
    if (application->held_because.empty() || !MayChange(*application)) continue;
    held.push_back(application.get());
    wanted.insert(application->record.queue);
  }
  if (held.empty()) return;
  const std::map<std::string, std::string> lost = sched->RecoverQueues(wanted, now);
  size_t returned = 0;
  for (Application* application : held) {
    if (lost.contains(application->record.queue)) continue;
    if (ReturnToQueue(*application)) ++returned;
  }
  if (returned == 0) return;
  Emit(Noted{"queues",
             scheduler::kRecoveryQueue,
             std::to_string(returned) + (returned == 1 ? " application is" : " applications are") +
                 " back in the queues that are there again",
             false});
}

}  // namespace weir::rm
