#include "resourcemanager/server/election_member.h"

#include "common/hostport.h"
#include "common/strings.h"

namespace weir::rm {
namespace {

constexpr std::string_view kHttp = "http=";
constexpr std::string_view kHome = "home=";

}  // namespace

std::string ElectionMember::Name() const {
  return http.empty() ? id : id + " " + std::string(kHttp) + http;
}

std::string ElectionMember::ToString() const {
  return home.empty() ? Name() : Name() + " " + std::string(kHome) + home;
}

ElectionMember ElectionMember::Parse(std::string_view text) {
  ElectionMember member;
  bool first = true;
  for (const std::string_view word : Split(text, ' ')) {
    if (first) {
      member.id = word;
    } else if (word.starts_with(kHttp)) {
      member.http = word.substr(kHttp.size());
    } else if (word.starts_with(kHome)) {
      member.home = word.substr(kHome.size());
    }
    first = false;
  }
  return member;
}

bool ElectionMember::IsOne(std::string_view text) {
  const ElectionMember member = Parse(text);
  return !member.id.empty() && HostPort::Parse(member.http).ok();
}

}  // namespace weir::rm
