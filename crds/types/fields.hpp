// How a type describes itself: `static void fields(Visitor&& field)` calls
// `field("jsonName", &T::member, attributes...)` once per member, in the order of the document.
// Decoding, encoding, the CRD schema and the reference page are visitors over it. An attribute is
// a literal; a plain string is the member's description. Decoding never looks at descriptions and
// limits, so they cost it nothing. Readers of other APIs' objects (crds/types/k8s) need none.
#pragma once

#include <cstdint>
#include <type_traits>

namespace slipway {

// A validation rule in CEL on the member it is given to, or on the whole type (`rules()`).
struct Rule {
  const char* rule;
  const char* message;
  const char* field_path = nullptr;          // of the complaint, relative to the rule's place
  const char* message_expression = nullptr;  // wins over `message` where it can be evaluated
  bool forbidden = false;                    // complain "Forbidden" and not "Invalid value"
};

namespace attr {

struct Required {};
struct AlwaysEncode {};  // written even when empty, zero or false
struct OmitZero {};      // a number that is left out when it is 0
struct IntOrString {};   // a string, or a whole number: a string here either way
struct SetList {};       // no two elements are equal
struct Minimum {
  double value;
};
struct Maximum {
  double value;
};
struct MinLength {
  std::int64_t value;
};
struct MaxLength {
  std::int64_t value;
};
struct MinItems {
  std::int64_t value;
};
struct MaxItems {
  std::int64_t value;
};
struct MaxProperties {
  std::int64_t value;
};
struct Pattern {
  const char* value;
};
struct Format {
  const char* value;
};
// The allowed values, separated by '|': "True|False|Unknown".
struct Enum {
  const char* values;
};
// The same, for the elements of a list of strings.
struct ItemEnum {
  const char* values;
};
struct ItemPattern {
  const char* value;
};
struct ItemMaxLength {
  std::int64_t value;
};
// Elements of the list are told apart by this member (up to two).
struct MapKey {
  const char* first;
  const char* second = nullptr;
};
// A rule on every element of a list, or on every value of a map.
struct ItemRule {
  Rule rule;
};
// Part of the API that this version does not serve: refused when written.
struct NotAvailable {};
// Cannot be changed once the object exists.
struct Immutable {};

template <class Attribute, class... Attributes>
inline constexpr bool kHas = (std::is_same_v<Attribute, std::decay_t<Attributes>> || ...);

}  // namespace attr

template <class T>
concept Described = requires { T::fields([](auto&&...) {}); };

// The group that all of Slipway's kinds belong to.
inline constexpr const char* kGroup = "serving.slipway.dev";
inline constexpr const char* kVersion = "v1alpha1";
inline constexpr const char* kApiVersion = "serving.slipway.dev/v1alpha1";

}  // namespace slipway
