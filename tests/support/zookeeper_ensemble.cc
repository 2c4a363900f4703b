#include "tests/support/zookeeper_ensemble.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "platform/file_descriptor.h"
#include "tests/support/wait_until.h"

namespace weir::testing {
namespace {

constexpr char kJava[] = "/usr/bin/java";
constexpr char kJars[] = "/usr/share/java";
constexpr int kAnswerMs = 2000;
constexpr int kStarts = 3;  // another test may take a port in between

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A port that is free now. The descriptor keeps it from being given twice.
uint16_t FreePort(std::vector<platform::FileDescriptor>& held) {
  platform::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets' own way
  EXPECT_EQ(::bind(fd.get(), any, size), 0);
  EXPECT_EQ(::getsockname(fd.get(), any, &size), 0);
  held.push_back(std::move(fd));
  return ntohs(address.sin_port);
}

}  // namespace

std::string ZooKeeperEnsemble::WhyNot() {
  if (::access(kJava, X_OK) != 0) return "there is no java: install default-jre-headless";
  if (::access((std::string(kJars) + "/zookeeper.jar").c_str(), R_OK) != 0) {
    return "there is no ZooKeeper: install libzookeeper-java";
  }
  return "";
}

ZooKeeperEnsemble::ZooKeeperEnsemble(const ZooKeeperSettings& settings) : settings_(settings) {
  servers_.resize(static_cast<size_t>(settings.servers));
}

ZooKeeperEnsemble::~ZooKeeperEnsemble() {
  StopAll();
}

std::string ZooKeeperEnsemble::DirectoryOf(size_t number) const {
  return directory_ / ("server-" + std::to_string(number + 1));
}

void ZooKeeperEnsemble::ChoosePorts() {
  std::vector<platform::FileDescriptor> held;
  ports_.clear();
  for (size_t i = 0; i < servers_.size(); ++i) {
    const uint16_t client = FreePort(held);
    const uint16_t peer = FreePort(held);
    ports_.push_back({.client = client, .peer = peer, .election = FreePort(held)});
  }
}

void ZooKeeperEnsemble::WriteConfiguration(size_t number) const {
  const std::string directory = DirectoryOf(number);
  std::filesystem::create_directories(directory + "/data");
  std::string text = "tickTime=" + std::to_string(settings_.tick_ms) +
                     "\ninitLimit=100\nsyncLimit=50\nmaxSessionTimeout=60000\n"
                     "maxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=*\n"
                     "clientPortAddress=127.0.0.1\n";
  text += "dataDir=" + directory + "/data\n";
  text += "clientPort=" + std::to_string(ports_[number].client) + "\n";
  for (size_t i = 0; i < ports_.size() && ports_.size() > 1; ++i) {
    text += "server." + std::to_string(i + 1) + "=127.0.0.1:" + std::to_string(ports_[i].peer) +
            ":" + std::to_string(ports_[i].election) + "\n";
  }
  WriteWholeFile(directory + "/zoo.cfg", text);
  WriteWholeFile(directory + "/data/myid", std::to_string(number + 1) + "\n");
  WriteWholeFile(directory + "/log4j.properties",
                 "log4j.rootLogger=WARN, A\nlog4j.appender.A=org.apache.log4j.ConsoleAppender\n"
                 "log4j.appender.A.layout=org.apache.log4j.SimpleLayout\n");
}

void ZooKeeperEnsemble::StartServer(size_t number) {
  WriteConfiguration(number);
  const std::string directory = DirectoryOf(number);
  const std::string jars = kJars;
  std::vector<std::string> argv = {kJava,
                                   "-Xmx" + std::to_string(settings_.heap_mb) + "m",
                                   "-XX:+UseSerialGC",
                                   "-XX:TieredStopAtLevel=1",
                                   "-Dzookeeper.admin.enableServer=false"};
  if (settings_.jute_max_buffer > 0) {
    argv.push_back("-Djute.maxbuffer=" + std::to_string(settings_.jute_max_buffer));
  }
  if (!settings_.sync) argv.emplace_back("-Dzookeeper.forceSync=no");
  argv.insert(argv.end(),
              {"-cp",
               directory + ":" + jars + "/zookeeper.jar:" + jars + "/slf4j-log4j12.jar:" + jars +
                   "/log4j-1.2.jar",
               "org.apache.zookeeper.server.quorum.QuorumPeerMain",
               directory + "/zoo.cfg"});
  servers_[number] =
      std::make_unique<Process>(ProcessOptions{.argv = argv, .log_file = directory + "/output"});
}

bool ZooKeeperEnsemble::Start() {
  for (int start = 0; start < kStarts; ++start) {
    ChoosePorts();
    for (size_t i = 0; i < servers_.size(); ++i) StartServer(i);
    bool ended = false;
    const auto serving = WaitUntil(
        [&] {
          for (const auto& server : servers_) ended = ended || !server->IsRunning();
          return ended || IsServing();
        },
        "ZooKeeper serves");
    if (serving && !ended) return true;
    StopAll();
  }
  ADD_FAILURE() << "ZooKeeper does not start: " << ReadWholeFile(DirectoryOf(0) + "/output");
  return false;
}

void ZooKeeperEnsemble::StopServer(size_t number) {
  if (servers_[number] != nullptr) servers_[number]->Kill();
}

void ZooKeeperEnsemble::StopAll() {
  for (auto& server : servers_) server.reset();
}

std::string ZooKeeperEnsemble::Ask(uint16_t port, const std::string& word) {
  const platform::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  const auto* peer = reinterpret_cast<const sockaddr*>(&address);  // NOLINT: the sockets' own way
  if (::connect(fd.get(), peer, sizeof(address)) != 0) return "";
  if (::send(fd.get(), word.data(), word.size(), MSG_NOSIGNAL) < 0) return "";
  std::string answer;
  for (;;) {
    pollfd ready{.fd = fd.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kAnswerMs) <= 0) return answer;
    std::array<char, 4096> buffer{};
    const ssize_t count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return answer;
    answer.append(buffer.data(), static_cast<size_t>(count));
  }
}

int ZooKeeperEnsemble::Leader() const {
  for (size_t i = 0; i < ports_.size(); ++i) {
    const std::string answer = Ask(ports_[i].client, "srvr");
    if (answer.find("Mode: leader") != std::string::npos ||
        answer.find("Mode: standalone") != std::string::npos) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

bool ZooKeeperEnsemble::IsServing() const {
  for (const Ports& ports : ports_) {
    if (Ask(ports.client, "srvr").find("Mode: ") == std::string::npos) return false;
  }
  return true;
}

std::string ZooKeeperEnsemble::address() const {
  std::string text;
  for (const Ports& ports : ports_) {
    text += (text.empty() ? "" : ",") + std::string("127.0.0.1:") + std::to_string(ports.client);
  }
  return text;
}

}  // namespace weir::testing
