#include "scheduler/config/fault_list.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/strings.h"

namespace weir::scheduler {
namespace {

constexpr size_t kQuotedMax = 120;
constexpr size_t kNoEffectMax = 20;

bool InOrder(const ConfigFault& a, const ConfigFault& b) {
  return std::tie(a.file, a.line, a.queue, a.message, a.rule) <
         std::tie(b.file, b.line, b.queue, b.message, b.rule);
}

}  // namespace

std::string Quoted(std::string_view value) {
  std::string text = "'";
  for (const char c : value.substr(0, kQuotedMax)) {
    const bool printable = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    text += printable ? c : '?';
  }
  return text + (value.size() > kQuotedMax ? "...'" : "'");
}

void FaultList::Add(const ConfigProperty* where,
                    const std::string& queue,
                    std::string rule,
                    std::string message) {
  faults_.push_back({.file = where == nullptr ? "" : where->file,
                     .line = where == nullptr ? 0 : where->line,
                     .queue = queue,
                     .rule = std::move(rule),
                     .message = std::move(message)});
}

void FaultList::Add(const ConfigProperty& where, const std::string& queue, const Error& error) {
  Add(&where, queue, error.remedy, error.message);
}

void FaultList::Warn(const ConfigProperty* where, const std::string& text) {
  if (!TakesWarnings()) {
    ++warnings_left_out_;
    return;
  }
  std::string place;
  if (where != nullptr && !where->file.empty()) {
    place = where->file + (where->line > 0 ? ":" + std::to_string(where->line) : "") + ": ";
  }
  warnings_.push_back(place + text);
}

void FaultList::NoEffect(const ConfigProperty& property) {
  if (no_effect_.size() < kNoEffectMax) {
    no_effect_.push_back(property.name.substr(0, kQuotedMax));
  } else {
    ++no_effect_left_out_;
  }
}

std::vector<ConfigFault> FaultList::TakeFaults() {
  std::sort(faults_.begin(), faults_.end(), InOrder);
  faults_.erase(std::unique(faults_.begin(), faults_.end()), faults_.end());
  return std::exchange(faults_, {});
}

std::vector<std::string> FaultList::TakeWarnings() {
  std::vector<std::string> warnings = std::exchange(warnings_, {});
  if (warnings_left_out_ > 0) {
    warnings.push_back("and " + std::to_string(warnings_left_out_) + " more warnings");
  }
  if (!no_effect_.empty()) {
    std::string text = "without effect here: " + Join(no_effect_, ", ");
    if (no_effect_left_out_ > 0) text += " and " + std::to_string(no_effect_left_out_) + " more";
    warnings.push_back(std::move(text));
  }
  return warnings;
}

}  // namespace weir::scheduler
