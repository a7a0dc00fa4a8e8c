// How a store keeps one view. A service's objects are held by the ten thousand and read one at a
// time: packed, a view takes a fraction of the memory, and a microsecond to be made again. Runtimes
// and nodes are few, and many decisions read all of them: those are kept as they are.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "crds/types/packed.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway {

template <class View>
concept Projected = requires(View view) { view.projection; };

template <class View>
inline constexpr bool kIsFew =
    std::is_same_v<View, ServingRuntime> || std::is_same_v<View, ClusterServingRuntime> ||
    std::is_same_v<View, k8s::NodeView>;

template <class View>
class Kept {
 public:
  using Name = std::pair<std::string_view, std::string_view>;  // namespace, name

  Kept(const Ptr<View>& view, Projection projection) : projection_(projection) {
    Packer packer;
    packer.put(std::string_view(view->metadata.namespace_));
    packer.put(std::string_view(view->metadata.name));
    packer.put(*view);
    bytes_ = std::move(packer).take();
  }

  Ptr<View> view() const {
    auto view = std::make_shared<View>();
    Unpacker unpacker(bytes_);
    unpacker.text(), unpacker.text();
    unpacker.get(*view);
    if constexpr (Projected<View>) view->projection = projection_;
    return view;
  }
  // Valid as long as this is.
  Name name() const {
    Unpacker unpacker(bytes_);
    const std::string_view ns = unpacker.text();
    return {ns, unpacker.text()};
  }
  Projection projection() const { return projection_; }

 private:
  std::string bytes_;  // namespace and name first, to be found by; then the view
  Projection projection_;
};

template <class View>
  requires kIsFew<View>
class Kept<View> {
 public:
  using Name = std::pair<std::string_view, std::string_view>;

  Kept(Ptr<View> view, Projection projection) : view_(std::move(view)), projection_(projection) {}

  const Ptr<View>& view() const { return view_; }
  Name name() const { return {view_->metadata.namespace_, view_->metadata.name}; }
  Projection projection() const { return projection_; }

 private:
  Ptr<View> view_;
  Projection projection_;
};

}  // namespace slipway
