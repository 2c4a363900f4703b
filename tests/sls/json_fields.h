// JsonFields: the fields of one JSON object, read with type, range and default; an error names
// file, place, field and remedy. What nobody asked for is noted, so that a field without effect
// does not go unseen. Single-threaded; the object must outlive it.
#ifndef WEIR_TESTS_SLS_JSON_FIELDS_H_
#define WEIR_TESTS_SLS_JSON_FIELDS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tests/sls/json.h"

namespace weir::sls {

// Names of fields that were given and have no effect.
using IgnoredFields = std::set<std::string>;

struct IntegerRange {
  int64_t low = 0;
  int64_t high = INT64_MAX;
};

class JsonFields {
 public:
  // `path` leads from the top-level object to this one; "" for the top.
  JsonFields(const Json& object, const Place& place, std::string path, IgnoredFields& ignored);
  // Notes what nobody asked for.
  ~JsonFields();
  JsonFields(const JsonFields&) = delete;
  JsonFields& operator=(const JsonFields&) = delete;

  bool Has(std::string_view name) const { return object_.Find(name) != nullptr; }
  // A whole number, or a text that is one (SLS files have both). Without a fallback it must be
  // there.
  Result<int64_t> Integer(std::string_view name,
                          IntegerRange range,
                          std::optional<int64_t> fallback = {});
  // From `low` to 1e15.
  Result<double> Number(std::string_view name, double low, std::optional<double> fallback = {});
  // At most limits::kNameBytes, no control characters; a number is taken as its digits.
  Result<std::string> Text(std::string_view name, std::optional<std::string> fallback = {});
  // The elements, each an object; empty when it is not there.
  Result<std::vector<const Json*>> Objects(std::string_view name);
  // Null when it is not there.
  Result<const Json*> Object(std::string_view name);
  // The names that begin so and were not asked for yet, without that beginning.
  std::vector<std::string> NamesWith(std::string_view prefix);

  // Known, read by somebody else or without effect on purpose.
  void Claim(std::string_view name) { asked_.emplace(name); }

  // "workloads[0].queue_name"
  std::string PathOf(std::string_view name) const;
  std::string PathOf(std::string_view name, size_t index) const;
  const Place& place() const { return place_; }
  Error Fault(std::string_view name, const std::string& what, const std::string& remedy) const;

 private:
  const Json* Ask(std::string_view name);

  const Json& object_;
  const Place& place_;
  const std::string path_;
  IgnoredFields& ignored_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_JSON_FIELDS_H_
