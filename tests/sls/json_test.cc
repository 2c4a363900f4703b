#include "tests/sls/json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sls/json_writer.h"

namespace weir::sls {
namespace {

struct Objects {
  std::vector<JsonObject> objects;
  std::string fault;
};

Objects ReadAll(const std::string& text) {
  Objects all;
  JsonReader reader("t.json", text);
  while (true) {
    auto object = reader.Next();
    if (!object.ok()) {
      all.fault = object.error().message;
      return all;
    }
    if (!*object) return all;
    all.objects.push_back(**std::move(object));
  }
}

TEST(JsonReader, ReadsObjectsOneAfterTheOtherOrInAnArray) {
  for (const std::string text : {R"({"a": 1}{"a": 2} {"a": 3})",
                                 R"([{"a": 1}, {"a": 2},{"a": 3}])",
                                 "\xef\xbb\xbf{\"a\": 1}\n{\"a\": 2}\r\n\t{\"a\": 3}\n"}) {
    const Objects all = ReadAll(text);
    ASSERT_EQ(all.fault, "") << text;
    ASSERT_EQ(all.objects.size(), 3u) << text;
    for (size_t i = 0; i < 3; ++i) {
      const Json* a = all.objects[i].value.Find("a");
      ASSERT_NE(a, nullptr);
      EXPECT_EQ(a->integer, static_cast<int64_t>(i) + 1);
    }
  }
}

TEST(JsonReader, TellsWhereAnObjectStands) {
  const Objects all = ReadAll("{\"a\": \"}{\",\n\"b\": [{}]}\n\n{\"c\": \"\\\"}\"}");
  ASSERT_EQ(all.fault, "");
  ASSERT_EQ(all.objects.size(), 2u);
  EXPECT_EQ(all.objects[1].place.line, 4u);
  EXPECT_EQ(all.objects[1].place.offset, 24u);
  EXPECT_EQ(all.objects[0].value.Find("a")->text, "}{");
  EXPECT_EQ(all.objects[1].value.Find("c")->text, "\"}");
}

TEST(JsonReader, ReadsNothingAsNothing) {
  EXPECT_EQ(ReadAll("").fault, "");
  EXPECT_EQ(ReadAll(" \n").fault, "");
  EXPECT_EQ(ReadAll("[]").fault, "");
  EXPECT_TRUE(ReadAll("[ ]").objects.empty());
}

TEST(JsonReader, RefusesHostileTextWithItsPlace) {
  struct Case {
    std::string title;
    std::string text;
    std::string place;  // the message begins so
  };
  const std::vector<Case> cases = {
      {"no object", "hello", "t.json:1 (byte 0): an object is expected"},
      {"a number", "{}\n 12", "t.json:2 (byte 4): an object is expected"},
      {"cut off", "{\"a\": 1", "t.json:1 (byte 0): the object that starts here does not end"},
      {"cut off in a text", "{\"a\": \"x", "t.json:1 (byte 0): the object"},
      {"cut off after a backslash", "{\"a\": \"\\", "t.json:1 (byte 0): the object"},
      {"an array cut off", "[{}", "t.json:1 (byte 3): the array is not closed"},
      {"no comma", "[{} {}]", "t.json:1 (byte 4): an object is expected"},
      {"two commas", "[{},,{}]", "t.json:1 (byte 4): an object is expected"},
      {"after the array", "[{}]{}", "t.json:1 (byte 4): an object is expected"},
      {"brackets that do not pair", "{\"a\": [}]", "t.json:1 (byte "},
      {"a bare word", "{}\n{\"a\":\n nope}", "t.json:3 (byte "},
      {"a control character", "{\"a\": \"\x01\"}", "t.json:1 (byte "},
      {"a broken byte", "{\"a\": \"\xff\"}", "t.json:1 (byte "},
      {"half an escape", "{\"a\": \"\\u12\"}", "t.json:1 (byte "},
      {"a number that is too large", "{\"a\": 1e999}", "t.json:1 (byte "},
      {"not a number", "{\"a\": NaN}", "t.json:1 (byte "},
      {"nested without end", "{\"a\": " + std::string(1'000'000, '['), "t.json:1 (byte 69): more"},
      {"a nul byte", std::string("{\"a\": \0}", 8), "t.json:1 (byte "},
  };
  for (const Case& each : cases) {
    const std::string fault = ReadAll(each.text).fault;
    EXPECT_EQ(fault.substr(0, each.place.size()), each.place) << each.title;
    EXPECT_LT(fault.size(), 500u) << each.title;
  }
}

TEST(JsonReader, RefusesMoreValuesThanOneObjectMayHave) {
  std::string text = "{\"a\": [";
  for (size_t i = 0; i <= JsonReader::kValuesPerObject; ++i) text += "0,";
  text += "0]}";
  EXPECT_NE(ReadAll(text).fault.find("more than 2000000 values"), std::string::npos);
}

TEST(JsonReader, TakesTheLastOfEqualNames) {
  const Objects all = ReadAll(R"({"a": 1, "a": 2})");
  ASSERT_EQ(all.objects.size(), 1u);
  EXPECT_EQ(all.objects[0].value.Find("a")->integer, 2);
}

TEST(JsonWriter, WritesWhatTheReaderReads) {
  JsonWriter json;
  json.BeginObject();
  json.Text("te\"xt", "a\\b\"c\nd\x01 \xc3\xa4");
  json.BeginArray("none");
  json.EndArray();
  json.BeginArray("some");
  json.Text({}, "x");
  json.Text({}, "y");
  json.EndArray();
  json.Millionths("share", 1'050'000);
  json.Thousandths("small", 7);
  json.Bool("yes", true);
  json.EndObject();
  const std::string text = json.Take();
  const Objects all = ReadAll(text);
  ASSERT_EQ(all.fault, "") << text;
  ASSERT_EQ(all.objects.size(), 1u);
  const Json& value = all.objects[0].value;
  EXPECT_EQ(value.Find("te\"xt")->text, "a\\b\"c\nd\x01 \xc3\xa4");
  EXPECT_EQ(value.Find("none")->items.size(), 0u);
  EXPECT_EQ(value.Find("some")->items.size(), 2u);
  EXPECT_NE(text.find("\"share\": 1.050000"), std::string::npos);
  EXPECT_NE(text.find("\"small\": 0.007"), std::string::npos);
  EXPECT_TRUE(value.Find("yes")->truth);
}

}  // namespace
}  // namespace weir::sls
