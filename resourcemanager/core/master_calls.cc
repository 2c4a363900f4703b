// ApplicationMasters: registration, allocate as a long poll, the final status.
#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "resourcemanager/core/core_state.h"
#include "resourcemanager/core/submission_validator.h"

namespace weir::rm {
namespace {

constexpr size_t kUrlBytes = 2048;
constexpr size_t kGrantsPerAnswer = 2000;
constexpr size_t kGrantsPerAnswerMax = 6000;  // with the rest of a gang; still below one frame
constexpr size_t kBlacklistedNodes = 20'000;
constexpr size_t kAsksRemembered = 20'000;
constexpr size_t kCompletionBytesPerAnswer = 1u << 20;
constexpr size_t kCompletionBytes = 256;  // of one, without its diagnostics

Error RegisterFirst(const AttemptId& id, std::string_view why) {
  return {ErrorCode::kResync, id.ToString() + " " + std::string(why), "register again"};
}

Status ValidateBlacklist(const AttemptId& id, const AllocateRequest& request) {
  if (request.blacklist_add.size() > kBlacklistedNodes ||
      request.blacklist_remove.size() > kBlacklistedNodes) {
    return Error{ErrorCode::kInvalidArgument,
                 "an allocate call of " + id.ToString() + " changes too many blacklisted nodes",
                 "at most " + std::to_string(kBlacklistedNodes) + " in one call"};
  }
  for (const auto* names : {&request.blacklist_add, &request.blacklist_remove}) {
    for (const std::string& name : *names) {
      WEIR_RETURN_IF_ERROR(
          ValidateText("a blacklisted node", name, limits::kNameBytes, EmptyText::kRefused));
    }
  }
  return {};
}

Error Superseded(const AttemptId& id) {
  return {ErrorCode::kAborted, "a newer allocate call of " + id.ToString() + " came", ""};
}

// Whoever calls as such an attempt was not started by this ResourceManager: it has been deposed,
// and has not noticed yet.
bool IsBeforeLaunch(RmAttemptState state) {
  return state == RmAttemptState::kNew || state == RmAttemptState::kScheduled ||
         state == RmAttemptState::kAllocated;
}

bool SameContent(const AllocateRequest& a, const AllocateRequest& b) {
  return a.asks == b.asks && a.releases == b.releases && a.blacklist_add == b.blacklist_add &&
         a.blacklist_remove == b.blacklist_remove && a.sizes == b.sizes;
}

}  // namespace

Result<ApplicationAttempt*> ResourceManagerCore::State::Listen(const AttemptId& id) {
  const Application* application = FindApplication(id.application);
  ApplicationAttempt* attempt = FindAttempt(id);
  const bool later = application != nullptr && attempt == nullptr &&
                     id.number > static_cast<int32_t>(application->attempts.size());
  if (later || (attempt != nullptr && IsBeforeLaunch(attempt->state))) {
    return Error{ErrorCode::kNotActive,
                 id.ToString() + " was started by a ResourceManager that came after this one",
                 "ask the active one"};
  }
  if (application == nullptr || attempt == nullptr) {
    return Error{ErrorCode::kNotFound, id.ToString() + " is not known", "end this process"};
  }
  if (attempt != application->current() || IsFinal(attempt->state)) {
    return Error{ErrorCode::kFailedPrecondition,
                 id.ToString() + " is over (" + std::string(Name(attempt->state)) + ")",
                 "end this process; only the current attempt is listened to"};
  }
  return attempt;
}

void ResourceManagerCore::State::On(const RegisterMaster& event) {
  auto listened = Listen(event.attempt);
  if (!listened.ok()) return Answer(event.call, std::move(listened).error());
  ApplicationAttempt& attempt = **listened;
  Status valid = ValidateText("the ApplicationMaster's host",
                              event.request.rpc_address.host,
                              limits::kNameBytes,
                              EmptyText::kAllowed);
  if (valid.ok()) {
    valid = ValidateText(
        "the tracking URL", event.request.tracking_url, kUrlBytes, EmptyText::kAllowed);
  }
  if (valid.ok() && event.request.containers.size() > limits::kContainerElements) {
    valid = Error{ErrorCode::kInvalidArgument,
                  attempt.id.ToString() + " says that it holds " +
                      std::to_string(event.request.containers.size()) + " containers",
                  "at most " + std::to_string(limits::kContainerElements) + " in one call"};
  }
  if (!valid.ok()) return Answer(event.call, std::move(valid).error());

  Application& application = *FindApplication(event.attempt.application);
  const bool again = attempt.state == RmAttemptState::kRunning;
  if (!Move(attempt, AttemptEvent::kRegistered) && !again) {
    return Answer(event.call,
                  Error{ErrorCode::kFailedPrecondition,
                        attempt.id.ToString() + " cannot register in state " +
                            std::string(Name(attempt.state)),
                        "register once the container was started, and not after finishing"});
  }
  Resync(attempt, event.request.again);
  CompareHeld(attempt, event.request.containers);
  attempt.rpc_address = event.request.rpc_address;
  application.tracking_url = event.request.tracking_url;
  master_deadlines.Set(attempt.slot->value, now.monotonic + options.master_expiry);
  if (!again) Move(application, ApplicationEvent::kAttemptRegistered);
  Touch(application);
  Answer(event.call,
         RegisterMasterAnswer{
             .epoch = epoch.epoch,
             .maximum_allocation = sched->maximum_allocation(QueueOf(application)),
             .minimum_allocation = sched->types().ToResource(sched->types().minimum()),
             .queue = QueueOf(application),
             .containers = TellInherited(attempt)});
}

void ResourceManagerCore::State::Resync(ApplicationAttempt& attempt, bool again) {
  EndParked(attempt.polls, ErrorCode::kAborted, attempt.id.ToString() + " registered again");
  attempt.polls.Reset();
  attempt.last_request = {};
  attempt.first_untold = attempt.first_grant;
  // A first registration of it has acknowledged nothing yet of what attempts before it have left.
  const AttemptId first{attempt.id.application, again ? 1 : attempt.id.number};
  auto it = ended.lower_bound(ContainerId{first, 0});
  for (; it != ended.end() && it->first.attempt.application == first.application; ++it) {
    if (!it->second.for_master || !IsOf(it->first, attempt)) continue;
    ContainerStatus status{.id = it->first,
                           .state = ContainerState::kComplete,
                           .exit_code = it->second.exit_code,
                           .diagnostics = it->second.diagnostics,
                           .resource = it->second.resource};
    attempt.completions.insert_or_assign(
        it->first,
        ApplicationAttempt::Completion{
            .status = std::move(status), .told_in = kUntold, .node = it->second.node});
  }
  for (auto& [id, completion] : attempt.completions) completion.told_in = kUntold;
  attempt.untold_completions = attempt.completions.size();
  TellSizesAgain(attempt);
}

void ResourceManagerCore::State::On(const Allocate& event) {
  auto listened = Listen(event.attempt);
  if (!listened.ok()) return Answer(event.call, std::move(listened).error());
  ApplicationAttempt& attempt = **listened;
  if (attempt.state == RmAttemptState::kFinishing) {
    return Answer(event.call,
                  Error{ErrorCode::kFailedPrecondition,
                        attempt.id.ToString() + " has told its final status",
                        "ask for nothing more"});
  }
  if (attempt.state != RmAttemptState::kRunning) {
    return Answer(event.call, RegisterFirst(attempt.id, "has not registered"));
  }
  const AllocateRequest& request = event.request;
  const PollKind kind = attempt.polls.Classify(request.sequence);
  if (kind == PollKind::kGap) {
    return Answer(event.call,
                  RegisterFirst(attempt.id,
                                "sent sequence " + std::to_string(request.sequence) + " after " +
                                    std::to_string(attempt.polls.last())));
  }
  if (kind == PollKind::kOvertaken) return Answer(event.call, Superseded(attempt.id));
  // The same number with another content comes from an earlier registration.
  if (kind != PollKind::kNext && request.sequence == attempt.polls.last() &&
      !SameContent(request, attempt.last_request)) {
    return Answer(event.call, RegisterFirst(attempt.id, "used a sequence for two requests"));
  }
  if (kind == PollKind::kNext) {
    auto asks = ValidateAllocate(attempt, request);
    if (!asks.ok()) return Answer(event.call, std::move(asks).error());
    if (attempt.polls.parked) {
      EndParked(attempt.polls, ErrorCode::kAborted, Superseded(attempt.id).message);
    }
    AcknowledgeAnswers(attempt);
    attempt.polls.Advance();
    attempt.last_request =
        AllocateRequest(request);  // moved in: keeps no capacity of an earlier one
    ApplyAllocate(*FindApplication(attempt.id.application), attempt, request, *asks);
  }
  master_deadlines.Set(attempt.slot->value, now.monotonic + options.master_expiry);
  if (kind == PollKind::kAnswered) {
    return Answer(event.call, attempt.polls.AnswerTo(request.sequence));
  }
  ParkMaster(attempt, event.call, request.park);
}

void ResourceManagerCore::State::ParkMaster(ApplicationAttempt& attempt,
                                            CallId call,
                                            Duration park) {
  // Not as one that a newer came after: its answer is still to be asked for.
  if (attempt.polls.parked) {
    EndParked(attempt.polls,
              ErrorCode::kUnavailable,
              "the same allocate call of " + attempt.id.ToString() + " came again");
  }
  // A silent AM is noticed in time only if its polls end well before that.
  const Duration longest =
      std::min<Duration>(milliseconds(limits::kParkMillisMax), options.master_expiry / 2);
  attempt.polls.parked = Park(call, park, longest);
  MarkDirty(attempt);
}

Result<std::vector<ContainerAsk>> ResourceManagerCore::State::ValidateAllocate(
    const ApplicationAttempt& attempt, const AllocateRequest& request) const {
  if (request.asks.size() > limits::kAsksPerAllocate ||
      request.releases.size() > limits::kContainerElements ||
      request.sizes.size() > limits::kSizesPerAllocate) {
    return Error{ErrorCode::kInvalidArgument,
                 "an allocate call of " + attempt.id.ToString() + " has " +
                     std::to_string(request.asks.size()) + " asks, " +
                     std::to_string(request.releases.size()) + " releases and " +
                     std::to_string(request.sizes.size()) + " other sizes",
                 "at most " + std::to_string(limits::kAsksPerAllocate) + " asks and " +
                     std::to_string(limits::kSizesPerAllocate) + " sizes in one call"};
  }
  WEIR_RETURN_IF_ERROR(ValidateBlacklist(attempt.id, request));
  std::vector<ContainerAsk> asks;
  asks.reserve(request.asks.size());
  for (const auto& ask : request.asks) {
    WEIR_ASSIGN_OR_RETURN(ContainerAsk valid, sched->Validate(*attempt.slot, ask));
    asks.push_back(std::move(valid));
  }
  return asks;
}

void ResourceManagerCore::State::AcknowledgeAnswers(ApplicationAttempt& attempt) {
  attempt.first_grant = attempt.first_untold;
  std::erase_if(attempt.completions, [this](const auto& completion) {
    if (completion.second.told_in == kUntold) return false;
    RecordEnd(completion.first, completion.second.node);
    return true;
  });
  AcknowledgeSizes(attempt);
  // It has heard of everything that it asked for.
  if (!attempt.asked.empty() && attempt.first_grant < 0 &&
      sched->application_pending(*attempt.slot).IsZero()) {
    attempt.asked.clear();
  }
}

void ResourceManagerCore::State::ApplyAllocate(Application& application,
                                               ApplicationAttempt& attempt,
                                               const AllocateRequest& request,
                                               const std::vector<ContainerAsk>& asks) {
  const float progress =
      std::isfinite(request.progress) ? std::clamp(request.progress, 0.0F, 1.0F) : 0.0F;
  if (std::exchange(application.progress, progress) != progress) Touch(application);
  for (const auto& id : request.releases) {
    const auto slot = containers.Find(id);
    if (!IsOf(id, attempt) || id.is_application_master()) continue;
    if (!slot) {
      // Of an earlier ResourceManager, and never seen here: it is to be over for its AM too.
      const bool known = attempt.completions.contains(id) || ended.contains(id);
      if (!known && id.epoch() < epoch.epoch) OnMissing(id, -1, "It was released");
      continue;
    }
    if (!containers.at(*slot).told) continue;  // the AM cannot know it
    StopContainer(*slot, ContainerEvent::kRelease, StopReason::kReleasedByApplicationMaster);
  }
  if (application.state != RmApplicationState::kRunning) return;  // it is being killed
  if (!request.blacklist_add.empty() || !request.blacklist_remove.empty()) {
    sched->ChangeBlacklist(*attempt.slot, request.blacklist_add, request.blacklist_remove);
    place = true;
  }
  if (!asks.empty()) {
    std::map<int64_t, std::vector<ContainerSlot>> untold;
    for (int32_t i = attempt.first_grant; i >= 0; i = containers.at({i}).of_attempt.next) {
      if (!containers.at({i}).stopping) untold[sched->placement({i}).request_id].push_back({i});
    }
    for (const auto& ask : asks) ApplyAsk(attempt, ask, untold[ask.request_id]);
  }
  if (!asks.empty()) {
    place = true;
    Touch(application);
  }
  for (const SizeAsk& ask : request.sizes) OnSizeAsk(attempt, ask);
}

void ResourceManagerCore::State::ApplyAsk(ApplicationAttempt& attempt,
                                          ContainerAsk ask,
                                          const std::vector<ContainerSlot>& untold) {
  if (ask.count > 0) {
    attempt.asked.insert_or_assign(ask.request_id, ask);
    if (attempt.asked.size() > kAsksRemembered) attempt.asked.erase(attempt.asked.begin());
  }
  // The count is what the AM still wants in view of the answers it has: grants that it has not
  // heard of are part of it, and those beyond it go back.
  for (const ContainerSlot slot : untold) {
    if (!containers.IsHeld(slot)) continue;
    if (ask.count > 0 && ResourceOf(slot) == ask.resource &&
        sched->placement(slot).priority == ask.priority) {
      --ask.count;
    } else {
      StopContainer(slot, ContainerEvent::kRelease, StopReason::kReleasedByApplicationMaster);
    }
  }
  sched->SetAsk(*attempt.slot, ask, now);
}

bool ResourceManagerCore::State::HasNews(const ApplicationAttempt& attempt) const {
  if (attempt.untold_completions > 0 || attempt.untold_sizes > 0 || attempt.untold_preemption ||
      attempt.untold_inherited > 0 || !NmTokensFor(attempt).empty()) {
    return true;
  }
  for (int32_t i = attempt.first_untold; i >= 0; i = containers.at({i}).of_attempt.next) {
    if (!containers.at({i}).stopping) return true;
  }
  // Why it has to wait is worth an answer; an AM that polls on has heard it then.
  const PendingReason reason = sched->pending_reason(*attempt.slot);
  return reason != PendingReason::kNone && reason != attempt.told_reason;
}

void ResourceManagerCore::State::AnswerMaster(const AttemptId& id) {
  ApplicationAttempt* attempt = FindAttempt(id);
  if (attempt == nullptr) return;
  attempt->dirty = false;
  if (!attempt->polls.parked) return;
  if (!HasNews(*attempt) && attempt->polls.parked->until > now.monotonic) {
    master_polls.Set(attempt->slot->value, attempt->polls.parked->until);
    return Wait(attempt->polls.parked->call, WaitingMaster{id});
  }
  const CallId call = attempt->polls.parked->call;
  Unpark(call);
  attempt->polls.parked.reset();
  AllocateAnswer answer = MakeAnswer(*attempt);
  attempt->polls.Keep(answer);
  Answer(call, std::move(answer));
}

AllocateAnswer ResourceManagerCore::State::MakeAnswer(ApplicationAttempt& attempt) {
  AllocateAnswer answer;
  answer.epoch = epoch.epoch;
  answer.sequence = attempt.polls.last();
  TellGrants(attempt, answer);
  // An answer that is full without them has none: they are asked for again.
  if (answer.granted.size() <= kGrantsPerAnswer) answer.nm_tokens = NmTokensFor(attempt);
  size_t bytes = 0;
  for (auto& [id, completion] : attempt.completions) {
    if (completion.told_in != kUntold) continue;
    bytes += completion.status.diagnostics.size() + kCompletionBytes;
    if (bytes > kCompletionBytesPerAnswer) break;
    answer.completed.push_back(completion.status);
    completion.told_in = answer.sequence;
    --attempt.untold_completions;
  }
  TellSizes(attempt, answer);
  answer.inherited = TellInherited(attempt);
  for (const auto& [slot, deadline] : attempt.wanted_back) {
    const Duration grace = std::max(Duration(0), deadline - now.monotonic);
    answer.preemption.push_back({.container = containers.IdOf({slot}), .grace = grace});
  }
  attempt.untold_preemption = false;
  answer.headroom = sched->headroom(*attempt.slot);
  answer.cluster_nodes = active_nodes;
  const Application& application = *FindApplication(attempt.id.application);
  std::tie(answer.pending_reason, answer.pending_detail) = Pending(application);
  attempt.told_reason = sched->pending_reason(*attempt.slot);
  return answer;
}

// A gang is told in one answer, as far as one frame holds it.
void ResourceManagerCore::State::TellGrants(ApplicationAttempt& attempt, AllocateAnswer& answer) {
  const auto of_gang = [&](int64_t request_id) {
    const auto asked = attempt.asked.find(request_id);
    return asked != attempt.asked.end() && asked->second.gang;
  };
  int32_t i = attempt.first_untold;
  for (; i >= 0; i = containers.at({i}).of_attempt.next) {
    if (containers.at({i}).stopping) continue;
    if (answer.granted.size() >= kGrantsPerAnswer) {
      const int64_t request_id = sched->placement({i}).request_id;
      const bool goes_on = answer.granted.back().request_id == request_id && of_gang(request_id);
      if (!goes_on || answer.granted.size() >= kGrantsPerAnswerMax) break;
    }
    NoteTold({i});
    answer.granted.push_back(MakeGrant(attempt, {i}));
  }
  attempt.first_untold = i;
}

std::vector<NmTokenIdentifier> ResourceManagerCore::State::NmTokensFor(
    const ApplicationAttempt& attempt) const {
  std::vector<NmTokenIdentifier> tokens;
  if (attempt.last_request.nm_tokens.empty()) return tokens;
  std::set<int32_t> holders;
  for (int32_t i = attempt.containers.first; i >= 0; i = containers.at({i}).of_attempt.next) {
    holders.insert(containers.at({i}).node);
  }
  for (const NodeId& id : attempt.last_request.nm_tokens) {
    const Node* node = FindNode(id);
    if (node == nullptr || !holders.contains(node->index)) continue;
    tokens.push_back({.attempt = attempt.id, .node = id});
  }
  return tokens;
}

ContainerGrant ResourceManagerCore::State::MakeGrant(const ApplicationAttempt& attempt,
                                                     ContainerSlot slot) const {
  const Node& node = NodeAt(containers.at(slot).node);
  const auto& placement = sched->placement(slot);
  return {.token = TokenOf(slot),
          .request_id = placement.request_id,
          .priority = placement.priority,
          .node_address = node.record.address,
          .node_http_address = node.record.http_address,
          .nm_token = {.attempt = attempt.id, .node = node.id()}};
}

void ResourceManagerCore::State::On(const FinishMaster& event) {
  Application* application = FindApplication(event.attempt.application);
  ApplicationAttempt* known = FindAttempt(event.attempt);
  const bool repeated = known != nullptr && (known->state == RmAttemptState::kFinishing ||
                                             known->state == RmAttemptState::kFinished);
  if (repeated) {
    Move(*known, AttemptEvent::kUnregistered);
    return Answer(event.call, NoContent{}, application->final_sequence);
  }
  auto listened = Listen(event.attempt);
  if (!listened.ok()) return Answer(event.call, std::move(listened).error());
  ApplicationAttempt& attempt = **listened;
  if (attempt.state != RmAttemptState::kRunning) {
    return Answer(event.call, RegisterFirst(attempt.id, "has not registered"));
  }
  const FinishMasterRequest& request = event.request;
  Status valid =
      ValidateText("the tracking URL", request.tracking_url, kUrlBytes, EmptyText::kAllowed);
  if (valid.ok() && request.final_status == FinalStatus::kUndefined) {
    valid = Error{ErrorCode::kInvalidArgument,
                  "the final status of " + attempt.id.ToString() + " is undefined",
                  "say SUCCEEDED, FAILED or KILLED"};
  }
  if (!valid.ok()) return Answer(event.call, std::move(valid).error());

  Move(attempt, AttemptEvent::kUnregistered);
  EndParked(attempt.polls, ErrorCode::kAborted, attempt.id.ToString() + " told its final status");
  WithdrawAsks(attempt);
  master_deadlines.Set(attempt.slot->value, now.monotonic + options.master_expiry);
  if (application->state == RmApplicationState::kRunning) {
    attempt.diagnostics = CutMiddle(request.diagnostics, limits::kDiagnosticsBytes);
    StoreOutcome(*application,
                 {ApplicationState::kFinished,
                  request.final_status,
                  request.diagnostics,
                  request.tracking_url},
                 {store::Put{RecordOf(attempt)}});
  }
  Move(*application, ApplicationEvent::kAttemptUnregistered, application->final_sequence);
  Answer(event.call, NoContent{}, application->final_sequence);
}

}  // namespace weir::rm
