// Nodes that are gone for good: when they are forgotten, what goes with them, and what stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Resource kNodeSize{4096, 8};

CoreOptions Options() {
  CoreOptions options = SmallOptions();
  options.expiry_share = 1;
  options.known_nodes = 3;
  options.untracked_timeout = seconds(60);
  return options;
}

class NodeRemoval : public ::testing::Test {
 protected:
  NodeRemoval() : driver(Options()) {}

  std::vector<std::string> Known() const {
    std::vector<std::string> known;
    for (const NodeReport& node : driver.core->Nodes()) known.push_back(node.id.uuid);
    return known;
  }
  // As the next ResourceManager finds it.
  std::vector<std::string> Stored() const {
    std::vector<std::string> stored;
    for (const auto& [key, record] : driver.store) {
      if (const auto* node = std::get_if<store::NodeRecord>(&record)) {
        stored.push_back(node->id.uuid);
      }
    }
    return stored;
  }
  std::optional<ErrorCode> Register(const std::string& uuid) {
    return driver.Code(driver.RegisterNodeCall(uuid, kNodeSize));
  }
  void Leave(const std::string& uuid) {
    driver.Step(
        UnregisterNode{.call = driver.NewCall(), .node = {uuid}, .session = driver.sessions[uuid]});
    driver.Advance(milliseconds(1));
  }
  void Drain(const std::string& uuid) {
    driver.Step(DrainNode{.call = driver.NewCall(), .by = "root", .node = uuid});
    driver.CommitAll();
    driver.Advance(milliseconds(1));
  }
  void Refresh(const NodeLists& lists) {
    driver.Step(RefreshNodes{.call = driver.NewCall(), .by = "root", .lists = lists});
    driver.CommitAll();
  }

  CoreDriver driver;
};

// --- as many as there may be

TEST_F(NodeRemoval, WhoIsGoneForLongestMakesRoomInMemoryAndStore) {
  for (const char* uuid : {"n1", "n2", "n3"}) driver.AddNode(uuid, kNodeSize);
  Leave("n2");
  Leave("n1");
  EXPECT_EQ(Register("n4"), std::nullopt);
  EXPECT_THAT(Known(), ElementsAre("n1", "n3", "n4"));
  EXPECT_THAT(Stored(), ElementsAre("n1", "n3", "n4"));
  // It may come back, as one that was never here; that is another one's end.
  EXPECT_EQ(Register("n2"), std::nullopt);
  EXPECT_THAT(Known(), ElementsAre("n2", "n3", "n4"));
  driver.Restart();
  EXPECT_THAT(Known(), ElementsAre("n2", "n3", "n4"));
}

TEST_F(NodeRemoval, ThoseThatAreThereOrAwaitedStayAndTheNewOneIsRefused) {
  for (const char* uuid : {"n1", "n2", "n3"}) driver.AddNode(uuid, kNodeSize);
  const CallId call = driver.RegisterNodeCall("n4", kNodeSize);
  ASSERT_EQ(driver.Code(call), ErrorCode::kResourceExhausted);
  EXPECT_THAT(std::get<Error>(driver.replies.at(call)).message,
              HasSubstr("3 are there or awaited"));
  driver.Restart();
  EXPECT_EQ(Register("n4"), ErrorCode::kResourceExhausted) << "they have yet to come";
  EXPECT_EQ(Register("n1"), std::nullopt);
  driver.Advance(seconds(31));
  EXPECT_EQ(Register("n4"), std::nullopt) << "now they are LOST";
}

