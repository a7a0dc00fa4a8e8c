#include "crds/types/validate.hpp"

#include <fmt/format.h>

#include <regex>

namespace slipway::detail {
namespace {

bool is_listed(std::string_view values, std::string_view value) {
  while (true) {
    const std::size_t end = values.find('|');
    if (values.substr(0, end) == value) return true;
    if (end == std::string_view::npos) return false;
    values.remove_prefix(end + 1);
  }
}

// A long value would hide what is wrong with it.
std::string shown(const std::string& text) {
  return text.size() <= 64 ? text : text.substr(0, 61) + "...";
}

}  // namespace

void check_text(const std::string& path, const std::string& text, const Limits& limits,
                Complaints& out) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (limits.max_length && size > *limits.max_length)
    out.push_back(fmt::format("{}: {} bytes are more than {}", path, size, *limits.max_length));
  else if (limits.min_length && size < *limits.min_length)
    out.push_back(fmt::format("{}: {} bytes are less than {}", path, size, *limits.min_length));
  else if (limits.values != nullptr && !is_listed(limits.values, text))
    out.push_back(fmt::format("{}: \"{}\" is none of {}", path, shown(text), limits.values));
  else if (limits.pattern != nullptr && !std::regex_search(text, std::regex(limits.pattern)))
    out.push_back(fmt::format("{}: \"{}\" must match {}", path, shown(text), limits.pattern));
}

void check_number(const std::string& path, double number, const Limits& limits, Complaints& out) {
  if (limits.least && number < *limits.least)
    out.push_back(fmt::format("{}: {} is less than {}", path, number, *limits.least));
  if (limits.most && number > *limits.most)
    out.push_back(fmt::format("{}: {} is more than {}", path, number, *limits.most));
}

void check_count(const std::string& path, std::size_t count, const Limits& limits,
                 Complaints& out) {
  const auto size = static_cast<std::int64_t>(count);
  if (limits.min_items && size < *limits.min_items)
    out.push_back(fmt::format("{}: {} elements are less than {}", path, size, *limits.min_items));
  if (limits.max_items && size > *limits.max_items)
    out.push_back(fmt::format("{}: {} elements are more than {}", path, size, *limits.max_items));
}

Limits of_items(const Limits& limits) {
  Limits out;
  out.max_length = limits.item_max_length;
  out.pattern = limits.item_pattern;
  out.values = limits.item_values;
  return out;
}

std::string repeated_key(const std::string& path, const char* key, const std::string& value) {
  return fmt::format("{}.{}: \"{}\" is there twice", path, key, shown(value));
}

}  // namespace slipway::detail
