#include "nodemanager/executor/usage_sampler.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "platform/clock.h"
#include "platform/file_descriptor.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::MutexLock;

constexpr size_t kCommandLineBytes = 512;
constexpr size_t kShownProcesses = 50;  // of one container
constexpr size_t kStatBytes = 1024;
constexpr size_t kMachineBytes = 4096;
constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kKibPerMib = 1024;
// Fields of /proc/<pid>/stat counted from the one after the name, which is the state.
constexpr size_t kParent = 1;
constexpr size_t kGroup = 2;
constexpr size_t kSession = 3;
constexpr size_t kUserTicks = 11;
constexpr size_t kSystemTicks = 12;
constexpr size_t kStartTicks = 19;
constexpr size_t kVirtualBytes = 20;
constexpr size_t kResidentPages = 21;
constexpr size_t kFields = 22;

int64_t TicksPerSecond() {
  static const int64_t ticks = ::sysconf(_SC_CLK_TCK);
  return ticks;
}
int64_t PageBytes() {
  static const int64_t bytes = ::sysconf(_SC_PAGESIZE);
  return bytes;
}

// As much as fits; what is gone is empty.
std::string_view ReadInto(const char* path, std::span<char> buffer) {
  const FileDescriptor fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t count = ::read(fd.get(), buffer.data() + size, buffer.size() - size);
    if (count <= 0) break;
    size += static_cast<size_t>(count);
  }
  return {buffer.data(), size};
}

int64_t Number(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The words of a line, at most as many as fit.
template <size_t N>
size_t SplitWords(std::string_view line, std::array<std::string_view, N>& words) {
  size_t count = 0;
  while (!line.empty() && count < N) {
    const size_t end = line.find(' ');
    const std::string_view word = line.substr(0, end);
    if (!word.empty()) words[count++] = word;
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return count;
}

struct Process {
  ProcessSample sample;
  int64_t start_ticks = 0;
  int64_t cpu_ticks = 0;
};

std::optional<Process> ReadProcess(pid_t pid) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", pid);
  std::array<char, kStatBytes> buffer{};
  const std::string_view text = ReadInto(path.data(), buffer);
  const size_t name_begin = text.find('(');
  const size_t name_end = text.rfind(')');
  if (name_begin == std::string_view::npos || name_end == std::string_view::npos ||
      name_end + 2 >= text.size()) {
    return std::nullopt;
  }
  std::array<std::string_view, kFields> fields{};
  if (SplitWords(text.substr(name_end + 2), fields) < kFields) return std::nullopt;
  const auto ms = [&](size_t field) {
    return Number(fields[field]) * kMillisPerSecond / TicksPerSecond();
  };
  Process process;
  process.sample.pid = pid;
  process.sample.parent = static_cast<int32_t>(Number(fields[kParent]));
  process.sample.group = static_cast<int32_t>(Number(fields[kGroup]));
  process.sample.session = static_cast<int32_t>(Number(fields[kSession]));
  process.sample.name = text.substr(name_begin + 1, name_end - name_begin - 1);
  process.sample.user_ms = ms(kUserTicks);
  process.sample.system_ms = ms(kSystemTicks);
  process.sample.virtual_bytes = Number(fields[kVirtualBytes]);
  process.sample.resident_bytes = Number(fields[kResidentPages]) * PageBytes();
  process.start_ticks = Number(fields[kStartTicks]);
  process.cpu_ticks = Number(fields[kUserTicks]) + Number(fields[kSystemTicks]);
  return process;
}

std::string ReadCommandLine(pid_t pid) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/cmdline", pid);
  std::array<char, kCommandLineBytes> buffer{};
  std::string line(ReadInto(path.data(), buffer));
  while (!line.empty() && line.back() == '\0') line.pop_back();
  // A line of a message: what would break it does not belong there.
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return line;
}

// By parent. Kernel threads have no memory and are left out.
std::unordered_multimap<pid_t, Process> ReadProcesses() {
  std::unordered_multimap<pid_t, Process> by_parent;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return by_parent;
  while (const dirent* entry = ::readdir(proc)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    auto process = ReadProcess(static_cast<pid_t>(Number(entry->d_name)));
    if (!process || process->sample.virtual_bytes == 0) continue;
    const pid_t parent = process->sample.parent;
    by_parent.emplace(parent, *std::move(process));
  }
  ::closedir(proc);
  return by_parent;
}

// The descendants of `root`, parents first, the oldest child of the root at the front.
std::vector<const Process*> Descendants(const std::unordered_multimap<pid_t, Process>& by_parent,
                                        pid_t root) {
  std::vector<const Process*> found;
  const auto add_children = [&](pid_t parent) {
    const size_t begin = found.size();
    const auto [first, last] = by_parent.equal_range(parent);
    for (auto it = first; it != last; ++it) found.push_back(&it->second);
    std::sort(found.begin() + static_cast<ptrdiff_t>(begin),
              found.end(),
              [](const Process* a, const Process* b) {
                return std::pair(a->start_ticks, a->sample.pid) <
                       std::pair(b->start_ticks, b->sample.pid);
              });
  };
  add_children(root);
  for (size_t i = 0; i < found.size(); ++i) add_children(found[i]->sample.pid);
  return found;
}

