// SPDX-License-Identifier: MIT
// What a user may say: provider options, all with defaults.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ort.hpp"

namespace swconv_ort {

struct options {
  int threads = 0;       // 0: as many as the session's intra-op pool has
  bool fast = false;     // math=fast
  int64_t min_macs = 0;  // convolutions known to be smaller stay with the CPU provider
  int plan_cache = 16;   // plans kept per node, one per shape
  int verbose = 0;       // 1: what was claimed and why not; 2: plans, too
  std::string report;    // a file that gets a line per node when the session ends
  std::vector<std::string> operators;  // empty: all

  bool serves(const std::string &op) const;
};

// Reads the session's configuration entries `ep.<provider>.<option>`. Unknown options and values
// that make no sense are refused by name.
options read_options(const ort_apis &apis, const OrtSessionOptions &session, const char *provider);

}  // namespace swconv_ort
