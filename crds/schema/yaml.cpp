#include "crds/schema/yaml.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace slipway::schema {
namespace {

// Words that a YAML 1.1 reader takes for something else than a string.
constexpr std::array<std::string_view, 12> kWords{"true", "false", "yes", "no", "on", "off",
                                                  "null", "y",     "n",   "~",  "",   "nan"};

bool is_plain(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inside = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || std::string_view("-_./ ").find(c) != text.npos;
  };
  if (!letter(text.front()) && text.front() != '.' && text.front() != '/') return false;
  if (text.front() == '.' && (text.size() < 2 || !letter(text[1]))) return false;
  return text.back() != ' ' && std::all_of(text.begin(), text.end(), inside);
}

std::string scalar(const Json& value) {
  if (value.is_string() && is_plain(value.get_ref<const std::string&>())) {
    return value.get<std::string>();
  }
  return value.dump();  // a JSON string is a double-quoted YAML string
}

void write(std::string& out, const Json& value, std::size_t indent, bool after_dash);

void write_child(std::string& out, const Json& value, std::size_t indent) {
  if (value.is_structured() && !value.empty()) {
    out += "\n";
    // Lists stand at the column of their key, as most Kubernetes tools write them.
    write(out, value, value.is_array() ? indent : indent + 2, false);
  } else {
    out += " " + scalar(value) + "\n";
  }
}

void write(std::string& out, const Json& value, std::size_t indent, bool after_dash) {
  if (value.is_array()) {
    for (const Json& item : value) {
      out.append(indent, ' ').append("-");
      if (item.is_object() && !item.empty()) {
        out += " ";
        write(out, item, indent + 2, true);
      } else {
        write_child(out, item, indent + 2);
      }
    }
    return;
  }
  for (const auto& [key, child] : value.items()) {
    if (!after_dash) out.append(indent, ' ');
    after_dash = false;
    out += scalar(Json(key)) + ":";
    write_child(out, child, indent);
  }
}

}  // namespace

std::string to_yaml(const Json& value) {
  std::string out;
  write(out, value, 0, false);
  return out;
}

}  // namespace slipway::schema
