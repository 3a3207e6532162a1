// SPDX-License-Identifier: MIT
/// @file report.hpp
/// What people read (one row per layer) and what programs read (Google Benchmark's JSON).
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <map>
#include <string>

#include "session.hpp"
#include "targets.hpp"

namespace swconv_bench {

/// Registers one benchmark per layer and variant that applies, named `layer/variant`.
class registry {
 public:
  /// `pattern`: the value of --benchmark_filter; what it leaves out is not measured.
  registry(session &s, const std::string &pattern);
  size_t size() const { return places_.size(); }
  struct place {
    size_t layer, kind;
  };
  /// Where a reported name belongs, or null.
  const place *find(const std::string &name) const;

 private:
  std::map<std::string, place> places_;
};

/// The table, row by row as layers are done.
class table_reporter : public benchmark::BenchmarkReporter {
 public:
  table_reporter(session &s, const registry &r) : session_(s), registry_(r) {}
  bool ReportContext(const Context &) override;
  void ReportRuns(const std::vector<Run> &) override;
  void Finalize() override;

 private:
  void print_row(size_t index);
  void print_progress(size_t index);

  session &session_;
  const registry &registry_;
  size_t last_ = size_t(-1);
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Google Benchmark's JSON, with names as they were registered and without variants that turned
/// out not to apply.
class json_reporter : public benchmark::JSONReporter {
 public:
  void ReportRuns(const std::vector<Run> &) override;
};

/// Per class: how near the limit and `targets`, how much faster than each other variant; then
/// whatever deserves a second look. Returns how many results were wrong or, if `strict`, otherwise
/// not to be trusted.
int print_summary(session &s, const std::vector<target> &targets, bool strict);

}  // namespace swconv_bench
