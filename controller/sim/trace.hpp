// What happened in a simulation, one line per step. Off unless asked for: a failing seed is run
// again with it.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "crds/base/time.hpp"

namespace slipway::sim {

class Trace {
 public:
  explicit Trace(bool on) : on_(on) {}

  bool on() const { return on_; }
  void set_time(Duration now) { now_ = now; }
  void add(const std::string& who, const std::string& what);
  // The last `count` lines.
  std::string tail(std::size_t count) const;

 private:
  bool on_;
  Duration now_{};
  std::deque<std::string> lines_;
};

// One replica's lines in it. The trace must outlive it.
class Voice {
 public:
  Voice(Trace& trace, std::string name) : trace_(&trace), name_(std::move(name)) {}

  bool on() const { return trace_->on(); }
  void add(const char* who, const std::string& what) const {
    if (trace_->on()) trace_->add(name_ + " " + who, what);
  }

 private:
  Trace* trace_;
  std::string name_;
};

}  // namespace slipway::sim
