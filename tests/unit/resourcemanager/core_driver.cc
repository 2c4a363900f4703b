#include "tests/unit/resourcemanager/core_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace weir::rm {
namespace {

constexpr int64_t kStartMillis = 1'700'000'000'000;

std::string Describe(const decltype(Reply::answer)& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error->ToString();
  if (const auto* id = std::get_if<ApplicationId>(&answer)) return id->ToString();
  if (const auto* report = std::get_if<ApplicationReport>(&answer)) {
    return std::string(ApplicationStateName(report->state)) + std::to_string(report->version);
  }
  std::string text = std::to_string(answer.index());
  if (const auto* beat = std::get_if<NodeHeartbeatAnswer>(&answer)) {
    for (const auto& start : beat->start) text += " start " + start.token.id.ToString();
    for (const auto& stop : beat->stop) text += " stop " + stop.id.ToString();
    for (const auto& id : beat->completions_recorded) text += " recorded " + id.ToString();
    for (const auto& id : beat->applications_finished) text += " finished " + id.ToString();
  }
  if (const auto* allocate = std::get_if<AllocateAnswer>(&answer)) {
    for (const auto& grant : allocate->granted) text += " grant " + grant.token.id.ToString();
    for (const auto& status : allocate->completed) text += " ended " + status.id.ToString();
  }
  return text;
}

std::string Describe(const Action& action) {
  std::string text = std::to_string(action.after_record) + " ";
  if (const auto* reply = std::get_if<Reply>(&action.body)) {
    return text + "reply " + std::to_string(reply->call.value) + " " + Describe(reply->answer);
  }
  if (const auto* append = std::get_if<Append>(&action.body)) {
    text += "append " + std::to_string(append->sequence);
    for (const auto& operation : append->batch) {
      const auto* put = std::get_if<store::Put>(&operation);
      text += put != nullptr ? " put " + store::KeyOf(put->record)
                             : " delete " + std::get<store::Delete>(operation).key;
    }
    return text;
  }
  if (const auto* moved = std::get_if<Transitioned>(&action.body)) {
    return text + moved->subject.ToString() + " " + std::string(moved->from) + "-" +
           std::string(moved->event) + "->" + std::string(moved->to);
  }
  if (const auto* note = std::get_if<Noted>(&action.body)) {
    return text + "note of " + note->subject + ": " + note->message;
  }
  return text + "kind " + std::to_string(action.body.index());
}

}  // namespace

CoreOptions SmallOptions() {
  CoreOptions options;
  options.scheduler.types = scheduler::ResourceTypes({256, 1}, {8192, 8});
  options.local_queues = {{"yarn.scheduler.capacity.root.queues", "default"},
                          {"yarn.scheduler.capacity.root.default.capacity", "100"},
                          {"yarn.scheduler.capacity.maximum-am-resource-percent", "1"},
                          {"yarn.scheduler.capacity.root.acl_administer_queue", " "},
                          {"yarn.cluster.max-application-priority", "10"}};
  options.max_attempts = 2;
  return options;
}

SubmissionContext Context(const std::string& name) {
  SubmissionContext context;
  context.name = name;
  context.type = "TEST";
  context.am_resource = {512, 1};
  context.am_launch.command = {"/bin/true"};
  return context;
}

ContainerStatus Running(const ContainerId& id) {
  return {.id = id,
          .state = ContainerState::kRunning,
          .exit_code = exit_code::kNotYet,
          .diagnostics = "",
          .resource = {}};
}

ContainerStatus Complete(const ContainerId& id, int exit_code) {
  return {.id = id,
          .state = ContainerState::kComplete,
          .exit_code = exit_code,
          .diagnostics = "",
          .resource = {}};
}

ContainerAsk AskFor(int64_t request_id, int32_t count, const Resource& resource) {
  return {.request_id = request_id, .priority = 1, .count = count, .resource = resource};
}

CoreDriver::CoreDriver(const CoreOptions& core_options)
    : options(core_options),
      now{Instant(seconds(1000)), WallFromMillis(kStartMillis)},
      epoch{.epoch = {1}, .cluster_timestamp = kStartMillis, .cluster_id = "test"} {
  core = std::make_unique<ResourceManagerCore>(options, epoch, std::vector<store::Record>{}, now);
  Take(core->Start(now));
  CommitAll();
}

