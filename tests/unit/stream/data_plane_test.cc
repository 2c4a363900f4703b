// The parts of the data plane: splits of files, frames, hostile peers, senders that come early.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/random.h"
#include "common/strings.h"
#include "platform/log.h"
#include "platform/rpc_security.h"
#include "stream/runtime/data_frame.h"
#include "stream/runtime/text_file_source.h"
#include "tests/support/raw_connection.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"
#include "tests/unit/stream/mini_cluster.h"

namespace weir::stream {
namespace {

constexpr char kSecret[] = "0123456789abcdef";

class Context final : public TaskContext {
 public:
  Context() : TaskContext(0, 1) {}
  LineSource& line_source() override { std::abort(); }
  LineSink& line_sink() override { std::abort(); }
  void Fail(std::string_view cause) override {
    failure = cause;
    stopped_ = true;
  }
  void FlushIfDue() override {}
  std::string failure;
};

std::vector<std::string> ReadLines(std::vector<TextSplit> splits, size_t read_bytes) {
  Context context;
  TextFileSource source(context, std::move(splits), read_bytes);
  std::vector<std::string> lines;
  for (std::string_view line; source.Next(line);) lines.emplace_back(line);
  EXPECT_EQ(context.failure, "");
  EXPECT_EQ(context.counters().records_in, static_cast<int64_t>(lines.size()));
  return lines;
}

TEST(TextFileSourceTest, LineEndsAreThoseOfUnixAndDosAndOfTheFile) {
  testing::TempDirectory directory;
  const std::string path = directory.path() + "/text";
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"", {}},
      {"\n", {""}},
      {"a", {"a"}},
      {"a\n", {"a"}},
      {"a\n\nb", {"a", "", "b"}},
      {"a\r\nb\r", {"a", "b\r"}},
      {"\r\n\r\n", {"", ""}}};
  for (const auto& [content, lines] : cases) {
    testing::WriteWholeFile(path, content);
    EXPECT_EQ(ReadLines({{path, 0, static_cast<int64_t>(content.size())}}, 4), lines) << content;
  }
}

TEST(TextFileSourceTest, AnyPartitionOfAFileGivesEveryLineOnce) {
  testing::TempDirectory directory;
  const std::string path = directory.path() + "/text";
  Random random(17);
  for (int round = 0; round < 300; ++round) {
    std::string content;
    const size_t size = random.Below(200);
    while (content.size() < size) content += "abc\n\n\r"[random.Below(6)];
    testing::WriteWholeFile(path, content);
    const auto end = static_cast<int64_t>(content.size());
    std::vector<int64_t> cuts = {0, end};
    for (uint64_t i = random.Below(6); i > 0; --i) {
      cuts.push_back(static_cast<int64_t>(random.Below(content.size() + 1)));
    }
    std::sort(cuts.begin(), cuts.end());
    std::vector<std::string> lines;
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      for (auto& line : ReadLines({{path, cuts[i], cuts[i + 1]}}, 1 + random.Below(20))) {
        lines.push_back(line);
      }
    }
    EXPECT_EQ(lines, ReadLines({{path, 0, end}}, 4096)) << content;
  }
}

TEST(DataFrameTest, HeadersRoundTripAndBoundsHold) {
  Random random(23);
  int accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes(kFrameHeaderBytes, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
    if (random.Chance(1, 2)) {  // near a right one
      const auto right = EncodeFrameHeader({FrameType::kData, 0, 3, {}});
      bytes.assign(right.data(), right.size());
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
    }
    const auto header = DecodeFrameHeader(bytes);
    if (!header.ok()) continue;
    ++accepted;
    EXPECT_LE(header->payload_bytes, FrameBytesMax(header->type));
  }
  EXPECT_GT(accepted, 0);
  const auto open = ParseOpen(MakeOpenFrame(5, {"execution", 3, 4}));
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->execution, "execution");
  EXPECT_EQ(open->vertex, 3);
  EXPECT_EQ(open->subtask, 4);
  EXPECT_EQ(ParseCredit(MakeCreditFrame(1, 7)).value(), 7);
  EXPECT_FALSE(ParseCredit({FrameType::kCredit, 0, 1, {}}).ok());
  EXPECT_EQ(ParseText(MakeTextFrame(FrameType::kFail, 1, "cause")).value(), "cause");
}

