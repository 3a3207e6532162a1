// SPDX-License-Identifier: MIT
// The end of the table: classes in one line each, then what deserves a second look.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "report.hpp"

namespace swconv_bench {
namespace {

/// Geometric mean, lowest and highest of what is added.
struct spread {
  double log_sum = 0, lowest = INFINITY, highest = 0;
  int count = 0;
  void add(double x) {
    log_sum += std::log(x), ++count;
    lowest = std::min(lowest, x), highest = std::max(highest, x);
  }
  double mean() const { return std::exp(log_sum / count); }
};

bool ours(const variant_kind *kind) { return std::string(kind->name).rfind("swconv", 0) == 0; }

/// The fastest of all variants that are not this library's; 0 if there is none.
double best_peer(session &s, size_t index) {
  double best = INFINITY;
  for (size_t k = 1; k < s.kinds().size(); ++k)
    if (s.timed(index, k) && !ours(s.kinds()[k])) best = std::min(best, s.counted(index, k));
  return std::isfinite(best) ? best : 0;
}

void print_class(session &s, const std::string &category, const char *title) {
  spread share, peers;
  std::vector<spread> ratios(s.kinds().size());
  for (size_t i = 0; i < s.layers().size(); ++i) {
    if (!category.empty() && s.layers()[i].category != category) continue;
    if (!s.timed(i, 0)) continue;
    const double base = s.at(i, 0).min;
    share.add(s.share(i, 0));
    for (size_t k = 1; k < s.kinds().size(); ++k)
      if (s.timed(i, k)) ratios[k].add(s.counted(i, k) / base);
    if (const double best = best_peer(s, i); best > 0) peers.add(best / base);
  }
  if (share.count == 0) return;
  std::printf("%-12s %6d %6.0f%% %6.0f%%", title, share.count, 100 * share.mean(),
              100 * share.lowest);
  if (peers.count)
    std::printf(" %9.2f %6.2f", peers.mean(), peers.lowest);
  else
    std::printf(" %9s %6s", "-", "-");
  for (size_t k = 1; k < s.kinds().size(); ++k)
    if (ratios[k].count)
      std::printf(" %13.2f", ratios[k].mean());
    else
      std::printf(" %13s", "-");
  std::printf("\n");
}

/// Layers on which the first variant loses to `rival`: by more than 5% where everybody is near the
/// limit of the machine, at all elsewhere.
void print_losses(session &s, const std::string &rival) {
  for (size_t k = 1; k < s.kinds().size(); ++k) {
    if (rival != s.kinds()[k]->name) continue;
    int count = 0;
    for (size_t i = 0; i < s.layers().size(); ++i) {
      if (!s.timed(i, 0) || !s.timed(i, k)) continue;
      const std::string &c = s.layers()[i].category;
      const double margin = c == "dense" || c == "narrow" || c == "pointwise" ? 1.05 : 1.0;
      const double quotient = s.at(i, k).min / s.at(i, 0).min;
      if (quotient * margin >= 1) continue;
      std::printf("%s %s (%.2f)", count++ ? "," : ("slower than " + rival + ":").c_str(),
                  s.layers()[i].name.c_str(), quotient);
    }
    std::printf(count ? "\n" : "no layer is slower than %s\n", rival.c_str());
  }
}

}  // namespace

int print_summary(session &s, const std::vector<target> &targets, bool strict) {
  const char *base = s.kinds().empty() ? "" : s.kinds()[0]->name;
  std::vector<std::string> categories;
  size_t timed_layers = 0;
  for (size_t i = 0; i < s.layers().size(); ++i) {
    const auto &c = s.layers()[i].category;
    if (std::find(categories.begin(), categories.end(), c) == categories.end())
      categories.push_back(c);
    timed_layers += s.timed(i, 0);
  }
  if (timed_layers > 0) {
    std::printf(
        "\nBy class. limit: share of what the machine can do, geometric mean and lowest. The "
        "rest: time of the other over time of %s, geometric means;\nbest peer also at its "
        "lowest: below 1 a peer is faster.\n%-12s %6s %7s %7s %9s %6s",
        base, "class", "layers", "limit", "lowest", "best peer", "lowest");
    for (size_t k = 1; k < s.kinds().size(); ++k) std::printf(" %13.13s", s.kinds()[k]->name);
    std::printf("\n");
    for (const auto &c : categories) print_class(s, c, c.c_str());
    print_class(s, "", "all");
    std::printf("\n");
    print_losses(s, "im2col_segmented");
    print_targets(s, targets);
  }

  int wrong = 0, implausible = 0, disturbed = 0, handicapped = 0, slow_packing = 0;
  for (size_t i = 0; i < s.layers().size(); ++i)
    for (size_t k = 0; k < s.kinds().size() && s.measured(i); ++k) {
      wrong += s.at(i, k).state == measurement::failed;
      if (!s.timed(i, k)) continue;
      implausible += s.implausible(i, k);
      disturbed += s.disturbed(i, k);
      handicapped += s.handicapped(i, k);
      slow_packing += k == 0 && s.at(i, k).pack > 3 * s.at(i, k).min;
    }
  if (handicapped)
    std::printf(
        "*  %d: a peer more than 10%% slower than its published time, scaled by FMA peak; the "
        "published time counts\n",
        handicapped);
  if (implausible)
    std::printf("!  %d: more than 103%% of the limit: the yardstick is wrong\n", implausible);
  if (disturbed)
    std::printf("~  %d: others had a part of the core even during the fastest sample\n", disturbed);
  if (slow_packing) std::printf("   %d layers take more than 3 runs to pack\n", slow_packing);
  std::printf("%d results wrong or failed\n", wrong);
  const bool sound = s.how().verify_only || s.yardstick().peak_of(s.how().isa).sound();
  if (!sound) std::printf("the FMA peak is not sound: close other programs and run again\n");
  return wrong + (strict ? implausible + !sound : 0);
}

}  // namespace swconv_bench
