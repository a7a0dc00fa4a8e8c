// The command line of slipway-controller.
#pragma once

#include <optional>
#include <string>

namespace slipway {

struct Flags {
  std::string kubeconfig;
  std::string agent_image;
  std::string metrics_address = "0.0.0.0:8081";
  std::string transport = "beast";
  std::string log_format = "json";
  std::string ns = "slipway-system";
  std::string lease = "slipway-controller";
  bool leader_elect = true;
  int workers = 4;
  int audit_period = 600;  // seconds
};

// Fills `flags`; a value is the exit status of a program that has said what there was to say (help,
// or what is wrong with the line).
std::optional<int> read_flags(int argc, char** argv, Flags& flags);

}  // namespace slipway
