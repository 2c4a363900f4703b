// Ways to write a path that leaves a log directory, as attackers write them: one list for the tests
// of every entry point. Pure functions.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_TRAVERSAL_NAMES_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_TRAVERSAL_NAMES_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/strings.h"

namespace weir::nm {

// One round of %-decoding; what is no escape stays.
inline std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte =
        text[i] == '%' && i + 2 < text.size() ? HexDecode(text.substr(i + 1, 2)) : std::nullopt;
    decoded += byte ? *byte : std::string(1, text[i]);
    if (byte) i += 2;
  }
  return decoded;
}

// About 200 names. `file` stands three directories above the log directory ("../../../file"),
// `absolute` is its path.
inline std::vector<std::string> TraversalNames(const std::string& file,
                                               const std::string& absolute) {
  const std::vector<std::string> steps = {"../",
                                          "..%2f",
                                          "..%2F",
                                          "%2e%2e/",
                                          "%2e%2e%2f",
                                          "%2E%2E%2F",
                                          ".%2e/",
                                          "%2e./",
                                          ".%2e%2f",
                                          "..%252f",
                                          "%252e%252e/",
                                          "%252e%252e%252f",
                                          "..%25252f",
                                          "%25252e%25252e%25252f",
                                          "..%c0%af",
                                          "%c0%ae%c0%ae/",
                                          "%c0%ae%c0%ae%c0%af",
                                          "..%e0%80%af",
                                          "..%f0%80%80%af",
                                          "..\\",
                                          "..%5c",
                                          "..%255c",
                                          "%2e%2e%5c",
                                          "....//",
                                          "..././",
                                          "..;/",
                                          "..%3b/",
                                          "..%00/",
                                          "..%2500/",
                                          ".././",
                                          "..//",
                                          "%u002e%u002e%u002f",
                                          "..%u2215",
                                          "..%uff0f",
                                          "\xef\xbc\x8e\xef\xbc\x8e/",
                                          "\xe2\x80\xa5/",
                                          "..\xe2\x88\x95",
                                          "..%0d/",
                                          "..%0a/",
                                          "..%09/",
                                          "..%20/",
                                          ".. /"};
  std::vector<std::string> names;
  for (const std::string& step : steps) {
    for (const int depth : {1, 3, 4, 8}) {
      std::string name;
      for (int i = 0; i < depth; ++i) name += step;
      names.push_back(name + file);
    }
  }
  // From a file that is there, with tails that a check of the ending might like.
  for (const char* step : {"/../", "%2f..%2f", "%252f..%252f", "%2f%2e%2e%2f"}) {
    const std::string up = std::string("stdout") + step + "..%2f..%2f..%2f" + file;
    names.push_back(up);
    names.push_back(up + "%00stdout");
    names.push_back(up + "%2500.log");
  }
  for (const std::string& path :
       {absolute,
        "/" + absolute,
        "//localhost" + absolute,
        "file://" + absolute,
        std::string("/etc/passwd"),
        std::string("%2fetc%2fpasswd"),
        std::string("%252fetc%252fpasswd"),
        std::string("/proc/self/root") + absolute,
        std::string("..%252f..%252f..%252f..%252f..%252f..%252f..%252f..%252fetc%252fpasswd"),
        std::string("."),
        std::string(".."),
        std::string("%2e"),
        std::string("%2e%2e"),
        std::string("./"),
        std::string("stdout/"),
        std::string("stdout/."),
        std::string("stdout%00"),
        std::string("stdout%0a"),
        std::string("link"),
        std::string("link/" + file),
        std::string("linked-directory/" + file),
        std::string("linked-directory%2f" + file),
        std::string("pipe"),
        std::string("directory"),
        std::string("STDOUT"),
        std::string("stdout*"),
        std::string("std?ut"),
        std::string(255, 'a'),
        std::string(5000, 'a')}) {
    names.push_back(path);
  }
  return names;
}

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_TRAVERSAL_NAMES_H_
