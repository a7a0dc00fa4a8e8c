// What one call of `Executor::execute` knows and collects. Private to the executor's files.
#pragma once

#include <optional>

#include "controller/runtime/executor.hpp"

namespace slipway {

struct Executor::Pass {
  const Key& key;
  Ptr<InferenceService> owner;  // as it was when the plan was begun; null for other kinds
  const Plan& plan;
  Moment now;
  Memories& memories;
  Outcome& outcome;
  bool owner_gone = false;

  enum class Need { Nothing, Send, Wait };
  // Whether `apply` would change anything that was not tried before.
  Need need(const Apply& apply, const ObjectRef& ref, const std::optional<Live>& live) const;
  Need need_scale(const Apply& apply, const ObjectRef& ref, const std::optional<Live>& live) const;
};

}  // namespace slipway
