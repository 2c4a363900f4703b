#include "nodemanager/core/resource_indices.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr size_t kShownHolders = 8;
constexpr size_t kShownText = 100;
constexpr std::string_view kNvidiaWord = "GPU ";
constexpr char kListForms[] = "write index:minor or one number for both: 0:0,1:1 or 0,1";
constexpr char kLineForms[] =
    "it must write a device a line: <index>, <index>:<minor> or GPU <index>: ..., as nvidia-smi -L "
    "does";

Error Invalid(std::string message, std::string remedy) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

std::string Quoted(std::string_view text) {
  return "'" + CutMiddle(std::string(text), kShownText) + "'";
}

std::optional<int32_t> ParseNumber(std::string_view text) {
  const auto number = ParseInt64(text);
  if (!number || *number < 0 || *number > kDeviceNumberMax) return std::nullopt;
  return static_cast<int32_t>(*number);
}

// "3" or "3:4".
std::optional<Device> ParseDevice(std::string_view text) {
  const size_t colon = text.find(':');
  const auto index = ParseNumber(text.substr(0, colon));
  if (!index) return std::nullopt;
  if (colon == std::string_view::npos) return Device{*index, *index};
  const auto minor = ParseNumber(text.substr(colon + 1));
  if (!minor) return std::nullopt;
  return Device{*index, *minor};
}

// "" when `device` may go to the others; else why not.
std::string Add(Device device, std::vector<Device>& devices) {
  for (const Device& one : devices) {
    if (one.index == device.index) return "index " + std::to_string(device.index) + " stands twice";
    if (one.minor == device.minor) return "minor " + std::to_string(device.minor) + " stands twice";
  }
  if (devices.size() >= kDevicesMax) {
    return "there are more than " + std::to_string(kDevicesMax) + " devices";
  }
  devices.push_back(device);
  return "";
}

void Sort(std::vector<Device>& devices) {
  std::sort(devices.begin(), devices.end(), [](const Device& a, const Device& b) {
    return a.index < b.index;
  });
}

// A device line without its words; nothing for a line that is passed over.
std::optional<std::string_view> DeviceText(std::string_view line) {
  if (line.empty() || line.front() == '#' || line.front() == ' ' || line.front() == '\t') {
    return std::nullopt;
  }
  if (line.starts_with(kNvidiaWord)) {
    line.remove_prefix(kNvidiaWord.size());
    return line.substr(0, line.find(':'));
  }
  return line.substr(0, line.find(' '));
}

// One type for one container.
class Assigner {
 public:
  Assigner(const IndexedType& type, const std::vector<IndexHolder>& holders) : type_(type) {
    for (const IndexHolder& holder : holders) {
      const int64_t amount = holder.resource.Named(type.name);
      const std::vector<int32_t> indices = IndicesOf(holder.indices, type.name);
      if (static_cast<int64_t>(indices.size()) < amount && unknown_ == nullptr) {
        unknown_ = &holder;
      }
      for (const int32_t index : indices) held_.emplace(index, &holder);
    }
  }

  Result<std::vector<int32_t>> Take(int64_t amount) const {
    if (unknown_ != nullptr) return MayUseAny(amount);
    std::vector<int32_t> free;
    for (const Device& device : type_.devices) {
      if (!held_.contains(device.index)) free.push_back(device.index);
    }
    if (static_cast<int64_t>(free.size()) < amount) return TooFew(amount, free.size());
    free.resize(static_cast<size_t>(amount));
    return free;
  }

 private:
  Error MayUseAny(int64_t amount) const {
    return {ErrorCode::kResourceExhausted,
            std::to_string(amount) + " of " + type_.name + " are wanted, and " +
                unknown_->id.ToString() + " runs with " +
                std::to_string(unknown_->resource.Named(type_.name)) +
                " whose indices are not known here",
            "wait until it has ended"};
  }

