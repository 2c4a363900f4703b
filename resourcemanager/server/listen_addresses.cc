#include "resourcemanager/server/listen_addresses.h"

#include <unistd.h>

#include <utility>

#include "platform/address_file.h"
#include "platform/file_system.h"
#include "platform/log.h"
#include "platform/port_again.h"

namespace weir::rm {

ListenAddresses::ListenAddresses(std::string file, std::string last_file)
    : file_(std::move(file)), last_file_(std::move(last_file)) {
  if (auto last = platform::ReadAddressFile(last_file_); last.ok()) before_ = *std::move(last);
}

ListenAddresses::~ListenAddresses() {
  Withdraw();
}

Status ListenAddresses::ForgetFormerRun() const {
  if (published_) return {};
  return platform::FileSystem::Real().Remove(file_);
}

HostPort ListenAddresses::BindAgain(const std::string& name, const HostPort& bind) const {
  const auto& known = now_.contains(name) ? now_ : before_;
  const auto last = known.find(name);
  if (last == known.end()) return bind;
  const auto address = HostPort::Parse(last->second);
  return {bind.host,
          platform::PortAgain("rm.server", bind, address.ok() ? address->port : uint16_t{0})};
}

void ListenAddresses::Set(const std::string& name, const std::string& address) {
  now_[name] = address;
}

std::string ListenAddresses::Get(const std::string& name) const {
  const auto found = now_.find(name);
  return found == now_.end() ? "" : found->second;
}

Status ListenAddresses::Publish() {
  now_["pid"] = std::to_string(getpid());
  WEIR_RETURN_IF_ERROR(platform::WriteAddressFile(last_file_, now_));
  WEIR_RETURN_IF_ERROR(platform::WriteAddressFile(file_, now_));
  published_ = true;
  return {};
}

void ListenAddresses::Withdraw() {
  if (!std::exchange(published_, false)) return;
  if (auto removed = platform::FileSystem::Real().Remove(file_); !removed.ok()) {
    platform::LogWarn("rm.server", "-", "cannot remove", {{"error", removed.error().message}});
  }
}

}  // namespace weir::rm
