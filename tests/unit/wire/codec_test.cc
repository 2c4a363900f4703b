#include "wire/codec.h"

#include <gtest/gtest.h>

#include "common/limits.h"

namespace weir::wire {
namespace {

const ApplicationId kApplication{1700000000000, 3};
const AttemptId kAttempt{kApplication, 1};
const ContainerId kContainer = ContainerId::Make(kAttempt, Epoch{5}, 2);

platform::TokenKeys Keys() {
  return platform::TokenKeys({{1, std::string(32, 'k')}});
}

LaunchContext MakeLaunch() {
  LaunchContext context;
  context.command = {"/bin/echo", "hello {{USER}}"};
  context.environment = {{"A", "b"}};
  context.local_resources = {{"job.so",
                              {.uri = "staging:ab",
                               .size = 12,
                               .mtime_ms = 3,
                               .sha256 = "ab",
                               .visibility = LocalResourceVisibility::kPrivate,
                               .type = LocalResourceType::kArchive}}};
  context.secrets = {{"am.token", std::string("\0\1\2", 3)}};
  context.retry = {.on = RetryOn::kExitCodes,
                   .exit_codes = {3, 137},
                   .max_retries = RetryPolicy::kForEver,
                   .interval = milliseconds(1500),
                   .validity = seconds(600)};
  context.on_lease_end = LeaseEnd::kKeep;
  return context;
}

TEST(ValuesCodec, LaunchContextsSurviveTheWire) {
  const LaunchContext context = MakeLaunch();
  EXPECT_EQ(*FromWire(ToWire(context)), context);
}

// What a peer says that does not know these fields yet.
TEST(ValuesCodec, AnOlderLaunchContextRetriesNothingAndFetchesFiles) {
  idl::LaunchContext wire = ToWire(MakeLaunch());
  wire.__isset.retry_policy = false;
  wire.__isset.on_lease_end = false;
  wire.local_resources["job.so"].__isset.type = false;
  LaunchContext expected = MakeLaunch();
  expected.retry = {};
  expected.on_lease_end = LeaseEnd::kStop;
  expected.local_resources["job.so"].type = LocalResourceType::kFile;
  EXPECT_EQ(*FromWire(wire), expected);
}

TEST(ValuesCodec, HostileRetryPoliciesAreRefused) {
  const auto refused = [](const auto& spoil) {
    idl::LaunchContext wire = ToWire(MakeLaunch());
    spoil(wire.retry_policy);
    const auto back = FromWire(wire);
    return !back.ok() && back.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](idl::RetryPolicy& retry) { retry.on = 0; }));
  EXPECT_TRUE(refused([](idl::RetryPolicy& retry) { retry.on = 4; }));
  EXPECT_TRUE(refused([](idl::RetryPolicy& retry) { retry.max_retries = -2; }));
  EXPECT_TRUE(refused([](idl::RetryPolicy& retry) { retry.interval_ms = -1; }));
  EXPECT_TRUE(refused([](idl::RetryPolicy& retry) { retry.validity_ms = -1; }));
  EXPECT_TRUE(refused(
      [](idl::RetryPolicy& retry) { retry.exit_codes.assign(limits::kRetryExitCodes + 1, 1); }));
}

TEST(ValuesCodec, ContainerStatusesSurviveTheWire) {
  const ContainerStatus status{.id = kContainer,
                               .state = ContainerState::kComplete,
                               .exit_code = -100,
                               .diagnostics = "why",
                               .resource = {1024, 2},
                               .detail = "localizing: 3 of 5 files"};
  EXPECT_EQ(*FromWire(ToWire(status)), status);
}

TEST(ValuesCodec, NamedResourcesSurviveTheWire) {
  const Resource resource{512, 3, {{"a.b/c", -2}, {"yarn.io/gpu", Resource::kNamedMax}}};
  EXPECT_EQ(*FromWire(ToWire(resource)), resource);
  EXPECT_FALSE(ToWire(Resource{512, 3}).__isset.named);  // what an older peer would send

  idl::Resource nothing = ToWire(Resource{1, 1});
  nothing.__set_named({{"yarn.io/gpu", 0}});
  EXPECT_EQ(*FromWire(nothing), (Resource{1, 1}));
}

TEST(ValuesCodec, NamedResourcesOutOfBoundsAreRefused) {
  idl::Resource wire = ToWire(Resource{1, 1});
  for (size_t i = 0; i <= Resource::kNamedTypesMax; ++i) wire.named["t" + std::to_string(i)] = 1;
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
  wire.named = {{"", 1}};
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
  wire.named = {{std::string(limits::kNameBytes + 1, 'n'), 1}};
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
}

