#include "tests/integration/container_journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <tuple>

#include "common/strings.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {
namespace {

namespace fs = std::filesystem;

// "4711.25" -> 4711250. The kernel writes two decimal places.
std::optional<int64_t> ParseUptime(const std::string& text) {
  const size_t point = text.find('.');
  if (point == std::string::npos || text.size() != point + 3) return std::nullopt;
  const auto whole = ParseInt64(text.substr(0, point));
  const auto hundredths = ParseInt64(text.substr(point + 1));
  if (!whole || !hundredths) return std::nullopt;
  return *whole * 1000 + *hundredths * 10;
}

// Calls `see` with every two lives of a task that were at once, the earlier one first.
void ForEachOverlap(const std::vector<Life>& lives,
                    const std::function<void(const Life&, const Life&)>& see) {
  for (size_t later = 0; later < lives.size(); ++later) {
    for (size_t earlier = later; earlier-- > 0 && lives[earlier].task == lives[later].task;) {
      if (lives[later].first_ms <= lives[earlier].last_ms) see(lives[earlier], lives[later]);
    }
  }
}

}  // namespace

std::string Life::ToString() const {
  return task + " in " + container.ToString() + " (pid " + pid + " on " + host + ", from " +
         std::to_string(first_ms) + " to " + std::to_string(last_ms) +
         (asked ? ", asked to end" : "") + (ended ? ", ended by itself)" : ")");
}

int64_t UptimeMs() {
  std::ifstream file("/proc/uptime");
  std::string text;
  file >> text;
  const auto uptime = ParseUptime(text);
  EXPECT_TRUE(uptime.has_value()) << text;
  return uptime.value_or(0);
}

std::string JournalScript(const std::string& directory) {
  return "task=$1$WEIR_CONTAINER_INDEX\n"
         "journal=" +
         directory +
         "/$CONTAINER_ID.$$\n"
         "note() { read -r up rest </proc/uptime; echo \"$up $*\" >>\"$journal\"; }\n"
         "trap 'note asked' TERM\n"
         "note start \"$task\" \"$NM_HOST\"\n"
         "while [ ! -e \"$2\" ]; do sleep 0.2; note beat; done\n"
         "note end\n";
}

Life ParseJournal(const std::string& container, const std::string& pid, const std::string& text) {
  Life life;
  const auto id = ContainerId::Parse(container);
  EXPECT_TRUE(id.ok()) << container;
  if (id.ok()) life.container = *id;
  life.pid = pid;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    std::istringstream words(line);
    std::string time;
    std::string what;
    words >> time >> what;
    const auto now = ParseUptime(time);
    EXPECT_TRUE(now.has_value()) << line;
    if (!now) continue;
    if (what == "start") {
      words >> life.task >> life.host;
      life.first_ms = *now;
    } else {
      life.longest_silence_ms = std::max(life.longest_silence_ms, *now - life.last_ms);
    }
    life.last_ms = *now;
    life.asked = life.asked || what == "asked";
    life.ended = life.ended || what == "end";
  }
  return life;
}

std::vector<Life> ReadJournals(const std::string& directory) {
  std::vector<Life> lives;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    const size_t point = name.find('.');
    Life life = ParseJournal(
        name.substr(0, point), name.substr(point + 1), ReadWholeFile(entry.path().string()));
    if (!life.task.empty()) lives.push_back(std::move(life));  // else its first line is on its way
  }
  std::sort(lives.begin(), lives.end(), [](const Life& one, const Life& other) {
    return std::tie(one.task, one.first_ms) < std::tie(other.task, other.first_ms);
  });
  return lives;
}

std::vector<std::string> FindFaults(const std::vector<Life>& lives,
                                    int64_t alive_since,
                                    const std::function<bool(const Life&)>& may_end) {
  std::vector<std::string> faults;
  ForEachOverlap(lives, [&faults](const Life& one, const Life& other) {
    faults.push_back("two at once: " + one.ToString() + "; " + other.ToString());
  });
  std::map<ContainerId, const Life*> of_container;
  for (const Life& life : lives) {
    const auto [known, is_first] = of_container.emplace(life.container, &life);
    if (!is_first) {
      faults.push_back("started twice: " + known->second->ToString() + "; " + life.ToString());
    }
    if (may_end(life)) continue;
    if (life.asked) faults.push_back("asked to end without a cause: " + life.ToString());
    if (!life.ended && life.last_ms < alive_since) {
      faults.push_back("gone without a cause: " + life.ToString());
    }
  }
  return faults;
}

int64_t LongestOverlapMs(const std::vector<Life>& lives) {
  int64_t longest = 0;
  ForEachOverlap(lives, [&longest](const Life& one, const Life& other) {
    longest = std::max(longest, std::min(one.last_ms, other.last_ms) - other.first_ms);
  });
  return longest;
}

}  // namespace weir::testing
