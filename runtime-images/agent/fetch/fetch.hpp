// The verb `fetch`: a model from its source to /models/model.gguf, verified before anything opens
// it. Blocking, one thread.
#pragma once

#include <string>

#include "runtime-images/agent/fetch/download.hpp"
#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

struct FetchOptions {
  std::string uri;
  std::string digest;  // "sha256:<hex>"; empty: the URI's fragment, or unverified
  std::string to = "/models";
  std::string install;     // folder that gets a copy of the agent; empty: none
  std::string source_dir;  // where the claim of a pvc:// URI is mounted
  std::string token_dir;   // mounted secret
  std::string format = "gguf";
  DownloadOptions download;
};

// The report of a success, or why there is none. `TO/model.gguf` and the manifest exist exactly on
// success.
Outcome<AgentReport> fetch(const FetchOptions& options, const Print& print);

}  // namespace slipway::agent