TEST(ValuesCodec, HostileValuesAreRefused) {
  idl::ContainerStatus status = ToWire(ContainerStatus{.id = kContainer, .diagnostics = ""});
  status.state = 99;
  EXPECT_EQ(FromWire(status).error().code, ErrorCode::kInvalidArgument);
  status.state = 1;
  status.id = "container_x";
  EXPECT_EQ(FromWire(status).error().code, ErrorCode::kInvalidArgument);

  idl::HostPort address;
  address.port = 70000;
  EXPECT_FALSE(FromWire(address).ok());

  LaunchContext large = MakeLaunch();
  large.environment["X"] = std::string(limits::kLaunchContextBytes, 'x');
  EXPECT_FALSE(FromWire(ToWire(large)).ok());
  LaunchContext many = MakeLaunch();
  many.command.assign(limits::kCommandArguments + 1, "a");
  EXPECT_FALSE(FromWire(ToWire(many)).ok());
}

TEST(ValuesCodec, LongDiagnosticsAreCutInTheMiddle) {
  ContainerStatus status{.id = kContainer, .state = ContainerState::kComplete};
  status.diagnostics = std::string(20u << 20, 'd');
  const auto received = FromWire(ToWire(status));
  ASSERT_TRUE(received.ok());
  EXPECT_LE(received->diagnostics.size(), limits::kDiagnosticsBytes);
  // By who sends them as well: a message that is too large would never arrive.
  EXPECT_LE(ToWire(status).diagnostics.size(), limits::kDiagnosticsBytes);
  const FinishMasterRequest finish{
      .final_status = FinalStatus::kFailed, .diagnostics = status.diagnostics, .tracking_url = ""};
  EXPECT_LE(ToWire(finish).diagnostics.size(), limits::kDiagnosticsBytes);
}

TEST(ValuesCodec, AnUnknownErrorCodeBecomesInternal) {
  idl::ServiceError error;
  error.code = 4711;
  error.message = "m";
  EXPECT_EQ(FromWire(error), (Error{ErrorCode::kInternal, "m", ""}));
}

TEST(ClientCodec, SubmissionsAndReportsSurviveTheWire) {
  const SubmissionContext context{.name = "n",
                                  .type = "t",
                                  .queue = "q",
                                  .priority = -3,
                                  .am_resource = {512, 1},
                                  .am_launch = MakeLaunch(),
                                  .max_attempts = 2,
                                  .queue_timeout = seconds(5),
                                  .tags = {"x"},
                                  .label = "gpu",
                                  .am_label = "small",
                                  .lifetime = seconds(60),
                                  .attempt_failures_validity = seconds(9),
                                  .keep_containers = true};
  EXPECT_EQ(*FromWire(ToWire(context)), context);

  ApplicationReport report;
  report.id = kApplication;
  report.state = ApplicationState::kRunning;
  report.attempt = kAttempt;
  report.am_container = kContainer;
  report.am_address = {"127.0.0.1", 4000};
  report.progress = 0.5f;
  report.pending_reason = PendingReason::kFragmented;
  report.pending_detail = "why";
  report.version = 9;
  report.allocated = {1024, 2, {{"yarn.io/gpu", 1}}};
  report.label = "gpu";
  report.expires = WallFromMillis(77);
  report.preempted_containers = 5;
  report.max_attempts = 4;
  report.counted_failures = 3;
  report.attempt_failures_validity = seconds(8);
  report.avoided_nodes = {"bad:1"};
  const auto received = FromWire(ToWire(report));
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->attempt, kAttempt);
  EXPECT_EQ(received->am_container, kContainer);
  EXPECT_EQ(received->am_address, report.am_address);
  EXPECT_EQ(received->pending_reason, report.pending_reason);
  EXPECT_EQ(received->version, 9);
  EXPECT_EQ(received->allocated, report.allocated);
  EXPECT_EQ(received->label, "gpu");
  EXPECT_EQ(received->expires, WallFromMillis(77));
  EXPECT_EQ(received->preempted_containers, 5);
  EXPECT_EQ(received->max_attempts, 4);
  EXPECT_EQ(received->counted_failures, 3);
  EXPECT_EQ(received->attempt_failures_validity, seconds(8));
  EXPECT_EQ(received->avoided_nodes, report.avoided_nodes);
  report.attempt = {};
  report.am_container = {};
  EXPECT_EQ(FromWire(ToWire(report))->attempt.number, 0);
}

