// SPDX-License-Identifier: MIT
// Small shapes, all of them, with the protected page behind and in front of every tensor, and with
// every misalignment: tensors begin and end n elements off the page, n from 0 to a whole vector.
// Workspace and packed filter stand at the page, too.
#include "backend.hpp"
#include "generate.hpp"
#include "run_cases.hpp"
#include "settings.hpp"

namespace swconv_test {
namespace {

constexpr int64_t widest_vector = 16;

/// Every case at both pages and at every gap; the shorter forms take every n-th of that.
template <class Case>
void run_at_pages(const std::vector<Case> &cases, size_t every_quick, size_t every,
                  breadth kernels = breadth::families) {
  size_t first = 0;
  for (int64_t gap = 0; gap < widest_vector; ++gap)
    for (const auto page : {scope::in_front, scope::behind}) {
      // Another part of the cases at each place, so that all of them come up.
      const auto some = sample(cases, by_effort<size_t>(every_quick, every, 1), first++);
      scope s{kernels, {1}};
      s.gap = gap;
      s.page = page;
      run_cases(some, s);
    }
}

/// Around and below one vector, and just beyond two.
const std::vector<int64_t> widths = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 35};

TEST(Pages, Convolutions) {
  auto cases = product<conv_case>(conv_case(), {{&conv_case::w, widths},
                                                {&conv_case::kw, {1, 2, 3, 5, 9}},
                                                {&conv_case::sw, {1, 2, 3}},
                                                {&conv_case::pl, {0, 2}},
                                                {&conv_case::h, {1, 2, 3}},
                                                {&conv_case::kh, {1, 2}},
                                                {&conv_case::g, {1, 3}},
                                                {&conv_case::ic, {1, 2}},
                                                {&conv_case::oc, {1, 3, 17}}});
  for (size_t i = 0; i < cases.size(); ++i) {
    auto &c = cases[i];
    c.pr = c.pl / 2;
    c.pt = c.pb = static_cast<int64_t>(i / 2 % 2);
    c.bias = c.scale = static_cast<int64_t>(i / 3 % 2);
    c.residual = i % 5 == 0 ? own_residual : no_residual;
    c.data = random_data;
    c.fast = i % 7 == 6;
    c.seed = static_cast<int64_t>(i) + 1;
  }
  run_at_pages(cases, 997, 61);
}

/// Layers of one output channel, which have kernels of their own for small square filters, with all that
/// is done on the way to dst, and rows apart.
TEST(Pages, SquareFilters) {
  auto cases = product<conv_case>(conv_case(), {{&conv_case::w, widths},
                                                {&conv_case::kw, {2, 3, 4, 5, 7}},
                                                {&conv_case::sw, {1, 2}},
                                                {&conv_case::pl, {0, 1, 3}},
                                                {&conv_case::h, {1, 2, 3, 5, 9, 33}},
                                                {&conv_case::g, {1, 3}},
                                                {&conv_case::ic, {1, 2}}});
  for (size_t i = 0; i < cases.size(); ++i) {
    auto &c = cases[i];
    const auto every = [i](size_t n) { return static_cast<int64_t>(i / n); };
    c.kh = c.kw;
    c.sh = c.sw;
    c.pr = every(3) % 3 == 0 ? 0 : c.pl;
    c.pt = c.pb = every(2) % 4;
    if (i % 6 == 5) c.dh = c.sw + every(6) % 2;
    c.bias = every(3) % 2;
    c.scale = i % 7 == 3;
    c.residual = i % 5 == 0 ? own_residual : i % 5 == 1 ? residual_is_dst : no_residual;
    c.act = i % 4 == 0 ? int64_t{SWCONV_ACT_RELU} : i % 4 == 1 ? every(4) % 11 : 0;
    c.src_layout = i % 3 == 0 ? gaps : dense;
    c.dst_layout = i % 3 == 1 ? gaps : dense;
    c.data = random_data;
    c.seed = static_cast<int64_t>(i) + 1;
  }
  run_at_pages(cases, 499, 31, breadth::kernels);
}

/// Signals of one channel.
TEST(Pages, Signals) {
  auto cases = product<conv_case>(conv_case(), {{&conv_case::w, {7, 16, 33, 70, 131, 200, 300}},
                                                {&conv_case::kw, {2, 3, 5, 7, 8, 13, 33}},
                                                {&conv_case::dw, {1, 2, 5, 16}},
                                                {&conv_case::pl, {0, 1, 6}},
                                                {&conv_case::ic, {1, 2}}});
  for (size_t i = 0; i < cases.size(); ++i) {
    auto &c = cases[i];
    c.dims = 1;
    c.pr = i % 3 == 0 ? 0 : c.pl;
    c.bias = static_cast<int64_t>(i / 2 % 2);
    c.act = i % 4 == 0 ? SWCONV_ACT_RELU : SWCONV_ACT_NONE;
    c.data = random_data;
    c.seed = static_cast<int64_t>(i) + 1;
  }
  run_at_pages(cases, 499, 31, breadth::kernels);
}

TEST(Pages, Pools) {
  auto cases = product<pool_case>(pool_case(), {{&pool_case::kind, {SWCONV_POOL_MAX, SWCONV_POOL_AVG, SWCONV_POOL_MIN,
                                                                   SWCONV_POOL_L1, SWCONV_POOL_L2}},
                                                {&pool_case::w, widths},
                                                {&pool_case::kw, {1, 2, 3, 5, 17}},
                                                {&pool_case::sw, {1, 2, 3}},
                                                {&pool_case::pl, {0, 1}},
                                                {&pool_case::h, {1, 2, 5}},
                                                {&pool_case::kh, {1, 2, 3}},
                                                {&pool_case::sh, {1, 2}},
                                                {&pool_case::c, {1, 2}}});
  for (size_t i = 0; i < cases.size(); ++i) {
    auto &c = cases[i];
    c.pr = c.pt = c.pl;
    c.ceil_mode = static_cast<int64_t>(i / 2 % 2);
    c.data = random_data;
    c.seed = static_cast<int64_t>(i) + 1;
  }
  run_at_pages(cases, 499, 29);
}

}  // namespace
}  // namespace swconv_test
