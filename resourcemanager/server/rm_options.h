// RmOptions: the configuration of a ResourceManager, read and checked once, all faults together.
// Immutable value.
#ifndef WEIR_RESOURCEMANAGER_SERVER_RM_OPTIONS_H_
#define WEIR_RESOURCEMANAGER_SERVER_RM_OPTIONS_H_

#include <cstdint>
#include <string>

#include "common/hostport.h"
#include "common/result.h"
#include "platform/hadoop_xml_config.h"
#include "platform/log.h"
#include "resourcemanager/core/resource_manager_core.h"

namespace weir::rm {

// Where one service listens, and how others reach it. The port of both is the same; 0 = any.
struct ServiceAddress {
  HostPort bind;
  std::string advertised_host;

  HostPort Advertised(uint16_t port) const { return {advertised_host, port}; }
};

struct RmOptions {
  std::string cluster_id;
  std::string work_dir;
  std::string rm_dir;
  std::string secret_file;
  std::string store_class;  // "leveldb" or "memory"
  std::string store_dir;
  std::string log_file;
  platform::LogLevel log_level = platform::LogLevel::kInfo;
  ServiceAddress client;
  ServiceAddress admin;
  ServiceAddress master;
  ServiceAddress tracker;
  ServiceAddress http;
  int64_t staging_max_bytes = 0;
  CoreOptions core;

  std::string address_file() const { return rm_dir + "/address"; }
  std::string client_socket() const { return rm_dir + "/client.sock"; }
  std::string admin_socket() const { return rm_dir + "/admin.sock"; }
  std::string staging_dir() const { return rm_dir + "/staging"; }
};

// kInvalidArgument: every fault, one line each. An address to bind that is not of this machine's
// loopback is a fault: nothing is encrypted yet.
Result<RmOptions> ReadRmOptions(const platform::Configuration& config);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_RM_OPTIONS_H_