TEST(ClientCodec, SubmissionsOutOfBoundsAreRefused) {
  const auto refused = [](const idl::SubmissionContext& wire) {
    const auto received = FromWire(wire);
    return !received.ok() && received.error().code == ErrorCode::kInvalidArgument;
  };
  const idl::SubmissionContext good = ToWire(SubmissionContext{});
  EXPECT_FALSE(refused(good));
  idl::SubmissionContext wire = good;
  wire.__set_queue_timeout_ms(-1);
  EXPECT_TRUE(refused(wire));
  wire = good;
  wire.__set_lifetime_ms(-1);
  EXPECT_TRUE(refused(wire));
  wire = good;
  wire.__set_lifetime_ms(INT64_MAX);
  EXPECT_TRUE(refused(wire));
  wire = good;
  wire.__set_attempt_failures_validity_ms(-1);
  EXPECT_TRUE(refused(wire));
  wire = good;
  wire.__set_label(std::string(limits::kNameBytes + 1, 'l'));
  EXPECT_TRUE(refused(wire));
  wire = good;
  wire.__set_am_label(std::string(limits::kNameBytes + 1, 'l'));
  EXPECT_TRUE(refused(wire));
}

TEST(NodeCodec, RegistrationsSurviveTheWire) {
  const RegisterNodeRequest request{.id = {"node-1"},
                                    .address = {"127.0.0.1", 45454},
                                    .http_address = "127.0.0.1:8042",
                                    .rack = "/r1",
                                    .capacity = {8192, 8, {{"yarn.io/gpu", 4}}},
                                    .containers = {{.id = kContainer, .diagnostics = ""}},
                                    .applications = {kApplication},
                                    .label = "gpu"};
  idl::RegisterNodeRequest wire = ToWire(request);
  const auto received = FromWire(wire);
  ASSERT_TRUE(received.ok()) << received.error().ToString();
  EXPECT_EQ(received->id, request.id);
  EXPECT_EQ(received->address, request.address);
  EXPECT_EQ(received->http_address, request.http_address);
  EXPECT_EQ(received->rack, "/r1");
  EXPECT_EQ(received->capacity, request.capacity);
  EXPECT_EQ(received->containers, request.containers);
  EXPECT_EQ(received->applications, request.applications);
  EXPECT_EQ(received->label, "gpu");

  wire.__set_rack(std::string(limits::kNameBytes + 1, 'r'));
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
  wire = ToWire(request);
  wire.__set_label(std::string(limits::kNameBytes + 1, 'l'));
  EXPECT_EQ(FromWire(wire).error().code, ErrorCode::kInvalidArgument);
}

TEST(NodeCodec, TheTimeWithoutAConfirmationIsBounded) {
  const RegisterNodeAnswer answer{.epoch = Epoch{5}, .session = 1, .unconfirmed = seconds(2)};
  idl::RegisterNodeAnswer wire = ToWire(answer, Keys(), "");
  EXPECT_EQ(FromWire(wire).unconfirmed, seconds(2));
  wire.__set_unconfirmed_ms(-1);
  EXPECT_EQ(FromWire(wire).unconfirmed, Duration{0});
  wire.__set_unconfirmed_ms(INT64_MAX);
  EXPECT_EQ(FromWire(wire).unconfirmed, std::chrono::hours(24));
}

