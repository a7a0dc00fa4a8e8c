// Which members of an object count for its projection, as a tree that is written down once per
// kind (shapes.cpp). Immutable after construction, so any thread may read it. Internal to this
// folder: everybody else goes through projection.hpp.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "crds/base/json.hpp"
#include "crds/types/k8s/projection.hpp"

namespace slipway {

class Shape {
 public:
  enum class Kind {
    Uncompared,  // we render it, but it says nothing: names, or what is looked at apart
    Anything,    // every member below counts
    Quantity,    // by value: "1024Mi" is "1Gi"
    Members,     // an object: the named members count
    Keys,        // an object: members count whose key is accepted
    Items,       // a list, in order
  };
  struct Member;

  Kind kind = Kind::Anything;
  std::vector<Member> members;                          // Members
  std::vector<Shape> each;                              // Keys, Items: one shape for every element
  bool (*accepts_key)(std::string_view key) = nullptr;  // Keys
  // Items: only those count whose member `told_by` has one of the values `kept`; others put by
  // admission or by people beside ours are none of our business. nullptr: all count.
  const char* told_by = nullptr;
  std::vector<std::string_view> kept;
  // What the server fills in when the member is absent, so both mean the same. All zero: nothing.
  Projection default_value;
};

struct Shape::Member {
  std::string_view name;
  Shape shape;
};

// The fingerprint of `value` under `shape`; all zero if it counts as absent.
Projection fingerprint(const Shape& shape, const Json& value);

}  // namespace slipway
