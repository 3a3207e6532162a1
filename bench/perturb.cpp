// SPDX-License-Identifier: MIT
#include "perturb.hpp"

#include <algorithm>
#include <cstdio>

namespace swconv_bench {
namespace {

constexpr double fewest_taps = 1e5, allowed_drop = 0.10;

class family {
 public:
  explicit family(const layer &parent) : parent_(parent) {}

  template <class Change>
  void add(const std::string &how, Change change) {
    layer l = parent_;
    l.parent = parent_.name;
    l.name += "~" + how;
    change(l);
    if (l.ic < 1 || l.oc < 1 || l.groups < 1 || l.h < 1 || l.w < 1) return;
    if (l.oh() < 1 || l.ow() < 1) return;
    members.push_back(l);
  }

  std::vector<layer> members;

 private:
  const layer &parent_;
};

std::vector<layer> neighbours_of(const layer &parent) {
  family f(parent);
  const bool one_row = parent.h == 1 && parent.kh == 1;
  const bool depthwise = parent.groups > 1 && parent.ic_per_group() == 1;
  for (const int by : {-3, -2, -1, 1, 2, 3}) {
    const std::string much = (by > 0 ? "+" : "") + std::to_string(by);
    f.add("w" + much, [&](layer &l) { l.w += by; });
    if (!one_row) f.add("h" + much, [&](layer &l) { l.h += by; });
    if (depthwise) {
      f.add("c" + much, [&](layer &l) {
        l.oc = (l.groups + by) * l.oc_per_group();
        l.ic = l.groups += by;
      });
    } else {
      f.add("ic" + much, [&](layer &l) { l.ic += by * l.groups; });
      f.add("oc" + much, [&](layer &l) { l.oc += by * l.groups; });
    }
  }
  if ((parent.kh > 1 || parent.kw > 1) && !parent.dilated())
    f.add("d2", [](layer &l) {
      if (l.kh > 1) l.dh = 2, l.pt *= 2, l.pb *= 2;
      if (l.kw > 1) l.dw = 2, l.pl *= 2, l.pr *= 2;
    });
  if (parent.padded()) {
    f.add("top-left", [](layer &l) { l.pt += l.pb, l.pl += l.pr, l.pb = l.pr = 0; });
    f.add("bottom-right", [](layer &l) { l.pb += l.pt, l.pr += l.pl, l.pt = l.pl = 0; });
  } else if (parent.kw > 1) {
    f.add("left", [](layer &l) { l.pl = 1; });
    f.add("right", [](layer &l) { l.pr = 1; });
  }
  return f.members;
}

}  // namespace

std::vector<layer> with_neighbours(const std::vector<layer> &layers) {
  std::vector<layer> all;
  for (const auto &parent : layers) {
    if (parent.pool() || parent.needed_taps() < fewest_taps) continue;
    all.push_back(parent);
    for (auto &l : neighbours_of(parent)) all.push_back(l);
  }
  return all;
}

int print_perturbed(session &s) {
  struct change {
    double drop;
    std::string name;
  };
  std::printf("\n%-26s %-11s %6s %10s  %s\n", "layer", "class", "limit", "neighbours",
              "more than ten points below");
  int wrong = 0;
  size_t parents = 0, steady = 0, all = 0, below = 0;
  const auto share_of = [&](size_t i) {
    const auto &m = s.at(i, 0);
    wrong += m.state == measurement::failed;
    return m.state == measurement::timed && m.min > 0 ? s.share(i, 0) : 0;
  };
  for (size_t i = 0; i < s.layers().size();) {
    const size_t parent = i++;
    const double share = share_of(parent);
    double lowest = 1e9;
    std::vector<change> drops;
    for (; i < s.layers().size() && !s.layers()[i].parent.empty(); ++i) {
      const double now = share_of(i);
      if (now == 0) continue;
      ++all, lowest = std::min(lowest, now);
      if (share - now > allowed_drop)
        drops.push_back(
            {share - now, s.layers()[i].name.substr(s.layers()[parent].name.size() + 1)});
    }
    std::sort(drops.begin(), drops.end(), [](auto &a, auto &b) { return a.drop > b.drop; });
    ++parents, steady += drops.empty(), below += drops.size();
    std::printf("%-26s %-11s %5.0f%% %9.0f%% ", s.layers()[parent].name.c_str(),
                s.layers()[parent].category.c_str(), 100 * share, 100 * lowest);
    for (const auto &d : drops) std::printf(" %s (-%.0f)", d.name.c_str(), 100 * d.drop);
    std::printf("\n");
  }
  std::printf(
      "%zu of %zu layers have no neighbour more than ten points below them; %zu of %zu "
      "neighbours are\n%d results wrong or failed\n",
      steady, parents, below, all, wrong);
  return wrong;
}

}  // namespace swconv_bench