std::string Encode(const Frame& frame) {
  const auto header = EncodeFrameHeader(frame);
  return std::string(header.data(), header.size()) + std::string(frame.payload.view());
}

std::string Hello(const std::string& secret) {
  const platform::Proof proof = platform::MakeProof(secret, "taskmanager", "peer");
  Frame frame{FrameType::kHello, 0, 0, {}};
  for (const auto& part : {proof.role, proof.name, proof.nonce, proof.mac}) {
    frame.payload.AppendString(part);
  }
  return Encode(frame);
}

Frame Data(uint32_t channel, size_t bytes) {
  Frame frame{FrameType::kData, 0, channel, {}};
  frame.payload.Append(std::string(bytes, 'x').data(), bytes);
  return frame;
}

TEST(DataExchangeTest, ClosesOnEveryBreachOfTheProtocol) {
  MiniTaskManager manager("worker");
  auto gate = std::make_shared<InputGate>(std::vector<InputGate::Source>{{0, 0, "writer"}});
  ASSERT_TRUE(manager.gates.Register("reader", gate));
  auto fresh = std::make_shared<InputGate>(std::vector<InputGate::Source>{{0, 0, "writer"}});
  ASSERT_TRUE(manager.gates.Register("fresh reader", fresh));
  const std::string hello = Hello(kSecret);
  const std::string open = Encode(MakeOpenFrame(0, {"reader", 0, 0}));
  std::string huge = Encode(Data(0, 8));
  huge[2] = '\x7f';  // announces 8 MiB
  std::string too_much;
  for (int i = 0; i < 100; ++i) too_much += Encode(Data(0, 8));
  const std::vector<std::pair<std::string, std::string>> breaches = {
      {"garbage", std::string(64, 'G')},
      {"no hello", open},
      {"wrong secret", Hello("another secret!!")},
      {"hello twice", hello + hello},
      {"huge frame", hello + huge},
      {"unknown channel", hello + Encode(Data(0, 8))},
      {"channel out of order", hello + Encode(MakeOpenFrame(1, {"reader", 0, 0}))},
      {"a reader's frame", hello + open + Encode(MakeCreditFrame(0, 1))},
      {"data before credit",
       hello + Encode(MakeOpenFrame(0, {"unknown task", 0, 0})) + Encode(Data(0, 8))},
      {"data beyond the credit",
       hello + Encode(MakeOpenFrame(0, {"fresh reader", 0, 0})) + too_much}};
  for (const auto& [name, bytes] : breaches) {
    testing::RawConnection connection(manager.address);
    connection.Send(bytes);
    SCOPED_TRACE(name);
    connection.ReadToEnd();  // fails when the peer does not close
  }
  EXPECT_TRUE(testing::WaitUntil([&] { return manager.exchange.connections() == 0; }, "no link"));
  EXPECT_LE(fresh->buffers_waiting(), static_cast<size_t>(fresh->credits_per_channel()));
  // Still serving.
  MiniTaskManager peer("peer");
  auto second = std::make_shared<InputGate>(std::vector<InputGate::Source>{{0, 0, "writer"}});
  ASSERT_TRUE(manager.gates.Register("second", second));
  const auto channel = peer.exchange.OpenChannel(manager.address, {"second", 0, 0}, "reader");
  EXPECT_TRUE(channel->End());
  InputGate::Item item;
  EXPECT_EQ(second->Take(item), InputGate::Outcome::kEndOfInput);
}

