#include "common/cut_to_fit.h"

#include <utility>

#include "common/strings.h"

namespace weir {

void CutToFit(const std::vector<std::string*>& texts, size_t limit) {
  size_t all = 0;
  for (const std::string* text : texts) all += text->size();
  if (all <= limit) return;
  const size_t share = limit / texts.size();
  for (std::string* text : texts) *text = CutMiddle(std::move(*text), share);
}

}  // namespace weir