void CoreDriver::Restart() {
  uncommitted.clear();
  held.clear();
  replies.clear();
  sessions.clear();
  step_down.reset();
  ++epoch.epoch.value;
  epoch.cluster_timestamp = std::max(ToMillis(now.wall), epoch.cluster_timestamp + 1);
  std::vector<store::Record> records;
  for (const auto& [key, record] : store) records.push_back(record);
  core = std::make_unique<ResourceManagerCore>(options, epoch, records, now);
  followed.reset();
  if (standby) followed = standby->Lead(store, epoch, now);
  Do([this](ResourceManagerCore& one) { return one.Start(now); });
}

void CoreDriver::Step(Event event) {
  Do([&](ResourceManagerCore& one) { return one.Step(event, now); });
}

void CoreDriver::Do(const std::function<Actions(ResourceManagerCore&)>& step) {
  Actions actions = step(*core);
  if (followed != nullptr) {
    const auto in_lines = [](const Actions& all) {
      std::string lines;
      for (const Action& action : all) lines += rm::Describe(action) + "\n";
      return lines;
    };
    EXPECT_EQ(in_lines(actions), in_lines(step(*followed)));
    EXPECT_EQ(Describe(*core, now), Describe(*followed, now));
    EXPECT_EQ(followed->CheckInvariants(), "");
  }
  Take(std::move(actions));
}

std::string CoreDriver::Describe(const ResourceManagerCore& core, Now now) {
  std::string text;
  for (const auto& one : core.List({}, now).applications) {
    text += one.id.ToString() + " " + std::string(ApplicationStateName(one.state)) + " " +
            one.queue + " " + std::to_string(one.priority) + " " + std::to_string(one.version) +
            " " + one.attempt.ToString() + " " + one.am_container.ToString() + " " +
            std::string(PendingReasonName(one.pending_reason)) + " " + one.pending_detail + " " +
            one.diagnostics + " " + ToIso8601(one.started) + ToIso8601(one.finished) + " " +
            std::to_string(one.memory_seconds) + "\n";
  }
  for (const auto& node : core.Nodes()) {
    text += node.id.uuid + " " + std::string(NodeStateName(node.state)) + " " +
            node.used.ToString() + " " + node.capacity.ToString() + "\n";
  }
  for (const auto& queue : core.Queues(now)) {
    text += queue.path + " " + queue.state + " " + std::to_string(queue.pending_applications) +
            " " + std::to_string(queue.active_applications) + " " +
            std::to_string(queue.memory_seconds) + "\n";
  }
  for (const auto& version : core.QueueHistory()) {
    text += std::to_string(version.version) + " " + ToIso8601(version.applied) + "\n";
  }
  const ClusterSummary summary = core.Summary();
  for (const int64_t number : {summary.applications_submitted,
                               summary.applications_completed,
                               summary.applications_failed,
                               summary.applications_killed,
                               summary.containers_allocated,
                               summary.containers_pending}) {
    text += std::to_string(number) + " ";
  }
  return text;
}

void CoreDriver::Take(Actions actions) {
  for (auto& action : actions) {
    trace += rm::Describe(action) + "\n";
    if (auto* append = std::get_if<Append>(&action.body)) {
      EXPECT_EQ(action.after_record, 0U);
      uncommitted.push_back(*append);
    } else if (action.after_record > 0) {
      held.push_back(std::move(action));
    } else {
      Release(action);
    }
  }
  EXPECT_EQ(core->CheckInvariants(), "");
}

void CoreDriver::Release(const Action& action) {
  if (const auto* reply = std::get_if<Reply>(&action.body)) {
    EXPECT_FALSE(replies.contains(reply->call)) << reply->call.value << " is answered twice";
    replies.insert_or_assign(reply->call, reply->answer);
  } else if (const auto* moved = std::get_if<Transitioned>(&action.body)) {
    transitions.push_back(*moved);
  } else if (const auto* fault = std::get_if<InvalidEvent>(&action.body)) {
    invalid.push_back(*fault);
  } else if (const auto* forget = std::get_if<ForgetStagedFiles>(&action.body)) {
    forgotten.push_back(*forget);
  } else if (const auto* note = std::get_if<Noted>(&action.body)) {
    notes.push_back(*note);
  } else if (const auto* question = std::get_if<ConfirmLeadership>(&action.body)) {
    questions.push_back(*question);
  } else if (const auto* down = std::get_if<StepDown>(&action.body)) {
    held.clear();
    step_down = *down;
  }
}

