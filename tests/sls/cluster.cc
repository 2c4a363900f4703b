#include "tests/sls/cluster.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <variant>

#include "tests/sls/nodes_reader.h"

namespace weir::sls {
namespace {

constexpr size_t kWaitingNamed = 10;
constexpr int64_t kRegistrationSpreadMs = 1000;

size_t JobOf(const LaunchContext& launch) {
  size_t job = 0;
  const std::string& text = launch.command.at(1);
  std::from_chars(text.data(), text.data() + text.size(), job);
  return job;
}

Duration LongestDelay(const Trace& trace) {
  Duration longest{0};
  for (const JobPlan& job : trace.jobs) {
    for (const TaskPlan& task : job.tasks) longest = std::max(longest, task.delay);
  }
  return longest;
}

}  // namespace

Cluster::Cluster(const ClusterOptions& options,
                 const Trace& trace,
                 const std::vector<NodePlan>& nodes)
    : options_(options),
      trace_(trace),
      plans_(nodes),
      idle_max_(kIdleMax + LongestDelay(trace)),
      jobs_left_(trace.jobs.size()),
      to_submit_(trace.jobs.size()),
      resource_manager_(queue_,
                        recorder_,
                        options.core,
                        LabelsOf(nodes),
                        [this](const rm::Transitioned& each) { OnTransition(each); }),
      hooks_{.start_master = [this](NodeAgent& node,
                                    const StartContainerCommand& each) { StartMaster(node, each); },
             .stop_master = [this](const ContainerId& id, StopReason) { StopMaster(id); }},
      surroundings_{
          .queue = queue_,
          .resource_manager = resource_manager_,
          .recorder = recorder_,
          .find_node = [this](const std::string& host) { return nodes_by_host_.at(host); }} {
  for (const NodePlan& plan : nodes) {
    nodes_.push_back(
        std::make_unique<NodeAgent>(queue_, resource_manager_, recorder_, plan, hooks_));
    nodes_by_host_[plan.host] = nodes_.back().get();
  }
}

Cluster::~Cluster() = default;

Result<RunFacts> Cluster::Run() {
  Random random(options_.seed);
  for (const auto& node : nodes_) {
    queue_.After(milliseconds(random.Between(0, kRegistrationSpreadMs - 1)),
                 [agent = node.get()] { agent->Start(); });
  }
  for (size_t job = 0; job < trace_.jobs.size(); ++job) {
    queue_.After(kSettled + trace_.jobs[job].start, [this, job] { Submit(job); });
  }
  const Instant limit = Instant(kSettled + options_.limit);
  while (jobs_left_ > 0 && queue_.now() < limit && !Stuck() && queue_.RunNext()) {
    const bool due = options_.check_every > 0 && queue_.steps() % options_.check_every == 0;
    WEIR_RETURN_IF_ERROR(Check(due));
    NoteSeries();
  }
  WEIR_RETURN_IF_ERROR(Check(true));
  return Facts();
}

Status Cluster::Check(bool invariants) const {
  if (!invariants && resource_manager_.fault().empty()) return {};
  std::string fault = resource_manager_.fault();
  if (fault.empty()) fault = resource_manager_.core().CheckInvariants();
  if (fault.empty()) return {};
  return Error{ErrorCode::kInternal,
               "after event " + std::to_string(queue_.steps()) + ": " + fault,
               "keep trace, queues and seed: they show a fault of the ResourceManager's core"};
}

void Cluster::NoteSeries() {
  const Instant now = queue_.now();
  if (options_.series_every == Duration(0) || now < next_note_ || now < Instant(kSettled)) return;
  if (series_.empty()) {
    series_ =
        "time_ms,queue,applications_active,applications_waiting,containers,containers_waiting,"
        "memory_guaranteed,memory_used,memory_pending,memory_reserved,vcores_used\n";
  }
  next_note_ = now + options_.series_every;
  const std::string time = std::to_string(ToMillis(now - Instant(kSettled)));
  for (const QueueReport& queue : resource_manager_.core().Queues(resource_manager_.now())) {
    if (!queue.leaf) continue;
    QueuePartitionReport sum;
    for (const QueuePartitionReport& each : queue.partitions) {
      sum.guaranteed += each.guaranteed;
      sum.used += each.used;
      sum.pending += each.pending;
      sum.reserved += each.reserved;
    }
    series_ += time + "," + queue.path;
    for (const int64_t number : {int64_t{queue.active_applications},
                                 int64_t{queue.pending_applications},
                                 queue.containers,
                                 queue.pending_containers,
                                 sum.guaranteed.memory_mib,
                                 sum.used.memory_mib,
                                 sum.pending.memory_mib,
                                 sum.reserved.memory_mib,
                                 sum.used.vcores}) {
      series_ += "," + std::to_string(number);
    }
    series_ += "\n";
  }
}

bool Cluster::Stuck() const {
  return to_submit_ == 0 && recorder_.running() == static_cast<int64_t>(masters_.size()) &&
         queue_.now() - last_change_ > idle_max_;
}

void Cluster::Submit(size_t job) {
  --to_submit_;
  last_change_ = queue_.now();
  const JobPlan& plan = trace_.jobs[job];
  rm::SubmitApplication event;
  event.user = plan.user;
  event.idempotency_key = "job " + std::to_string(job);
  event.context.name = plan.name;
  event.context.type = "SLS";
  event.context.queue = plan.queue;
  event.context.priority = plan.priority;
  event.context.am_resource = plan.master;
  event.context.am_launch.command = {"sls-master", std::to_string(job)};
  event.context.max_attempts = 2;
  event.context.label = plan.label;
  resource_manager_.Call(std::move(event),
                         [this, job, when = queue_.now()](const ResourceManager::Answer& answer) {
                           OnSubmitted(job, when, answer);
                         });
}

void Cluster::OnSubmitted(size_t job, Instant when, const ResourceManager::Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) {
    recorder_.Rejected(trace_.jobs[job].queue, error->ToString());
    --jobs_left_;
    return;
  }
  const ApplicationId id = std::get<ApplicationId>(answer);
  Know(id, job, when);
}

