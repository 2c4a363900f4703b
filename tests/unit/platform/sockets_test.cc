// What a connection tells of whoever should listen.
#include "platform/sockets.h"

#include <gtest/gtest.h>

#include "platform/clock.h"

namespace weir::platform {
namespace {

Instant Soon() {
  return MonotonicNow() + seconds(30);
}

TEST(Sockets, ARefusalTellsThatNobodyListens) {
  auto listener = ListenTcp({"127.0.0.1", 0});
  ASSERT_TRUE(listener.ok()) << listener.error().ToString();
  const HostPort address = listener->address;
  EXPECT_FALSE(IsRefused(address, Soon()));
  listener->fd = FileDescriptor();
  EXPECT_TRUE(IsRefused(address, Soon()));
}

TEST(Sockets, WhatCannotBeToldIsNoRefusal) {
  EXPECT_FALSE(IsRefused({"no such host", 1}, Soon()));
  EXPECT_FALSE(IsRefused({"255.255.255.255", 1}, Soon())) << "not a place to connect to";
}

}  // namespace
}  // namespace weir::platform