TEST_F(NodeRemoval, OneThatWasTakenOutByCommandGoesLastAndWithItsRecord) {
  for (const char* uuid : {"n1", "n2", "n3"}) driver.AddNode(uuid, kNodeSize);
  Drain("n1");
  Leave("n2");
  EXPECT_EQ(Register("n4"), std::nullopt);
  EXPECT_THAT(Known(), ElementsAre("n1", "n3", "n4"));
  EXPECT_EQ(Register("n1"), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(Register("n5"), std::nullopt);
  EXPECT_THAT(Known(), ElementsAre("n3", "n4", "n5"));
  EXPECT_FALSE(driver.Stored(store::DecommissionKey({"n1"})));
}

// A crash in between leaves the old one or the new one, never neither.
TEST_F(NodeRemoval, TheOldOneGoesOutOfTheStoreInTheBatchThatBringsTheNewOne) {
  for (const char* uuid : {"n1", "n2", "n3"}) driver.AddNode(uuid, kNodeSize);
  Leave("n1");
  const CallId call = driver.NewCall();
  driver.Step(RegisterNode{.call = call,
                           .request = {.id = {"n4"},
                                       .address = {"n4.example", 45454},
                                       .http_address = "n4.example:8042",
                                       .rack = "/default-rack",
                                       .capacity = kNodeSize}});
  EXPECT_FALSE(driver.Answered(call));
  ASSERT_EQ(driver.uncommitted.size(), 1U);
  EXPECT_EQ(driver.uncommitted[0].batch.size(), 2U);
  driver.CommitAll();
  EXPECT_TRUE(driver.Answered(call));
}

// --- what no list names

TEST_F(NodeRemoval, OnlyWhoIsGoneAndInNoListIsForgottenAfterAWhile) {
  for (const char* uuid : {"n1", "n2", "n3"}) driver.AddNode(uuid, kNodeSize);
  Leave("n2");
  driver.Advance(seconds(10'000));
  driver.CommitAll();
  EXPECT_THAT(Known(), ElementsAre("n1", "n2", "n3")) << "without an include list all may come";
  NodeLists lists;
  lists.include = {"n1.example"};
  lists.exclude["n3.example"] = std::nullopt;
  Refresh(lists);
  driver.Advance(seconds(59));
  EXPECT_THAT(Known(), ElementsAre("n1", "n2", "n3"));
  driver.Advance(seconds(2));
  driver.CommitAll();
  EXPECT_THAT(Known(), ElementsAre("n1", "n3")) << "the exclude list names n3";
  EXPECT_THAT(Stored(), ElementsAre("n1", "n3"));
  EXPECT_FALSE(driver.Stored(store::DecommissionKey({"n2"})));
  EXPECT_EQ(Register("n2"), ErrorCode::kFailedPrecondition) << "the include list keeps it out";
  Refresh({});
  EXPECT_EQ(Register("n2"), std::nullopt);
}

TEST_F(NodeRemoval, WhoIsListedAgainInTimeStays) {
  for (const char* uuid : {"n1", "n2"}) driver.AddNode(uuid, kNodeSize);
  NodeLists lists;
  lists.include = {"n1.example"};
  Refresh(lists);
  driver.Advance(seconds(30));
  lists.include.insert("n2.example");
  Refresh(lists);
  driver.Advance(seconds(3600));
  EXPECT_THAT(Known(), ElementsAre("n1", "n2"));
  // Over a restart, by the lists of the start.
  driver.options.node_lists.include = {"n1.example"};
  driver.Restart();
  driver.CommitAll();
  driver.Advance(seconds(3600));
  driver.CommitAll();
  EXPECT_THAT(Known(), ElementsAre("n1"));
}

// --- what its containers and applications leave

TEST_F(NodeRemoval, ANewNodeInItsPlaceInheritsNothing) {
  driver.AddNode("n1", {512, 1});
  const AttemptId attempt = driver.RunApplication(Context("two"), "1", "n1");
  driver.AddNode("n2", kNodeSize);
  const auto granted = driver.Ask(attempt, {AskFor(1, 1, {512, 1})}).granted;
  ASSERT_EQ(granted.size(), 1U);
  const ContainerId worker = granted[0].token.id;
  driver.Beat("n2", {Running(worker)});
  Leave("n2");
  driver.AddNode("n3", {512, 1});
  driver.AddNode("n4", {512, 1});
  ASSERT_THAT(Known(), ElementsAre("n1", "n3", "n4"));
  // Its end is still told, without where it was.
  const auto completed = driver.Ask(attempt).completed;
  ASSERT_EQ(completed.size(), 1U);
  EXPECT_EQ(completed[0].id, worker);
  const auto reports = driver.core->Containers(attempt.application);
  ASSERT_TRUE(reports.ok());
  bool reported = false;
  for (const ContainerReport& report : *reports) {
    if (report.id != worker) continue;
    reported = true;
    EXPECT_EQ(report.node_name, "");
  }
  EXPECT_TRUE(reported);
  driver.Ask(attempt);
  driver.Finish(attempt);
  driver.CommitAll();
  driver.Beat("n1", {Complete(ContainerId::Make(attempt, driver.epoch.epoch, 1))});
  driver.Beat("n1");
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kFinished);
  for (const char* uuid : {"n3", "n4"}) {
    EXPECT_THAT(driver.Beat(uuid).applications_finished, IsEmpty()) << uuid;
  }
}

}  // namespace
}  // namespace weir::rm