Cluster::Application& Cluster::Know(const ApplicationId& id, size_t job, Instant when) {
  const auto [known, is_new] = applications_.emplace(id, Application{});
  Application& application = known->second;
  if (!is_new) return application;
  application.job = job;
  application.submitted = when;
  const auto report = resource_manager_.core().Report(id, resource_manager_.now());
  application.queue = report ? report->queue : trace_.jobs[job].queue;
  recorder_.Submitted(application.queue);
  return application;
}

void Cluster::StartMaster(NodeAgent& node, const StartContainerCommand& command) {
  const ContainerId id = command.token.id;
  if (masters_.contains(id)) return;  // told again
  const size_t job = JobOf(command.launch);
  const Application& application =
      Know(id.attempt.application, job, Instant(kSettled + trace_.jobs[job].start));
  if (id.attempt.number == 1) {
    recorder_.MasterGranted(application.queue, queue_.now() - application.submitted);
  }
  node.MasterRuns(id, command.token.resource, application.queue);
  auto& master = masters_[id];
  master = std::make_unique<MasterAgent>(
      surroundings_, id, trace_.jobs[job], application.queue, [this, &node, id](int code) {
        masters_.erase(id);
        node.Exit(id, code);
      });
  master->Start();
}

void Cluster::StopMaster(const ContainerId& id) {
  masters_.erase(id);
}

void Cluster::OnTransition(const rm::Transitioned& transition) {
  last_change_ = queue_.now();
  if (transition.machine == "container") {
    if (transition.to == "ALLOCATED") recorder_.Decision();
    return;
  }
  if (transition.machine != "application") return;
  ApplicationEnd end = ApplicationEnd::kFinished;
  if (transition.to == "FAILED") {
    end = ApplicationEnd::kFailed;
  } else if (transition.to == "KILLED") {
    end = ApplicationEnd::kKilled;
  } else if (transition.to != "FINISHED") {
    return;
  }
  const auto id = ApplicationId::Parse(transition.subject.ToString());
  const auto known = id.ok() ? applications_.find(*id) : applications_.end();
  if (known == applications_.end() || std::exchange(known->second.over, true)) return;
  recorder_.Ended(known->second.queue, end);
  --jobs_left_;
}

std::vector<std::string> Cluster::WhatWaits() const {
  std::vector<std::string> waiting;
  for (const auto& [id, application] : applications_) {
    if (application.over || waiting.size() >= kWaitingNamed) continue;
    const auto report = resource_manager_.core().Report(id, resource_manager_.now());
    if (!report) continue;
    waiting.push_back(trace_.jobs[application.job].name + " in " + application.queue + " (" +
                      std::string(ApplicationStateName(report->state)) +
                      "): " + std::string(PendingReasonName(report->pending_reason)) + " " +
                      report->pending_detail);
  }
  return waiting;
}

RunFacts Cluster::Facts() const {
  RunFacts facts;
  facts.format = trace_.format;
  facts.seed = options_.seed;
  facts.jobs = static_cast<int64_t>(trace_.jobs.size());
  for (const JobPlan& job : trace_.jobs) {
    for (const TaskPlan& task : job.tasks) facts.tasks += task.count;
  }
  facts.nodes = static_cast<int64_t>(plans_.size());
  for (const NodePlan& node : plans_) facts.capacity += node.capacity;
  facts.begin = kSettled;
  facts.end = std::max<Duration>(queue_.now().time_since_epoch(), kSettled);
  facts.events = queue_.steps();
  facts.complete = jobs_left_ == 0 && recorder_.rejected() == 0;
  facts.waiting = WhatWaits();
  facts.ignored_fields = trace_.ignored_fields;
  return facts;
}

}  // namespace weir::sls
