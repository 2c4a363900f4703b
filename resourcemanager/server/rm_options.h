// RmOptions: the configuration of a ResourceManager, read and checked once, all faults together.
// Immutable value.
#ifndef WEIR_RESOURCEMANAGER_SERVER_RM_OPTIONS_H_
#define WEIR_RESOURCEMANAGER_SERVER_RM_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "platform/audit_options.h"
#include "platform/hadoop_xml_config.h"
#include "platform/log.h"
#include "platform/option_reader.h"
#include "platform/rm_places.h"
#include "resourcemanager/core/key_ring.h"
#include "resourcemanager/core/resource_manager_core.h"
#include "resourcemanager/server/node_files.h"
#include "scheduler/resource_types.h"
#include "state-store/store_options.h"
#include "state-store/zookeeper_election.h"

namespace weir::rm {

struct HaOptions {
  bool enabled = false;                      // there are several ResourceManagers
  bool automatic = true;                     // failover is by election
  Duration transition_limit = seconds(60);   // a change of role that takes longer hangs
  store::ZookeeperElectionOptions election;  // but for the password and the member
};

struct RmOptions {
  std::string cluster_id;
  std::string work_dir;
  std::string rm_dir;
  std::string secret_file;
  store::StoreOptions store;
  HaOptions ha;
  std::string log_file;
  platform::LogLevel log_level = platform::LogLevel::kInfo;
  platform::ServiceAddress client;
  platform::ServiceAddress admin;
  platform::ServiceAddress master;
  platform::ServiceAddress tracker;
  platform::ServiceAddress http;
  // Of several ResourceManagers: who there are, and which of them this is. "" and none otherwise.
  platform::RmPlaces places;
  std::string id;
  std::string staging_dir;  // several ResourceManagers have it in common
  int64_t staging_max_bytes = 0;
  std::string administrators;  // yarn.admin.acl
  platform::AuditOptions audit;
  NodeFiles node_files;
  std::string queue_file;  // capacity-scheduler.xml beside yarn-site.xml; "" = no directory
  // What is wrong with that file counts when the store has no queue configuration: see Start().
  std::vector<std::string> queue_faults;
  std::vector<std::string> queue_warnings;
  scheduler::ResourceTypes types{Resource{1024, 1}, Resource{8192, 4}};
  CoreOptions core;
  KeyRingOptions keys;

  std::string address_file() const { return rm_dir + "/address"; }
  // The same, but of the last run too: for ports given as 0, which are taken again.
  std::string last_address_file() const { return rm_dir + "/address.last"; }
  std::string directory_id_file() const { return rm_dir + "/id"; }
  std::string client_socket() const { return rm_dir + "/client.sock"; }
  std::string admin_socket() const { return rm_dir + "/admin.sock"; }
};

// `config` is that of one ResourceManager: platform::OwnRmConfiguration has put its keys in their
// places. kInvalidArgument: every fault, one line each. An address to bind that is not of this
// machine's loopback is a fault: nothing is encrypted yet.
Result<RmOptions> ReadRmOptions(const platform::Configuration& config);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_RM_OPTIONS_H_