TEST(NodeCodec, AnswersCarrySignedStartsThatVerify) {
  NodeHeartbeatAnswer answer;
  answer.epoch = Epoch{5};
  answer.sequence = 8;
  answer.unconfirmed = milliseconds(1500);
  answer.start = {{.token = {.id = kContainer,
                             .node = {"node-1"},
                             .resource = {256, 1},
                             .user = "ada",
                             .expires = WallFromMillis(99),
                             .epoch = Epoch{5},
                             .node_session = 4},
                   .launch = MakeLaunch()}};
  answer.stop = {{kContainer, StopReason::kApplicationEnded}};
  answer.completions_recorded = {kContainer};
  answer.applications_finished = {kApplication};
  answer.capacity = Resource{16384, 16, {{"yarn.io/gpu", 8}}};
  answer.resize = {{.id = kContainer, .resource = {2048, 3}, .number = 7}};
  answer.signal = {
      {.id = kContainer, .signal = ContainerSignal::kOutputThreadDump, .number = 8, .by = "ada"}};
  const auto received = FromWire(ToWire(answer, Keys()), Keys());
  ASSERT_TRUE(received.ok()) << received.error().ToString();
  EXPECT_EQ(received->unconfirmed, milliseconds(1500));
  ASSERT_EQ(received->start.size(), 1u);
  EXPECT_EQ(received->start[0].token, answer.start[0].token);
  EXPECT_EQ(received->stop[0].reason, StopReason::kApplicationEnded);
  EXPECT_EQ(received->completions_recorded, answer.completions_recorded);
  EXPECT_EQ(received->applications_finished, answer.applications_finished);
  EXPECT_EQ(received->capacity, answer.capacity);
  ASSERT_EQ(received->resize.size(), 1u);
  EXPECT_EQ(received->resize[0].id, kContainer);
  EXPECT_EQ(received->resize[0].resource, (Resource{2048, 3}));
  EXPECT_EQ(received->resize[0].number, 7);
  ASSERT_EQ(received->signal.size(), 1u);
  EXPECT_EQ(received->signal[0].id, kContainer);
  EXPECT_EQ(received->signal[0].signal, ContainerSignal::kOutputThreadDump);
  EXPECT_EQ(received->signal[0].number, 8);
  EXPECT_EQ(received->signal[0].by, "ada");
  answer.capacity.reset();
  EXPECT_FALSE(FromWire(ToWire(answer, Keys()), Keys())->capacity.has_value());

  const platform::TokenKeys others({{1, std::string(32, 'o')}});
  EXPECT_EQ(FromWire(ToWire(answer, Keys()), others).error().code, ErrorCode::kUnauthenticated);
}

platform::TokenKeys RollingKeys() {
  return platform::TokenKeys(
      {{1, std::string(32, 'k')}, {2, std::string(32, 'l')}, {3, std::string(32, 'm')}}, 2);
}

TEST(NodeCodec, KeysComeToWhoHasOlderOnes) {
  const platform::TokenKeys keys = RollingKeys();
  const auto registered =
      KeysFromWire(ToWire(RegisterNodeAnswer{.epoch = Epoch{5}}, keys, "127.0.0.1:8088"));
  ASSERT_TRUE(registered.ok());
  EXPECT_EQ(registered->keys(), keys.keys());
  EXPECT_EQ(registered->signer(), 2);

  const auto given = [&](const KnownKeys& known) {
    idl::NodeHeartbeatAnswer wire = ToWire(NodeHeartbeatAnswer{}, keys);
    AddKeys(known, keys, wire);
    return *KeysFromWire(wire);
  };
  EXPECT_FALSE(given(std::nullopt)) << "it could not use them";
  EXPECT_FALSE(given(keys.version()));
  EXPECT_FALSE(given(keys.version() + 1));
  ASSERT_TRUE(given(keys.version() - 1));
  EXPECT_EQ(given(0)->keys(), keys.keys());
  EXPECT_EQ(given(0)->signer(), 2);

  idl::NodeHeartbeatRequest request;
  EXPECT_EQ(KnownOf(request), std::nullopt);
  request.__set_keys_version(7);
  EXPECT_EQ(KnownOf(request), 7);
}

TEST(NodeCodec, OfAnOlderResourceManagerTheHighestKeySignsAndAMissingOneIsRefused) {
  idl::RegisterNodeAnswer wire =
      ToWire(RegisterNodeAnswer{.epoch = Epoch{5}}, RollingKeys(), "127.0.0.1:8088");
  wire.__isset.signing_key = false;
  EXPECT_EQ(KeysFromWire(wire)->signer(), 3);
  wire.__set_signing_key(4);
  EXPECT_EQ(KeysFromWire(wire).error().code, ErrorCode::kCorruption);
}

TEST(MasterCodec, CredentialsComeToWhoHasOlderOnes) {
  const platform::TokenKeys keys = RollingKeys();
  const auto given = [&](const KnownKeys& known) {
    idl::AllocateAnswer wire = ToWire(AllocateAnswer{}, keys);
    AddCredentials(known, kAttempt, keys, wire);
    return FromWire(wire)->credentials;
  };
  EXPECT_FALSE(given(std::nullopt));
  EXPECT_FALSE(given(keys.version()));
  const auto credentials = given(keys.version() - 1);
  ASSERT_TRUE(credentials.has_value());
  EXPECT_EQ(credentials->keys_version, keys.version());
  EXPECT_EQ(credentials->am_token.key_id, 2);
  EXPECT_EQ(keys.VerifyAm(credentials->am_token)->attempt, kAttempt);
  EXPECT_EQ(credentials->client_keys, keys.ClientKeys(kAttempt)) << "of all three keys";
}

