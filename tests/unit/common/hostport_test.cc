#include "common/hostport.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>

namespace weir {
namespace {

TEST(HostPort, ReadsNamesAndAddresses) {
  const std::pair<const char*, HostPort> cases[] = {
      {"localhost:8032", {"localhost", 8032}},
      {"127.0.0.1:0", {"127.0.0.1", 0}},
      {"[::1]:65535", {"::1", 65535}},
      {"rm.example.org:1", {"rm.example.org", 1}},
  };
  for (const auto& [text, address] : cases) {
    const auto parsed = HostPort::Parse(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, address);
    EXPECT_EQ(parsed->ToString(), text);
  }
}

TEST(HostPort, RefusesWhatHasNoHostOrPort) {
  for (const char* text :
       {"", "host", ":80", "host:", "host:x", "host:-1", "host:65536", "host: 80", "host:80 "}) {
    const auto parsed = HostPort::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  }
}

RC_GTEST_PROP(HostPort, ReadsBackWhatItPrints, ()) {
  const HostPort v4{"10.0.0." + std::to_string(*rc::gen::inRange(0, 256)),
                    *rc::gen::arbitrary<uint16_t>()};
  RC_ASSERT(HostPort::Parse(v4.ToString()).value() == v4);
  const HostPort v6{"fe80::" + std::to_string(*rc::gen::inRange(0, 9999)),
                    *rc::gen::arbitrary<uint16_t>()};
  RC_ASSERT(HostPort::Parse(v6.ToString()).value() == v6);
}

}  // namespace
}  // namespace weir