// "MemTotal:       24657636 kB": the number after `name`.
int64_t MemoryLine(std::string_view text, std::string_view name) {
  size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  at = text.find_first_not_of(' ', at + name.size());
  return at == std::string_view::npos ? 0 : Number(text.substr(at));
}

int64_t NodeMemoryMib() {
  std::array<char, kMachineBytes> buffer{};
  const std::string_view text = ReadInto("/proc/meminfo", buffer);
  return (MemoryLine(text, "MemTotal:") - MemoryLine(text, "MemAvailable:")) / kKibPerMib;
}

// "cpu  user nice system idle iowait irq softirq ...": all but idle and iowait.
int64_t NodeBusyTicks() {
  std::array<char, kMachineBytes> buffer{};
  std::string_view text = ReadInto("/proc/stat", buffer);
  text = text.substr(0, text.find('\n'));
  std::array<std::string_view, 9> words{};
  const size_t count = SplitWords(text, words);
  int64_t busy = 0;
  for (size_t i = 1; i < count; ++i) {
    if (i != 4 && i != 5) busy += Number(words[i]);
  }
  return busy;
}

// Ticks of all in the time between two looks, as thousandths of a core.
int64_t MilliVcores(int64_t ticks, Duration between) {
  if (between <= Duration{0} || ticks <= 0) return 0;
  return ticks * kMillisPerSecond * kMillisPerSecond / TicksPerSecond() / ToMillis(between);
}

}  // namespace

UsageSampled ProcessLooker::Look(const std::vector<Launcher>& launchers, Instant now) {
  UsageSampled seen;
  std::map<pid_t, Former> next;
  int64_t ticks = 0;
  int64_t resident = 0;
  int64_t total_virtual = 0;
  const auto by_parent =
      launchers.empty() ? std::unordered_multimap<pid_t, Process>() : ReadProcesses();
  for (const Launcher& launcher : launchers) {
    ContainerSample container{.id = launcher.id};
    for (const Process* process : Descendants(by_parent, launcher.pid)) {
      ProcessSample sample = process->sample;
      const auto before = former_.find(sample.pid);
      sample.older = before != former_.end() && before->second.start_ticks == process->start_ticks;
      ticks += process->cpu_ticks - (sample.older ? before->second.cpu_ticks : 0);
      next[sample.pid] = {process->start_ticks, process->cpu_ticks};
      container.resident_bytes += sample.resident_bytes;
      container.virtual_bytes += sample.virtual_bytes;
      if (sample.older) {
        container.older_resident_bytes += sample.resident_bytes;
        container.older_virtual_bytes += sample.virtual_bytes;
      }
      if (container.processes.size() >= kShownProcesses) continue;
      sample.command_line = ReadCommandLine(sample.pid);
      container.processes.push_back(std::move(sample));
    }
    if (container.processes.empty()) continue;
    resident += container.resident_bytes;
    total_virtual += container.virtual_bytes;
    seen.containers.push_back(std::move(container));
  }
  const Duration between = looked_ ? now - *looked_ : Duration{0};
  const int64_t busy = NodeBusyTicks();
  constexpr int64_t kBytesPerMib = int64_t{1} << 20;
  seen.utilization = {.node_memory_mib = NodeMemoryMib(),
                      .node_milli_vcores = MilliVcores(busy - node_busy_ticks_, between),
                      .containers_memory_mib = resident / kBytesPerMib,
                      .containers_virtual_mib = total_virtual / kBytesPerMib,
                      .containers_milli_vcores = MilliVcores(ticks, between)};
  former_ = std::move(next);
  looked_ = now;
  node_busy_ticks_ = busy;
  return seen;
}

UsageSampler::UsageSampler(Duration interval,
                           std::function<std::vector<Launcher>()> source,
                           EventSink sink)
    : interval_(interval),
      source_(std::move(source)),
      sink_(std::move(sink)),
      thread_([this] { Run(); }) {}

UsageSampler::~UsageSampler() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void UsageSampler::Run() {
  pthread_setname_np(pthread_self(), "nm-usage");
  ProcessLooker looker;
  while (true) {
    const Instant now = platform::MonotonicNow();
    sink_(looker.Look(source_(), now));
    MutexLock lock(mutex_);
    while (!ending_) {
      const Duration left = now + interval_ - platform::MonotonicNow();
      if (left <= Duration{0}) break;
      changed_.WaitFor(mutex_, left);
    }
    if (ending_) return;
  }
}

}  // namespace weir::nm