TEST(MasterCodec, NmTokensAreAskedForByNode) {
  AllocateRequest request{.nm_tokens = {{"node-1"}, {"node-2"}}};
  const auto received = FromWire(ToWire(request));
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->nm_tokens, request.nm_tokens);
  for (const std::string& bad : {std::string(), std::string(limits::kNameBytes + 1, 'n')}) {
    EXPECT_EQ(FromWire(ToWire(AllocateRequest{.nm_tokens = {{bad}}})).error().code,
              ErrorCode::kInvalidArgument);
  }
  request.nm_tokens.assign(limits::kNmTokensPerAllocate + 1, {"node"});
  EXPECT_EQ(FromWire(ToWire(request)).error().code, ErrorCode::kInvalidArgument);

  AllocateAnswer answer;
  answer.nm_tokens = {{kAttempt, {"node-1"}}};
  const auto tokens = FromWire(ToWire(answer, RollingKeys()))->nm_tokens;
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].node.uuid, "node-1");
  EXPECT_EQ(*RollingKeys().VerifyNm(tokens[0].token), answer.nm_tokens[0]);
}

TEST(MasterCodec, AsksAndGrantsSurviveTheWire) {
  const AllocateRequest request{
      .sequence = 4,
      .asks = {{.request_id = 1, .priority = 2, .count = 3, .resource = {512, 1}},
               {.request_id = 2,
                .priority = 0,
                .count = 8,
                .resource = {1024, 1, {{"yarn.io/gpu", 1}}},
                .nodes = {"n1", "n2"},
                .racks = {"/r1"},
                .relax_locality = false,
                .label = "gpu",
                .gang = true,
                .spread = Spread::kRacks,
                .max_per_node = 2,
                .max_per_rack = 5}},
      .releases = {kContainer},
      .sizes = {{kContainer, {768, 2}}},
      .blacklist_add = {"n3"},
      .blacklist_remove = {"n4", "n5"},
      .progress = 0.25f,
      .park = seconds(5)};
  const auto received = FromWire(ToWire(request));
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->asks, request.asks);
  EXPECT_EQ(received->releases, request.releases);
  EXPECT_EQ(received->sizes, request.sizes);
  EXPECT_EQ(received->blacklist_add, request.blacklist_add);
  EXPECT_EQ(received->blacklist_remove, request.blacklist_remove);
  EXPECT_EQ(received->park, request.park);

  AllocateAnswer answer;
  answer.granted = {{.token = {.id = kContainer,
                               .node = {"node-1"},
                               .resource = {512, 1},
                               .user = "ada",
                               .expires = WallFromMillis(1),
                               .epoch = Epoch{5}},
                     .request_id = 1,
                     .priority = 2,
                     .node_address = {"127.0.0.1", 45454},
                     .node_http_address = "127.0.0.1:8042",
                     .nm_token = {kAttempt, {"node-1"}}}};
  answer.preemption = {{kContainer, seconds(15)}};
  answer.sizes = {{kContainer, {768, 2}},
                  {kContainer, {512, 1}, true, Error{ErrorCode::kResourceExhausted, "no", "wait"}}};
  answer.inherited = answer.granted;
  answer.headroom = {4096, 4, {{"yarn.io/gpu", 1}}};
  const auto grants = FromWire(ToWire(answer, Keys()));
  ASSERT_TRUE(grants.ok());
  EXPECT_EQ(grants->preemption, answer.preemption);
  EXPECT_EQ(grants->sizes, answer.sizes);
  EXPECT_EQ(grants->headroom, answer.headroom);
  ASSERT_EQ(grants->granted.size(), 1u);
  EXPECT_EQ(grants->granted[0].id, kContainer);
  const auto token = Keys().VerifyContainer(grants->granted[0].container_token);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(*token, answer.granted[0].token);
  EXPECT_EQ(*Keys().VerifyNm(grants->granted[0].nm_token), answer.granted[0].nm_token);
  ASSERT_EQ(grants->inherited.size(), 1u);
  EXPECT_EQ(grants->inherited[0].id, kContainer);

  // In the answer to a registration too.
  const RegisterMasterAnswer registered{.epoch = Epoch{5},
                                        .maximum_allocation = {8192, 4},
                                        .minimum_allocation = {64, 1},
                                        .queue = "root.a",
                                        .containers = answer.granted};
  const idl::RegisterMasterAnswer wire_registered = ToWire(registered, kAttempt, Keys());
  EXPECT_EQ(wire_registered.client_key, Keys().ClientKeys(kAttempt).at(1));
  EXPECT_EQ(FromWire(wire_registered.credentials).client_keys, Keys().ClientKeys(kAttempt));
  const auto inherited = InheritedFromWire(wire_registered);
  ASSERT_TRUE(inherited.ok());
  ASSERT_EQ(inherited->size(), 1u);
  EXPECT_EQ((*inherited)[0].id, kContainer);
  EXPECT_EQ(*Keys().VerifyNm((*inherited)[0].nm_token), answer.granted[0].nm_token);
}

