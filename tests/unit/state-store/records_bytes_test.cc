#include "state-store/records_bytes.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/strings.h"

namespace weir::store {
namespace {

template <typename T>
std::string Hex(const T& value) {
  RecordWriter writer;
  writer(value);
  return HexEncode(writer.Take());
}

template <typename T>
std::string Fault(const std::string& hex) {
  const std::string bytes = HexDecode(hex).value();
  RecordReader reader(bytes);
  T value{};
  reader(value);
  return reader.fault();
}

TEST(RecordsBytes, EncodesByHand) {
  EXPECT_EQ(Hex(int64_t{0}), "00");
  EXPECT_EQ(Hex(int64_t{-1}), "01");
  EXPECT_EQ(Hex(int64_t{1}), "02");
  EXPECT_EQ(Hex(int64_t{64}), "8001");
  EXPECT_EQ(Hex(std::numeric_limits<int64_t>::max()), "feffffffffffffffff01");
  EXPECT_EQ(Hex(std::numeric_limits<int64_t>::min()), "ffffffffffffffffff01");
  EXPECT_EQ(Hex(true), "01");
  EXPECT_EQ(Hex(std::string("ab")), "026162");
  EXPECT_EQ(Hex(std::vector<int32_t>{1, -1}), "020201");
  EXPECT_EQ((Hex(std::map<std::string, bool>{{"a", true}, {"b", false}})),
            "0201610101"
            "6200");
}

TEST(RecordsBytes, ReadsBackTheExtremes) {
  for (const int64_t value : {std::numeric_limits<int64_t>::min(),
                              std::numeric_limits<int64_t>::min() + 1,
                              int64_t{-1},
                              int64_t{0},
                              int64_t{1},
                              std::numeric_limits<int64_t>::max()}) {
    RecordWriter writer;
    writer(value);
    const std::string bytes = writer.Take();
    RecordReader reader(bytes);
    int64_t back = 5;
    reader(back);
    EXPECT_TRUE(reader.AtEnd());
    EXPECT_EQ(back, value);
  }
}

TEST(RecordsBytes, RefusesWhatIsNotCanonicalOrNotThere) {
  EXPECT_EQ(Fault<int64_t>(""), "truncated at byte 0");
  EXPECT_EQ(Fault<int64_t>("80"), "truncated at byte 1");
  EXPECT_EQ(Fault<int64_t>("8000"), "a number in another than its shortest form at byte 1");
  EXPECT_EQ(Fault<int64_t>("ffffffffffffffffff02"),
            "a number in another than its shortest form at byte 9");
  EXPECT_EQ(Fault<int32_t>("feffffff1f"), "a number beyond 32 bits at byte 5");
  EXPECT_EQ(Fault<bool>("02"), "a truth value other than 0 and 1 at byte 0");
  EXPECT_EQ(Fault<std::string>("0361"), "a length beyond the end at byte 1");
  EXPECT_EQ(Fault<std::vector<int32_t>>("ffffffffffffffffff01"),
            "a length beyond the end at byte 10");
  EXPECT_EQ((Fault<std::map<std::string, bool>>("0201620101"
                                                "6100")),
            "keys out of order at byte 6");
  EXPECT_EQ((Fault<std::map<std::string, bool>>("0201610101"
                                                "6100")),
            "keys out of order at byte 6");
}

}  // namespace
}  // namespace weir::store
