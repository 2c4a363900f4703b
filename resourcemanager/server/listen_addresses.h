// ListenAddresses: where the parts of this ResourceManager listen, and the files that tell.
//
// A port given as 0 is taken again by the next one who listens under the same name, in this run or
// a later one: ApplicationMasters that outlive a ResourceManager know no other address.
//
// Owner: the daemon, on its own thread.
#ifndef WEIR_RESOURCEMANAGER_SERVER_LISTEN_ADDRESSES_H_
#define WEIR_RESOURCEMANAGER_SERVER_LISTEN_ADDRESSES_H_

#include <map>
#include <string>

#include "common/hostport.h"
#include "common/result.h"

namespace weir::rm {

class ListenAddresses {
 public:
  // `file` is there while somebody listens; `last_file` stays.
  ListenAddresses(std::string file, std::string last_file);
  ~ListenAddresses();  // as Withdraw
  ListenAddresses(const ListenAddresses&) = delete;
  ListenAddresses& operator=(const ListenAddresses&) = delete;

  // Removes the file of a former run, which would lead astray. Call it when it is certain that
  // nobody else uses the place.
  Status ForgetFormerRun() const;
  // What to bind so that the address stays.
  HostPort BindAgain(const std::string& name, const HostPort& bind) const;
  void Set(const std::string& name, const std::string& address);
  // "" when nobody listens under that name.
  std::string Get(const std::string& name) const;
  // Writes both files, with our process id.
  Status Publish();
  // Removes the file, if it was published; what it cannot do is logged.
  void Withdraw();

 private:
  const std::string file_;
  const std::string last_file_;
  std::map<std::string, std::string> now_;
  std::map<std::string, std::string> before_;
  bool published_ = false;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_LISTEN_ADDRESSES_H_
