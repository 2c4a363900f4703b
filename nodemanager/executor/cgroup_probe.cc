#include "nodemanager/executor/cgroup_probe.h"

#include <optional>

#include "common/strings.h"

namespace weir::nm {
namespace {

struct Mount {
  std::string root;  // of the hierarchy, what is mounted
  std::string path;
  bool v2 = false;
};

// Spaces and the like are \040 and so on there; cgroup mounts have none. "id parent dev root path
// options... - type source super".
std::vector<Mount> ParseMounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string_view line : Split(mountinfo, '\n')) {
    const auto fields = Split(line, ' ');
    size_t dash = 6;
    while (dash < fields.size() && fields[dash] != "-") ++dash;
    if (dash + 1 >= fields.size()) continue;
    const std::string_view type = fields[dash + 1];
    if (type != "cgroup" && type != "cgroup2") continue;
    mounts.push_back({std::string(fields[3]), std::string(fields[4]), type == "cgroup2"});
  }
  return mounts;
}

// The daemon's own group by controller; "" is v2's. Lines are "number:controllers:path".
std::map<std::string, std::string> ParseOwn(std::string_view text) {
  std::map<std::string, std::string> own;
  for (const std::string_view line : Split(text, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    for (const std::string_view name : Split(line.substr(first + 1, second - first - 1), ',')) {
      own[std::string(name)] = std::string(line.substr(second + 1));
    }
  }
  return own;
}

bool IsBelow(std::string_view path, std::string_view top) {
  if (top.empty() || top == "/") return true;
  return path == top ||
         (path.starts_with(top) && path.size() > top.size() && path[top.size()] == '/');
}

// "/" and "" mean the same group; the latter joins better.
std::string WithoutEnd(std::string path) {
  while (!path.empty() && path.back() == '/') path.pop_back();
  return path;
}

class Placer {
 public:
  Placer(const CgroupFacts& facts, const CgroupPlacing& placing)
      : facts_(facts),
        placing_(placing),
        mounts_(ParseMounts(facts.mountinfo)),
        own_(ParseOwn(facts.own)) {}

  CgroupPlace Tree() const {
    if (placing_.versions == CgroupVersions::kV1Only) return Nowhere("only v1 is to be used");
    for (const Mount& mount : mounts_) {
      if (mount.v2 && IsBelow(mount.path, placing_.mount_path)) {
        return PlaceAt(mount.path, 2, Controller::kTree, "");
      }
    }
    return Nowhere("no v2 hierarchy is mounted");
  }

  CgroupPlace Of(Controller controller, const CgroupPlace& tree) const {
    const std::string name = ControllerName(controller);
    CgroupPlace v1 = Nowhere(Missing(name));
    for (const MountedController& one : facts_.controllers) {
      if (one.name != name || !IsBelow(one.mount, placing_.mount_path)) continue;
      if (one.version == 2 && tree.found()) return tree;
      if (one.version == 1 && placing_.versions == CgroupVersions::kAny) {
        v1 = PlaceAt(one.mount, 1, controller, name);
      }
      if (one.version == 1 && placing_.versions == CgroupVersions::kV1Only) {
        v1 = PlaceAt(one.mount, 1, controller, name);
      }
    }
    return v1;
  }

 private:
  static CgroupPlace Nowhere(std::string why) {
    CgroupPlace place;
    place.why_not = std::move(why);
    return place;
  }

  std::string Missing(const std::string& name) const {
    if (!facts_.fault.empty()) return "no cgroup controllers: " + facts_.fault;
    return "no " +
           std::string(placing_.versions == CgroupVersions::kV1Only   ? "v1 "
                       : placing_.versions == CgroupVersions::kV2Only ? "v2 "
                                                                      : "") +
           "hierarchy with the controller '" + name + "' is mounted";
  }

  CgroupPlace PlaceAt(const std::string& mount,
                      int version,
                      Controller controller,
                      const std::string& own_name) const {
    CgroupPlace place;
    place.version = version;
    place.mount = mount;
    const auto special = placing_.parent_of.find(controller);
    const std::string& wanted =
        special == placing_.parent_of.end() ? placing_.parent : special->second;
    const std::string own = OwnWithin(mount, own_name);
    place.is_own = wanted.empty();
    place.parent = wanted.empty()          ? own
                   : wanted.front() == '/' ? WithoutEnd(wanted)
                                           : own + "/" + WithoutEnd(wanted);
    return place;
  }

  // The daemon's group as seen below the mount, which in a container may show a part only.
  std::string OwnWithin(const std::string& mount, const std::string& own_name) const {
    const auto own = own_.find(own_name);
    if (own == own_.end()) return "";
    for (const Mount& one : mounts_) {
      if (one.path != mount) continue;
      const std::string root = WithoutEnd(one.root);
      if (!IsBelow(own->second, root)) return "";
      return WithoutEnd(own->second.substr(root.size()));
    }
    return WithoutEnd(own->second);
  }

  const CgroupFacts& facts_;
  const CgroupPlacing& placing_;
  const std::vector<Mount> mounts_;
  const std::map<std::string, std::string> own_;
};

}  // namespace

const char* ControllerName(Controller controller) {
  switch (controller) {
    case Controller::kMemory:
      return "memory";
    case Controller::kCpu:
      return "cpu";
    case Controller::kPids:
      return "pids";
    case Controller::kFreezer:
      return "freezer";
    case Controller::kDevices:
      return "devices";
    case Controller::kTree:
      return "unified";
  }
  return "";
}

std::map<Controller, CgroupPlace> PlaceControllers(const CgroupFacts& facts,
                                                   const CgroupPlacing& placing) {
  std::map<Controller, CgroupPlace> places;
  if (placing.versions == CgroupVersions::kNone) {
    for (const Controller controller : kControllers) {
      places[controller].why_not = "cgroups are switched off";
    }
    return places;
  }
  const Placer placer(facts, placing);
  const CgroupPlace tree = placer.Tree();
  for (const Controller controller : kControllers) {
    places[controller] = controller == Controller::kTree ? tree : placer.Of(controller, tree);
  }
  return places;
}

}  // namespace weir::nm
