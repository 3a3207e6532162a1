// SPDX-License-Identifier: MIT
#include "targets.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace swconv_bench {
namespace {

bool is_ours(const variant_kind &kind) { return std::string(kind.name).rfind("swconv", 0) == 0; }
bool is_opencv(const variant_kind &kind) { return std::string(kind.name) == "opencv"; }

/// Time of the fastest peer over ours; 0 if there is none.
double over_best_peer(session &s, size_t index, bool with_opencv) {
  double best = INFINITY;
  for (size_t k = 1; k < s.kinds().size(); ++k) {
    const auto &kind = *s.kinds()[k];
    if (is_ours(kind) || (is_opencv(kind) && !with_opencv)) continue;
    if (s.timed(index, k)) best = std::min(best, s.counted(index, k));
  }
  return std::isfinite(best) ? best / s.at(index, 0).min : 0;
}

void print_geomean(session &s, bool with_opencv, double wanted) {
  double logs = 0;
  int count = 0;
  for (size_t i = 0; i < s.layers().size(); ++i) {
    if (s.layers()[i].pool() || !s.timed(i, 0)) continue;
    if (const double r = over_best_peer(s, i, with_opencv); r > 0) logs += std::log(r), ++count;
  }
  if (count)
    std::printf("convolutions: %.2f times as fast as the fastest peer %s OpenCV (target %.1f)\n",
                std::exp(logs / count), with_opencv ? "with" : "without", wanted);
}

}  // namespace

std::vector<target> read_targets(const std::string &path) {
  std::vector<target> targets;
  if (path.empty() || path == "none") return targets;
  for (const auto &row : read_csv(path)) {
    const std::string &stride = row.at("stride");
    targets.push_back({row.at("class"), stride.empty() ? 0 : std::stoll(stride),
                       std::stod(row.at("geomean")) / 100, std::stod(row.at("lowest")) / 100});
  }
  return targets;
}

double bar(session &s, size_t index, const target &t) {
  const layer &l = s.layers()[index];
  const double part = t.category == "depthwise" && l.ow() % 16 != 0 ? 0.88 : 0.95;
  const double ratio = over_best_peer(s, index, false);
  return ratio > 0 ? std::max(t.lowest, part * s.share(index, 0) / ratio) : t.lowest;
}

void print_targets(session &s, const std::vector<target> &targets) {
  bool any = false;
  for (const auto &t : targets) {
    double logs = 0, lowest = INFINITY;
    int count = 0;
    std::string missed;
    for (size_t i = 0; i < s.layers().size(); ++i) {
      if (!t.applies(s.layers()[i]) || !s.timed(i, 0)) continue;
      const double share = s.share(i, 0), least = bar(s, i, t);
      logs += std::log(share), ++count, lowest = std::min(lowest, share);
      if (share >= least) continue;
      char text[120];
      std::snprintf(text, sizeof text, " %s (%.0f of %.0f)", s.layers()[i].name.c_str(),
                    100 * share, 100 * least);
      missed += text;
    }
    if (count == 0) continue;
    if (!any)
      std::printf(
          "\nTargets, share of the limit in per cent: geometric mean and lowest, reached of "
          "wanted; layers below their\nbar, the floor of their class or 95%% of the fastest "
          "peer.\n%-14s %6s %13s %13s  %s\n",
          "class", "layers", "mean", "lowest", "below");
    any = true;
    const std::string title = t.category + (t.stride ? " / " + std::to_string(t.stride) : "");
    std::printf("%-14s %6d %6.0f of %3.0f %6.0f of %3.0f %s\n", title.c_str(), count,
                100 * std::exp(logs / count), 100 * t.geomean, 100 * lowest, 100 * t.lowest,
                missed.empty() ? " none" : missed.c_str());
  }
  if (!any) return;
  print_geomean(s, false, 2.0);
  print_geomean(s, true, 1.5);
}

}  // namespace swconv_bench
