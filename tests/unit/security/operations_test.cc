// The table has everything that can be asked of a daemon, once, and nothing else.
#include "security/operations.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace weir::security {
namespace {

using Methods = std::map<std::string, std::set<std::string>>;  // by Thrift service

std::string ReadIdl(const std::string& name) {
  const char* source = std::getenv("WEIR_SOURCE_DIR");
  std::ifstream file(std::string(source == nullptr ? "." : source) + "/idl/" + name);
  EXPECT_TRUE(file.good()) << "idl/" << name << " can be read; WEIR_SOURCE_DIR says where it is";
  std::ostringstream text;
  text << file.rdbuf();
  // Without comments, which may have braces and brackets.
  return std::regex_replace(text.str(), std::regex("//[^\n]*"), "");
}

// The methods of the services in a file, but for those that they inherit.
Methods MethodsIn(const std::string& file) {
  const std::string text = ReadIdl(file);
  const std::regex service("service\\s+(\\w+)[^{]*\\{([^}]*)\\}");
  // A method's name is what stands before a bracket, but for `throws`.
  const std::regex method("(\\w+)\\s*\\(");
  Methods methods;
  for (std::sregex_iterator one(text.begin(), text.end(), service), end; one != end; ++one) {
    const std::string body = (*one)[2];
    for (std::sregex_iterator each(body.begin(), body.end(), method); each != end; ++each) {
      if ((*each)[1] != "throws") methods[(*one)[1]].insert((*each)[1]);
    }
  }
  return methods;
}

std::set<std::string> NamesOf(Service service) {
  std::set<std::string> names;
  for (const Operation& operation : OperationsOf(service)) {
    EXPECT_TRUE(names.insert(std::string(operation.name)).second)
        << operation.name << " is there twice";
  }
  return names;
}

TEST(Operations, AreExactlyTheMethodsOfTheInterfaces) {
  struct Port {
    Service service;
    std::string file;
    std::string name;
  };
  const Port ports[] = {
      {Service::kClient, "client.thrift", "ClientService"},
      {Service::kMaster, "application_master.thrift", "ApplicationMasterService"},
      {Service::kTracker, "resource_tracker.thrift", "ResourceTrackerService"},
      {Service::kContainers, "container_management.thrift", "ContainerManagementService"},
      {Service::kJobs, "job.thrift", "JobService"},
      {Service::kTasks, "task.thrift", "TaskService"}};
  for (const Port& port : ports) {
    SCOPED_TRACE(port.file);
    const Methods methods = MethodsIn(port.file);
    ASSERT_EQ(methods.size(), 1u) << "one service per file";
    ASSERT_TRUE(methods.contains(port.name));
    EXPECT_EQ(NamesOf(port.service), methods.at(port.name));
  }
  // The administrators' port has the service of a standby too.
  std::set<std::string> administrators = MethodsIn("admin.thrift").at("AdminService");
  administrators.merge(MethodsIn("ha.thrift").at("HaService"));
  EXPECT_EQ(NamesOf(Service::kAdmin), administrators);
  EXPECT_EQ(MethodsIn("base.thrift").at("BaseService"), std::set<std::string>{"hello"});
  EXPECT_TRUE(MethodsIn("queue.thrift").empty());
}

TEST(Operations, OfWebPortsNameAMethodAndAPath) {
  size_t routes = 0;
  for (const Service service : {Service::kRmWeb, Service::kNmWeb, Service::kMasterWeb}) {
    for (const std::string& name : NamesOf(service)) {
      ++routes;
      EXPECT_TRUE(std::regex_match(name, std::regex("(GET|PUT|POST|DELETE) /\\S*"))) << name;
      // What is safe for a browser changes nothing.
      const Operation& operation = OperationNamed(service, name);
      EXPECT_EQ(name.starts_with("GET "), operation.kind == OperationKind::kRead) << name;
    }
  }
  EXPECT_GT(routes, 30u);
}

TEST(Operations, AreFoundByServiceAndName) {
  size_t count = 0;
  for (const Service service : kAllServices) {
    EXPECT_FALSE(OperationsOf(service).empty());
    for (const Operation& operation : OperationsOf(service)) {
      EXPECT_EQ(operation.service, service);
      EXPECT_EQ(FindOperation(service, operation.name), &operation);
      ++count;
    }
  }
  EXPECT_EQ(count, AllOperations().size());
  EXPECT_EQ(FindOperation(Service::kClient, "drainNode"), nullptr);
  EXPECT_EQ(FindOperation(Service::kClient, "hello"), nullptr);
  EXPECT_EQ(FindOperation(Service::kRmWeb, "DELETE /staging/{}"), nullptr);
}

// What no edit of the table may bring about by mistake.
TEST(Operations, NeverLetStrangersChangeAnything) {
  for (const Operation& operation : AllOperations()) {
    SCOPED_TRACE(operation.name);
    EXPECT_FALSE(operation.may.empty());
    const bool web = operation.service >= Service::kRmWeb;
    const bool reads = operation.kind == OperationKind::kRead;
    if (!web) {
      EXPECT_FALSE(operation.may.Has(Role::kAnybody)) << "nobody is anonymous behind a hello";
    }
    if (!reads) {
      EXPECT_FALSE(operation.may.Has(Role::kUser)) << "a user as such owns nothing";
    }
    // Nothing is encrypted or told apart on the web ports yet; this is the one door for a change.
    if (!reads && operation.may.Has(Role::kAnybody)) {
      EXPECT_EQ(operation.name, "PUT /staging/{}");
    }
    if (operation.service == Service::kAdmin && !reads) {
      EXPECT_EQ(operation.may, Roles(Role::kAdministrator));
    }
    if (operation.service == Service::kTracker) {
      EXPECT_EQ(operation.may, Roles(Role::kDaemon));
    }
  }
}

TEST(Operations, HaveWordsForEverything) {
  for (const Service service : kAllServices) {
    EXPECT_FALSE(ServiceName(service).empty());
    EXPECT_FALSE(ServiceTitle(service).empty());
  }
  for (const Operation& operation : AllOperations()) {
    EXPECT_FALSE(KindName(operation.kind).empty());
    EXPECT_FALSE(ObjectName(operation.object).empty());
  }
  std::set<std::string_view> roles;
  for (const Role role : kAllRoles) roles.insert(RoleName(role));
  EXPECT_EQ(roles.size(), kAllRoles.size());
  EXPECT_EQ(Roles().ToString(), "nobody");
  EXPECT_EQ((Role::kOwner | Role::kAdministrator).ToString(),
            "a cluster administrator, the application's owner");
}

}  // namespace
}  // namespace weir::security
