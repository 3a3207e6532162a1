// SPDX-License-Identifier: MIT
/// @file session.hpp
/// One execution of the benchmark: which layers, which variants, and the results as they come.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "machine.hpp"
#include "measure.hpp"

namespace swconv_bench {

/// Times that somebody measured elsewhere, and the FMA peak of that machine.
struct published_times {
  std::map<std::string, csv_row> rows;  ///< by layer
  double peak = 0;                      ///< FLOP/s; 0: none are known
};

class session {
 public:
  session(std::vector<layer> layers, std::vector<const variant_kind *> kinds, settings s,
          machine yardstick, published_times published);

  const std::vector<layer> &layers() const { return layers_; }
  const std::vector<const variant_kind *> &kinds() const { return kinds_; }
  const settings &how() const { return settings_; }
  const machine &yardstick() const { return machine_; }

  /// Do not measure variant `kind` on layer `index`.
  void leave_out(size_t index, size_t kind) { wanted_[index][kind] = false; }
  /// The measurement of variant `kind` on layer `index`; the first call of a layer measures it.
  const measurement &at(size_t index, size_t kind);
  /// It ran, was right, and has a time.
  bool timed(size_t index, size_t kind) {
    return measured(index) && at(index, kind).state == measurement::timed &&
           at(index, kind).min > 0;
  }
  bool measured(size_t index) const { return !results_[index].empty(); }

  /// Needed FLOPs of a convolution, elements looked at by pooling, per second.
  double flops(size_t index, size_t kind);
  /// Ideal time over measured time; 1 is the limit of the machine.
  double share(size_t index, size_t kind);
  /// A share above 103% shows that the yardstick is wrong, not that the code is good.
  bool implausible(size_t index, size_t kind) {
    return !kinds_[kind]->below_limit && share(index, kind) > 1.03;
  }
  /// Other programs had the core during part of even the fastest sample.
  bool disturbed(size_t index, size_t kind) { return at(index, kind).undisturbed < 0.97; }

  /// What a published time would be here, scaled by the FMA peaks; 0 if there is none.
  double published(size_t index, size_t kind) const;
  /// More than 10% slower here than published: this build of the peer is not at its best.
  bool handicapped(size_t index, size_t kind);
  /// The time that counts in comparisons: the faster of measured and, if handicapped, published.
  double counted(size_t index, size_t kind);

 private:
  std::vector<layer> layers_;
  std::vector<const variant_kind *> kinds_;
  settings settings_;
  machine machine_;
  published_times published_;
  std::vector<std::vector<bool>> wanted_;          ///< by layer and variant
  std::vector<std::vector<measurement>> results_;  ///< as above; empty: not measured yet
};

}  // namespace swconv_bench