TEST(MasterCodec, RegistrationsSurviveTheWire) {
  const RegisterMasterRequest request{.rpc_address = {"127.0.0.1", 4000},
                                      .tracking_url = "http://here",
                                      .containers = {{.id = kContainer, .node = {"node-1"}}},
                                      .again = true};
  const auto received = FromWire(ToWire(request));
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->rpc_address, request.rpc_address);
  EXPECT_EQ(received->tracking_url, request.tracking_url);
  EXPECT_EQ(received->containers, request.containers);
  EXPECT_TRUE(received->again);
  EXPECT_FALSE(FromWire(idl::RegisterMasterRequest())->again) << "as older ones have it";
}

// An ApplicationMaster that knows nothing of locality and gangs means the defaults.
TEST(MasterCodec, AnAskWithTheFirstFourFieldsHasTheDefaults) {
  idl::ContainerAsk ask;
  ask.__set_request_id(1);
  ask.__set_count(2);
  ask.__set_resource(ToWire(Resource{512, 1}));
  idl::AllocateRequest wire;
  wire.__set_asks({ask});
  const auto received = FromWire(wire);
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->asks[0],
            (ContainerAsk{.request_id = 1, .count = 2, .resource = Resource{512, 1}}));
}

TEST(MasterCodec, AsksOutOfBoundsAreRefused) {
  const auto refused = [](const ContainerAsk& ask) {
    const auto received = FromWire(ToWire(AllocateRequest{.asks = {ask}, .releases = {}}));
    return !received.ok() && received.error().code == ErrorCode::kInvalidArgument;
  };
  const std::string long_name(limits::kNameBytes + 1, 'n');
  const std::vector<std::string> many(limits::kPlacesPerAsk + 1, "n");
  EXPECT_FALSE(refused({.resource = {}, .nodes = {"n"}, .racks = {"r"}}));
  EXPECT_TRUE(refused({.resource = {}, .nodes = many}));
  EXPECT_TRUE(refused({.resource = {}, .racks = many}));
  EXPECT_TRUE(refused({.resource = {}, .nodes = {long_name}}));
  EXPECT_TRUE(refused({.resource = {}, .nodes = {""}}));
  EXPECT_TRUE(refused({.resource = {}, .racks = {long_name}}));
  EXPECT_TRUE(refused({.resource = {}, .label = long_name}));
  EXPECT_TRUE(refused({.resource = {}, .spread = static_cast<Spread>(4)}));
  EXPECT_TRUE(refused({.resource = {}, .spread = static_cast<Spread>(0)}));
  EXPECT_TRUE(refused({.resource = {}, .max_per_node = -1}));
  EXPECT_TRUE(refused({.resource = {}, .max_per_rack = -1}));
}

TEST(MasterCodec, BlacklistsOutOfBoundsAreRefused) {
  const std::vector<std::string> many(limits::kBlacklistChanges + 1, "n");
  AllocateRequest request;
  request.blacklist_add = many;
  EXPECT_EQ(FromWire(ToWire(request)).error().code, ErrorCode::kInvalidArgument);
  request.blacklist_add = {};
  request.blacklist_remove = {std::string(limits::kNameBytes + 1, 'n')};
  EXPECT_EQ(FromWire(ToWire(request)).error().code, ErrorCode::kInvalidArgument);
}

TEST(MasterCodec, TooManyAsksAreRefused) {
  AllocateRequest request;
  request.asks.resize(limits::kAsksPerAllocate + 1);
  EXPECT_EQ(FromWire(ToWire(request)).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir::wire
