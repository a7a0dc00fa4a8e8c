// One walk for two sources: the tree of a desired object, and the bytes of a live one, which can
// only be read forward. Members are therefore combined by addition, which knows no order.
#include "crds/types/k8s/projection.hpp"

#include <simdjson.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "crds/types/k8s/shape.hpp"
#include "crds/types/quantity.hpp"

namespace slipway {
namespace {

// What a hash is of; keeps "1" apart from 1 and [] from {}.
enum Seed : XXH64_hash_t {
  kText = 1,
  kQuantity,
  kWhole,
  kNegative,
  kReal,
  kTruth,
  kKey,
  kMember,
  kObject,
  kItem,
  kList
};

constexpr Projection kAbsent{};

Projection hash_bytes(const void* data, std::size_t size, Seed seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(data, size, seed);
  return {hash.low64, hash.high64};
}

Projection hash_text(std::string_view text, Seed seed) {
  return text.empty() ? kAbsent : hash_bytes(text.data(), text.size(), seed);
}

Projection hash_word(std::uint64_t word, Seed seed) {
  return hash_bytes(&word, sizeof word, seed);
}

Projection combine(Projection a, Projection b, Seed seed) {
  const std::uint64_t words[] = {a.low, a.high, b.low, b.high};
  return hash_bytes(words, sizeof words, seed);
}

Projection hash_whole(std::int64_t number) {
  return hash_word(std::bit_cast<std::uint64_t>(number), number < 0 ? kNegative : kWhole);
}

Projection hash_real(double number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: whole numbers up to here are exact
  if (std::trunc(number) == number && std::abs(number) <= kExact) {
    return hash_whole(static_cast<std::int64_t>(number));
  }
  return hash_word(std::bit_cast<std::uint64_t>(number), kReal);
}

Projection hash_quantity(std::string_view text) {
  const auto canonical = canonical_quantity(text);
  return canonical ? hash_text(*canonical, kQuantity) : hash_text(text, kText);
}

class ObjectHash {
 public:
  void add(std::string_view key, Projection value) {
    if (value == kAbsent) return;
    const Projection member = combine(hash_bytes(key.data(), key.size(), kKey), value, kMember);
    sum_.low += member.low;
    sum_.high += member.high;
    ++count_;
  }
  Projection result() const { return count_ == 0 ? kAbsent : combine(sum_, {count_, 0}, kObject); }

 private:
  Projection sum_;
  std::uint64_t count_ = 0;
};

class ListHash {
 public:
  void add(Projection item) {
    state_ = combine(state_, item, kItem);
    ++count_;
  }
  // An item that is itself absent still has its place: [{}] is not [].
  Projection result() const { return count_ == 0 ? kAbsent : combine(state_, {count_, 0}, kList); }

 private:
  Projection state_;
  std::uint64_t count_ = 0;
};

// A desired object's tree.
struct TreeNode {
  const Json& json;

  bool is_object() { return json.is_object(); }
  bool is_array() { return json.is_array(); }
  bool is_scalar() { return json.is_string() || json.is_number(); }
  template <class Use>
  void each_member(Use&& use) {
    for (auto member = json.begin(); member != json.end(); ++member) {
      use(std::string_view(member.key()), TreeNode{member.value()});
    }
  }
  template <class Use>
  void each_item(Use&& use) {
    for (const Json& item : json) use(TreeNode{item});
  }
  Projection leaf() {
    if (json.is_string()) return hash_text(json.get_ref<const std::string&>(), kText);
    if (json.is_boolean()) return hash_word(json.get<bool>(), kTruth);
    if (json.is_number_unsigned()) return hash_word(json.get<std::uint64_t>(), kWhole);
    if (json.is_number_integer()) return hash_whole(json.get<std::int64_t>());
    if (json.is_number_float()) return hash_real(json.get<double>());
    return kAbsent;
  }
  std::string text() { return json.is_string() ? json.get<std::string>() : json.dump(); }
};

// A live object's bytes. Every value is read once, in order; simdjson's errors are thrown, and
// caught in `project`.
struct LiveNode {
  simdjson::ondemand::value value;