TEST(DataExchangeTest, LogsAFewOfTheConnectionsItRefusesAndCountsTheOthers) {
  testing::TempDirectory directory;
  const std::string log = directory.path() + "/log";
  ASSERT_TRUE(platform::StartLog(log, platform::LogLevel::kInfo).ok());
  {
    MiniTaskManager manager("worker");
    for (int i = 0; i < 100; ++i) {
      testing::RawConnection connection(manager.address);
      connection.Send(std::string(64, 'G'));
      connection.ReadToEnd();
    }
    EXPECT_TRUE(testing::WaitUntil([&] { return manager.exchange.connections() == 0; }, "no link"));
    const auto told = [&] {
      return testing::ReadWholeFile(log).find("suppressed=") != std::string::npos;
    };
    EXPECT_TRUE(testing::WaitUntil(told, "the others are told"));
  }
  ASSERT_TRUE(platform::StartLog("", platform::LogLevel::kInfo).ok());
  int64_t lines = 0;
  int64_t suppressed = 0;
  const std::string text = testing::ReadWholeFile(log);
  for (const std::string_view line : Split(text, '\n')) {
    if (line.find("connection refused") != std::string_view::npos) ++lines;
    const size_t count = line.find("suppressed=");
    if (count == std::string_view::npos) continue;
    suppressed += ParseInt64(line.substr(count + std::string_view("suppressed=").size())).value();
  }
  EXPECT_GE(lines, 1);
  EXPECT_LT(lines, 100);
  EXPECT_EQ(lines + suppressed, 100);
}

TEST(DataExchangeTest, APeerThatCannotBeReachedClosesTheChannelWithItsAddress) {
  HostPort gone;
  {
    MiniTaskManager manager("gone");
    gone = manager.address;
  }
  MiniTaskManager manager("worker");
  const auto channel = manager.exchange.OpenChannel(gone, {"reader", 0, 0}, "reader");
  EXPECT_FALSE(channel->End());
  EXPECT_NE(channel->close_cause().find(gone.ToString()), std::string::npos)
      << channel->close_cause();
}

TEST(GateRegistryTest, SendersOfATaskThatNeverComesAreClosedAfterAWhile) {
  GateRegistry gates;
  const auto channel = OpenLocalChannel(gates, {"never", 0, 0}, "reader");
  EXPECT_EQ(gates.waiting(), 1u);
  gates.Expire(kNever);
  EXPECT_EQ(gates.waiting(), 0u);
  EXPECT_FALSE(channel->Send({}));
  EXPECT_NE(channel->close_cause().find("task never was not deployed within 60 s"),
            std::string::npos);
}

TEST(GateRegistryTest, ASenderThatTheTaskDoesNotReadFromIsRefused) {
  GateRegistry gates;
  const auto gate = std::make_shared<InputGate>(std::vector<InputGate::Source>{{0, 0, "writer"}});
  ASSERT_TRUE(gates.Register("reader", gate));
  const auto first = OpenLocalChannel(gates, {"reader", 0, 0}, "reader");
  const auto again = OpenLocalChannel(gates, {"reader", 0, 0}, "reader");
  const auto stranger = OpenLocalChannel(gates, {"reader", 9, 9}, "reader");
  EXPECT_EQ(first->close_cause(), "");
  EXPECT_NE(again->close_cause().find("does so already"), std::string::npos);
  EXPECT_NE(stranger->close_cause().find("does not read from subtask 9 of vertex 9"),
            std::string::npos);
  gate->Stop("");
}

TEST(InputGateTest, AStoppedReaderClosesSendersNowAndLater) {
  GateRegistry gates;
  const auto gate = std::make_shared<InputGate>(
      std::vector<InputGate::Source>{{0, 0, "writer"}, {0, 1, "writer"}});
  ASSERT_TRUE(gates.Register("reader", gate));
  const auto before = OpenLocalChannel(gates, {"reader", 0, 0}, "reader");
  gate->Stop("it failed");
  const auto after = OpenLocalChannel(gates, {"reader", 0, 1}, "reader");
  for (const auto& channel : {before, after}) {
    EXPECT_FALSE(channel->Send({}));
    EXPECT_EQ(channel->close_cause(), std::string(kInheritedFailure) + "it failed");
  }
}

TEST(PortRangeTest, ReadsOnePortARangeAndAny) {
  EXPECT_EQ(PortRange::Parse("0")->last, 0);
  EXPECT_EQ(PortRange::Parse("4000")->first, 4000);
  EXPECT_EQ(PortRange::Parse("4000-4002")->last, 4002);
  for (const char* bad : {"", "x", "-1", "5-4", "0-9", "1-65536", "1-2-3"}) {
    EXPECT_FALSE(PortRange::Parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace weir::stream
