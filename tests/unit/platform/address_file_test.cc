#include "platform/address_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace weir::platform {
namespace {

using ::testing::HasSubstr;

TEST(AddressFile, ReadsWhatWasWritten) {
  const testing::TempDirectory directory;
  const std::map<std::string, std::string> values = {
      {"client", "127.0.0.1:40121"}, {"client_socket", "/tmp/a b=c"}, {"pid", "12"}};
  ASSERT_TRUE(WriteAddressFile(directory / "address", values).ok());
  const auto read = ReadAddressFile(directory / "address");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, values);
}

TEST(AddressFile, RefusesNamesAndValuesThatWouldNotReadBack) {
  const testing::TempDirectory directory;
  const std::map<std::string, std::string> cases[] = {
      {{"", "x"}}, {{"a=b", "x"}}, {{"Name", "x"}}, {{"a", "x\nb=y"}}};
  for (const auto& values : cases) {
    const Status status = WriteAddressFile(directory / "address", values);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(testing::Exists(directory / "address"));
}

TEST(AddressFile, SaysThatItIsNotThere) {
  const testing::TempDirectory directory;
  EXPECT_EQ(ReadAddressFile(directory / "address").error().code, ErrorCode::kNotFound);
}

TEST(AddressFile, NamesTheLineThatIsMalformed) {
  const testing::TempDirectory directory;
  testing::WriteWholeFile(directory / "address", "client=1:2\nnonsense\n");
  const auto read = ReadAddressFile(directory / "address");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(read.error().message, HasSubstr("address:2: 'nonsense'"));
}

}  // namespace
}  // namespace weir::platform