  bool is_object() { return value.type() == simdjson::ondemand::json_type::object; }
  bool is_array() { return value.type() == simdjson::ondemand::json_type::array; }
  bool is_scalar() {
    return value.type() == simdjson::ondemand::json_type::string ||
           value.type() == simdjson::ondemand::json_type::number;
  }
  template <class Use>
  void each_member(Use&& use) {
    for (auto item : value.get_object()) {
      simdjson::ondemand::field field = std::move(item);
      const std::string_view key = field.unescaped_key();
      use(key, LiveNode{field.value()});
    }
  }
  template <class Use>
  void each_item(Use&& use) {
    for (auto item : value.get_array()) use(LiveNode{item.value()});
  }
  Projection leaf() {
    switch (simdjson::ondemand::json_type(value.type())) {
      case simdjson::ondemand::json_type::string:
        return hash_text(value.get_string(), kText);
      case simdjson::ondemand::json_type::boolean:
        return hash_word(bool(value.get_bool()), kTruth);
      case simdjson::ondemand::json_type::number: {
        const simdjson::ondemand::number number = value.get_number();
        if (number.is_int64()) return hash_whole(number.get_int64());
        if (number.is_uint64()) return hash_word(number.get_uint64(), kWhole);
        return hash_real(number.get_double());
      }
      default:
        return kAbsent;
    }
  }
  // A number is written as a tree would write it: 1e3 and 1000.0 are one number.
  std::string text() {
    if (value.type() == simdjson::ondemand::json_type::string) {
      return std::string(std::string_view(value.get_string()));
    }
    const simdjson::ondemand::number number = value.get_number();
    if (number.is_int64()) return std::to_string(number.get_int64());
    if (number.is_uint64()) return std::to_string(number.get_uint64());
    return Json(number.get_double()).dump();
  }
};

template <class Node>
Projection hash(const Shape& shape, Node node);

template <class Node>
Projection hash_anything(Node node) {
  if (node.is_object()) {
    ObjectHash object;
    node.each_member(
        [&](std::string_view key, Node value) { object.add(key, hash_anything(value)); });
    return object.result();
  }
  if (node.is_array()) {
    ListHash items;
    node.each_item([&](Node item) { items.add(hash_anything(item)); });
    return items.result();
  }
  return node.leaf();
}

template <class Node>
Projection hash_members(const Shape& shape, Node node) {
  ObjectHash object;
  node.each_member([&](std::string_view key, Node value) {
    const auto member = std::ranges::find(shape.members, key, &Shape::Member::name);
    if (member != shape.members.end()) object.add(member->name, hash(member->shape, value));
  });
  return object.result();
}

template <class Node>
Projection hash_keys(const Shape& shape, Node node) {
  ObjectHash object;
  node.each_member([&](std::string_view key, Node value) {
    if (!shape.accepts_key(key)) return;
    object.add(key, hash(shape.each.front(), value));
  });
  return object.result();
}

// An item of a list of which only some count: its fingerprint, and whether it is one of them.
// Both in one pass, because the member that tells may come last.
template <class Node>
std::pair<Projection, bool> hash_told(const Shape& shape, Node node) {
  const Shape& item = shape.each.front();
  ObjectHash object;
  bool kept = false;
  node.each_member([&](std::string_view key, Node value) {
    const auto member = std::ranges::find(item.members, key, &Shape::Member::name);
    if (member == item.members.end()) return;
    const Projection hashed = hash(member->shape, value);
    object.add(member->name, hashed);
    if (member->name != shape.told_by) return;
    kept = std::ranges::any_of(shape.kept, [&](std::string_view one) {
      return hashed == hash_text(one, kText) || (one == "true" && hashed == hash_word(1, kTruth));
    });
  });
  return {object.result(), kept};
}

template <class Node>
Projection hash_items(const Shape& shape, Node node) {
  ListHash items;
  node.each_item([&](Node item) {
    if (!shape.told_by) {
      items.add(hash(shape.each.front(), item));
    } else if (item.is_object()) {
      const auto [hashed, kept] = hash_told(shape, item);
      if (kept) items.add(hashed);
    }
  });
  return items.result();
}

template <class Node>
Projection hash_by_kind(const Shape& shape, Node node) {
  switch (shape.kind) {
    case Shape::Kind::Uncompared:
      return kAbsent;
    case Shape::Kind::Anything:
      return hash_anything(node);
    case Shape::Kind::Quantity:
      return node.is_scalar() ? hash_quantity(node.text()) : hash_anything(node);
    case Shape::Kind::Members:
      return node.is_object() ? hash_members(shape, node) : hash_anything(node);
    case Shape::Kind::Keys:
      return node.is_object() ? hash_keys(shape, node) : hash_anything(node);
    case Shape::Kind::Items:
      return node.is_array() ? hash_items(shape, node) : hash_anything(node);
  }
  return kAbsent;
}

template <class Node>
Projection hash(const Shape& shape, Node node) {
  const Projection hashed = hash_by_kind(shape, node);
  return hashed == shape.default_value ? kAbsent : hashed;
}

bool is_absent(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.is_null() || (value.is_structured() && value.empty());
}

// The path of the first member of `value` that `shape` leaves out; empty if there is none.
std::string uncovered(const Shape& shape, const Json& value) {
  if (is_absent(value)) return "";
  if (shape.kind == Shape::Kind::Members && value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      const auto member = std::ranges::find(shape.members, key, &Shape::Member::name);
      if (member == shape.members.end()) {
        if (!is_absent(inner)) return "." + key;
      } else if (const std::string path = uncovered(member->shape, inner); !path.empty()) {
        return std::string(".").append(key).append(path);
      }
    }
  } else if (shape.kind == Shape::Kind::Keys && value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      if (!shape.accepts_key(key)) return "[" + key + "]";
    }
  } else if (shape.kind == Shape::Kind::Items && value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string place = "[" + std::to_string(i) + "]";
      if (shape.told_by) {
        const Json& told = value[i].value(shape.told_by, Json());
        const std::string text = told.is_string() ? told.get<std::string>() : told.dump();
        if (std::ranges::find(shape.kept, text) == shape.kept.end()) return place;
      }
      const std::string path = uncovered(shape.each.front(), value[i]);
      if (!path.empty()) return place + path;
    }
  }
  return "";
}

}  // namespace

Projection fingerprint(const Shape& shape, const Json& value) {
  return hash_by_kind(shape, TreeNode{value});
}

Projection project(const Shape& shape, const Json& desired) {
  return hash(shape, TreeNode{desired});
}

Result<Projection> project(const Shape& shape, std::string_view live) {
  try {
    simdjson::ondemand::parser parser;
    const simdjson::padded_string padded(live);
    simdjson::ondemand::document document = parser.iterate(padded);
    const Projection hashed = hash(shape, LiveNode{document.get_value()});
    const char* rest = nullptr;
    if (!document.current_location().get(rest)) {
      return fail(Fault::Malformed, "not JSON: something follows the object");
    }
    return hashed;
  } catch (const simdjson::simdjson_error& error) {
    return fail(Fault::Malformed, std::string("not an object in JSON: ") + error.what());
  }
}

Result<> covers(const Shape& shape, const Json& desired) {
  const std::string path = uncovered(shape, desired);
  if (path.empty()) return {};
  return fail(Fault::Invalid, path + " is rendered but never compared");
}

}  // namespace slipway