void CoreDriver::CommitAll() {
  while (!uncommitted.empty()) {
    const uint64_t sequence = uncommitted.back().sequence;
    for (const auto& append : std::exchange(uncommitted, {})) {
      for (const auto& operation : append.batch) {
        if (const auto* put = std::get_if<store::Put>(&operation)) {
          store.insert_or_assign(store::KeyOf(put->record), put->record);
        } else {
          store.erase(std::get<store::Delete>(operation).key);
        }
      }
    }
    std::vector<Action> due;
    std::erase_if(held, [&](const Action& action) {
      if (action.after_record > sequence) return false;
      due.push_back(action);
      return true;
    });
    for (const auto& action : due) Release(action);
    Step(RecordsCommitted{sequence});
  }
}

void CoreDriver::Advance(Duration duration) {
  const Now target{now.monotonic + duration,
                   now.wall + std::chrono::duration_cast<milliseconds>(duration)};
  for (int steps = 0; core->NextDeadline() <= target.monotonic; ++steps) {
    ASSERT_LT(steps, 100'000) << "the deadlines do not end";
    const Instant next = std::max(core->NextDeadline(), now.monotonic);
    now.wall += std::chrono::duration_cast<milliseconds>(next - now.monotonic);
    now.monotonic = next;
    Step(DeadlineReached{});
  }
  now = target;
}

CallId CoreDriver::Submit(const SubmissionContext& context,
                          const std::string& key,
                          const std::string& user) {
  const CallId call = NewCall();
  Step(SubmitApplication{.call = call, .user = user, .idempotency_key = key, .context = context});
  return call;
}

CallId CoreDriver::Kill(const ApplicationId& id, const std::string& user, bool administrator) {
  const CallId call = NewCall();
  Step(KillApplication{.call = call,
                       .user = user,
                       .may_administer = administrator,
                       .id = id,
                       .diagnostics = "no longer needed"});
  return call;
}

CallId CoreDriver::Watch(const ApplicationId& id, int64_t known_version, Duration park) {
  const CallId call = NewCall();
  Step(WatchApplication{.call = call, .id = id, .known_version = known_version, .park = park});
  return call;
}

CallId CoreDriver::RegisterNodeCall(const std::string& uuid,
                                    const Resource& capacity,
                                    std::vector<ContainerStatus> containers) {
  const CallId call = NewCall();
  Step(RegisterNode{.call = call,
                    .request = {.id = {uuid},
                                .address = {uuid + ".example", 45454},
                                .http_address = uuid + ".example:8042",
                                .rack = "/default-rack",
                                .capacity = capacity,
                                .containers = std::move(containers)}});
  CommitAll();
  if (const auto* answer = Get<RegisterNodeAnswer>(call)) {
    sessions[uuid] = answer->session;
    node_sequences[uuid] = 0;
  }
  return call;
}

CallId CoreDriver::Heartbeat(const std::string& uuid, NodeHeartbeatRequest request) {
  const CallId call = NewCall();
  Step(NodeHeartbeat{.call = call, .node = {uuid}, .request = std::move(request)});
  return call;
}

CallId CoreDriver::RegisterMasterCall(const AttemptId& attempt) {
  const CallId call = NewCall();
  Step(RegisterMaster{.call = call,
                      .attempt = attempt,
                      .request = {.rpc_address = {"am.example", 4000}, .tracking_url = ""}});
  if (Get<RegisterMasterAnswer>(call) != nullptr) master_sequences[attempt] = 0;
  return call;
}

CallId CoreDriver::AllocateCall(const AttemptId& attempt, AllocateRequest request) {
  const CallId call = NewCall();
  Step(Allocate{.call = call, .attempt = attempt, .request = std::move(request)});
  return call;
}

CallId CoreDriver::Finish(const AttemptId& attempt, FinalStatus status) {
  const CallId call = NewCall();
  Step(FinishMaster{.call = call,
                    .attempt = attempt,
                    .request = {.final_status = status,
                                .diagnostics = "all counted",
                                .tracking_url = "http://history.example/1"}});
  return call;
}

std::optional<ErrorCode> CoreDriver::Code(CallId call) const {
  const Error* error = Get<Error>(call);
  if (error == nullptr) return std::nullopt;
  return error->code;
}

ApplicationId CoreDriver::SubmitStored(const SubmissionContext& context, const std::string& key) {
  const CallId call = Submit(context, key);
  CommitAll();
  const ApplicationId* id = Get<ApplicationId>(call);
  EXPECT_NE(id, nullptr);
  return id == nullptr ? ApplicationId{} : *id;
}

NodeHeartbeatAnswer CoreDriver::Beat(const std::string& uuid,
                                     std::vector<ContainerStatus> containers) {
  const CallId call = Heartbeat(uuid,
                                {.session = sessions[uuid],
                                 .sequence = ++node_sequences[uuid],
                                 .containers = std::move(containers),
                                 .healthy = true,
                                 .health_report = "",
                                 .park = Duration(0)});
  CommitAll();
  const NodeHeartbeatAnswer* answer = Get<NodeHeartbeatAnswer>(call);
  EXPECT_NE(answer, nullptr);
  return answer == nullptr ? NodeHeartbeatAnswer{} : *answer;
}

void CoreDriver::AddNode(const std::string& uuid, const Resource& capacity) {
  const CallId call = RegisterNodeCall(uuid, capacity);
  EXPECT_NE(Get<RegisterNodeAnswer>(call), nullptr);
}

std::vector<ContainerId> CoreDriver::StartMasters(const std::string& uuid) {
  std::vector<ContainerId> started;
  std::vector<ContainerStatus> statuses;
  for (const auto& start : Beat(uuid).start) {
    started.push_back(start.token.id);
    statuses.push_back(Running(start.token.id));
  }
  if (!statuses.empty()) Beat(uuid, std::move(statuses));
  return started;
}

AttemptId CoreDriver::RunApplication(const SubmissionContext& context,
                                     const std::string& key,
                                     const std::string& uuid) {
  SubmitStored(context, key);
  const std::vector<ContainerId> started = StartMasters(uuid);
  EXPECT_EQ(started.size(), 1U);
  if (started.empty()) return {};
  const AttemptId attempt = started.front().attempt;
  EXPECT_NE(Get<RegisterMasterAnswer>(RegisterMasterCall(attempt)), nullptr);
  return attempt;
}

AllocateAnswer CoreDriver::Ask(const AttemptId& attempt,
                               std::vector<ContainerAsk> asks,
                               std::vector<ContainerId> releases) {
  const CallId call = AllocateCall(attempt,
                                   {.sequence = ++master_sequences[attempt],
                                    .asks = std::move(asks),
                                    .releases = std::move(releases),
                                    .progress = 0.5F,
                                    .park = Duration(0)});
  const AllocateAnswer* answer = Get<AllocateAnswer>(call);
  EXPECT_NE(answer, nullptr);
  return answer == nullptr ? AllocateAnswer{} : *answer;
}

ApplicationReport CoreDriver::Report(const ApplicationId& id) const {
  const auto report = core->Report(id, now);
  EXPECT_TRUE(report.has_value());
  return report.value_or(ApplicationReport{});
}

NodeState CoreDriver::StateOfNode(const std::string& uuid) const {
  for (const auto& node : core->Nodes()) {
    if (node.id.uuid == uuid) return node.state;
  }
  return NodeState::kNew;
}

Resource CoreDriver::UsedOnNode(const std::string& uuid) const {
  for (const auto& node : core->Nodes()) {
    if (node.id.uuid == uuid) return node.used;
  }
  return {};
}

const store::ApplicationRecord* CoreDriver::StoredApplication(const ApplicationId& id) const {
  const auto found = store.find(store::ApplicationKey(id));
  return found == store.end() ? nullptr : std::get_if<store::ApplicationRecord>(&found->second);
}

}  // namespace weir::rm