  Error TooFew(int64_t amount, size_t free) const {
    std::vector<std::string> words;
    for (const auto& [index, holder] : held_) {
      if (words.size() == kShownHolders) {
        words.emplace_back("...");
        break;
      }
      words.push_back(std::to_string(index) + " by " + holder->id.ToString());
    }
    return {ErrorCode::kResourceExhausted,
            std::to_string(amount) + " of " + type_.name + " are wanted, and " +
                std::to_string(free) + " of its " + std::to_string(type_.devices.size()) +
                " indices on this node are free" +
                (words.empty() ? "" : "; held are " + Join(words, ", ")),
            "try again when some have ended"};
  }

  const IndexedType& type_;
  const IndexHolder* unknown_ = nullptr;
  std::map<int32_t, const IndexHolder*> held_;
};

}  // namespace

Result<std::vector<Device>> ParseDeviceList(std::string_view text) {
  std::vector<Device> devices;
  for (const std::string_view part : Split(text, ',')) {
    const std::string_view word = Trim(part);
    const auto device = ParseDevice(word);
    if (!device) return Invalid(Quoted(word) + " is no device", kListForms);
    if (const std::string why = Add(*device, devices); !why.empty()) {
      return Invalid(Quoted(word) + ": " + why, "name each device once");
    }
  }
  Sort(devices);
  return devices;
}

Result<std::vector<Device>> ParseDiscovery(std::string_view output) {
  std::vector<Device> devices;
  int64_t number = 0;
  for (std::string_view line : Split(output, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto text = DeviceText(line);
    if (!text) continue;
    const std::string place = "line " + std::to_string(number) + " of its output, " + Quoted(line);
    const auto device = ParseDevice(*text);
    if (!device) return Invalid(place + ", is no device", kLineForms);
    if (const std::string why = Add(*device, devices); !why.empty()) {
      return Invalid(place + ": " + why, "it must write each device once");
    }
  }
  if (devices.empty()) return Invalid("its output has no line with a device", kLineForms);
  Sort(devices);
  return devices;
}

Result<ContainerIndices> AssignIndices(const std::vector<IndexedType>& types,
                                       const Resource& asked,
                                       const std::vector<IndexHolder>& holders) {
  ContainerIndices assigned;
  for (const IndexedType& type : types) {
    const int64_t amount = asked.Named(type.name);
    if (amount <= 0) continue;
    WEIR_ASSIGN_OR_RETURN(std::vector<int32_t> indices, Assigner(type, holders).Take(amount));
    assigned.push_back({type.name, std::move(indices)});
  }
  std::sort(assigned.begin(), assigned.end(), [](const HeldIndices& a, const HeldIndices& b) {
    return a.type < b.type;
  });
  return assigned;
}

std::string MissingIndices(const std::vector<IndexedType>& types,
                           const Resource& resource,
                           const ContainerIndices& indices) {
  for (const IndexedType& type : types) {
    const auto has = static_cast<int64_t>(IndicesOf(indices, type.name).size());
    if (has < resource.Named(type.name)) return type.name;
  }
  return "";
}

std::vector<DeviceNode> NodesOfOthers(const std::vector<IndexedType>& types,
                                      const ContainerIndices& indices) {
  std::vector<DeviceNode> nodes;
  for (const IndexedType& type : types) {
    if (!type.major) continue;
    const std::vector<int32_t> own = IndicesOf(indices, type.name);
    for (const Device& device : type.devices) {
      if (std::ranges::find(own, device.index) != own.end()) continue;
      nodes.push_back({*type.major, device.minor});
    }
  }
  return nodes;
}

std::vector<int32_t> IndicesOf(const ContainerIndices& indices, std::string_view type) {
  for (const HeldIndices& held : indices) {
    if (held.type == type) return held.indices;
  }
  return {};
}

std::string JoinIndices(const std::vector<int32_t>& indices) {
  std::vector<std::string> words;
  words.reserve(indices.size());
  for (const int32_t index : indices) words.push_back(std::to_string(index));
  return Join(words, ",");
}

}  // namespace weir::nm
