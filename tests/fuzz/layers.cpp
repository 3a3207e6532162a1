// SPDX-License-Identifier: MIT
// From bytes to layers. A new operator is a branch of run_input, a new attribute a line in a reader;
// append lines at the end, so that the kept corpus keeps its meaning.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "backend.hpp"
#include "check.hpp"
#include "coverage.hpp"
#include "input.hpp"

namespace swconv_test {
namespace {

struct {
  int64_t inputs, accepted, hostile, hostile_accepted, kernels_forced, calls, calls_accepted;
} counts;

/// What a layer costs the tests, about: arithmetic and the elements they fill and compare.
double cost_of(const conv_case &c) {
  return c.work() + 3 * double(src_shape(c).count() + dst_shape(c).count() + filter_shape(c).count());
}
double cost_of(const pool_case &c) {
  return c.work() + 3 * double(src_shape(c).count() + dst_shape(c).count());
}

/// Makes a layer smaller until it costs little; the axes that add least variety first.
template <class Case>
void shrink(Case &c, double most) {
  const auto halve = [&](int64_t Case::*field, int64_t least) {
    if (cost_of(c) > most && c.*field > least) c.*field = (c.*field + 1) / 2;
  };
  for (double before = 0, now = cost_of(c); now > most && now != before; before = now, now = cost_of(c)) {
    halve(&Case::n, 1);
    halve(&Case::h, 3);
    halve(&Case::kh, 2);
    halve(&Case::w, 40);
    for (int64_t Case::*pad : {&Case::pt, &Case::pb}) halve(pad, 1);
    if constexpr (std::is_same_v<Case, conv_case>)
      for (int64_t Case::*channels : {&Case::g, &Case::ic}) halve(channels, 2);
    else
      halve(&Case::c, 1);
    if (cost_of(c) != now) continue;
    halve(&Case::h, 1);
    halve(&Case::w, 3);
    halve(&Case::kw, 1);
    for (int64_t Case::*pad : {&Case::pt, &Case::pl, &Case::pb, &Case::pr}) halve(pad, 0);
    if constexpr (std::is_same_v<Case, conv_case>)
      for (int64_t Case::*channels : {&Case::g, &Case::ic, &Case::oc}) halve(channels, 1);
  }
}

template <class Case>
void read_window(byte_reader &in, Case &c) {
  c.dims = in.small(1, 2);
  c.n = in.small(0, 3);
  if (c.n == 0) c.n = in.small(0, 2);  // an empty batch now and then
  c.h = in.small(0, 40) + (in.byte() > 8);
  c.w = in.small(0, 126) + (in.byte() > 8);
  c.kh = in.small(1, 12);
  c.kw = in.small(1, 70);
  c.sh = in.small(1, 5);
  c.sw = in.small(1, 9);
  c.dh = in.small(1, 5);
  c.dw = in.small(1, 20);
  c.pt = in.small(0, 12);
  c.pl = in.small(0, 40);
  c.pb = in.small(0, 12);
  c.pr = in.small(0, 40);
  c.src_layout = in.byte() % 3;
  c.dst_layout = in.byte() % 3;
  c.seed = 1 + in.byte();
  if (in.byte() % 4 == 0) {  // what specialised kernels want
    c.kh = c.kw = 1 + c.kw % 7;
    c.sh = c.sw = 1 + c.sw % 2;
    c.dh = c.dw = 1 + (c.dw > 10);
  }
  if (c.dims == 1) {
    c.h = c.kh = c.sh = c.dh = 1;
    c.pt = c.pb = 0;
  }
}

/// A kernel by name, or the planner's choice. What is tried here is too small for the planner to take
/// tiles, so fast layers mostly ask for them.
const char *read_force(byte_reader &in, bool fast) {
  const auto &names = isas().front().kernels;
  const size_t choice = in.byte() % 128;
  if (fast) return choice % 8 == 7 ? "" : choice % 8 > 4 ? "fourier" : "winograd";
  return choice < names.size() ? names[choice].c_str() : "";
}

template <class Case>
void run_case(const Case &c, byte_reader &in, bool hostile) {
  if (hostile) {
    ++counts.hostile;
    const bool accepted = try_hostile(c, in);
    counts.hostile_accepted += accepted;
    counts.accepted += accepted;
    return;
  }
  scope s;
  bool fast = false;
  if constexpr (std::is_same_v<Case, conv_case>) fast = c.fast != 0;
  s.only = read_force(in, fast);
  if (s.only[0] != '\0') ++counts.kernels_forced;
  const int workers = static_cast<int>(in.byte() % 8);
  s.threads = {workers < 2 ? 1 : -workers};
  const int64_t before = runs_counted();
  const auto wrong = check(c, s);
  if (!wrong.empty()) finding(wrong);
  const bool nothing_to_compute = c.h > 0 && c.w > 0 && c.n * c.dst_h() * c.dst_w() == 0;
  counts.accepted += runs_counted() > before || nothing_to_compute;
}

}  // namespace

conv_case read_conv(byte_reader &in, double most) {
  conv_case c;
  read_window(in, c);
  switch (in.byte() % 4) {
    case 0:  // few channels
      c.ic = in.small(1, 8);
      c.oc = in.small(1, 8);
      break;
    case 1:  // many
      c.ic = in.small(1, 20);
      c.oc = in.small(1, 70);
      break;
    case 2:  // depthwise, with a multiplier
      c.g = in.small(1, 20);
      c.oc = in.small(1, 3);
      break;
    default:  // grouped
      c.g = in.small(1, 4);
      c.ic = in.small(1, 15);
      c.oc = in.small(1, 16);
  }
  const uint8_t with = in.byte();
  c.scale = with & 1;
  c.bias = with >> 1 & 1;
  c.residual = (with >> 2) % 3;
  c.act = in.byte() % (SWCONV_ACT_GELU_TANH + 1);
  c.filter_layout = in.byte() % 2;
  const uint8_t data = in.byte();
  c.data = data % 5;
  if (data >= 192) {  // held to its published error, which says nothing where src is infinite
    c.fast = 1;
    c.data = data % 3;
  }
  shrink(c, most);
  return c;
}

pool_case read_pool(byte_reader &in, double most) {
  pool_case c;
  read_window(in, c);
  c.kind = in.byte() % (SWCONV_POOL_AVG + 1);
  c.c = in.small(1, 5);
  const uint8_t with = in.byte();
  c.ceil_mode = with & 1;
  c.count_include_pad = with >> 1 & 1;
  if (const int64_t other = with >> 2 & 3) c.kind = SWCONV_POOL_AVG + other;
  c.data = in.byte() % 5;
  shrink(c, most);
  return c;
}

void finding(const std::string &what) {
  std::fprintf(stderr, "FINDING: %s\n", what.c_str());
  std::abort();
}

void run_input(const uint8_t *data, size_t size) {
  byte_reader in(data, size);
  ++counts.inputs;
  const uint8_t kind = in.byte();
  if (kind == 0xfd) {  // operators without a plan
    ++counts.calls;
    const bool accepted = try_call(in);
    counts.accepted += accepted;
    counts.calls_accepted += accepted;
    return;
  }
  const bool hostile = kind / 4 % 4 == 0;
  const double most = kind / 16 == 0 ? 30000 : 3000;  // some large ones
  if (kind % 4 == 0)
    run_case(read_pool(in, most), in, hostile);
  else
    run_case(read_conv(in, most), in, hostile);
}

std::string input_counts() {
  std::ostringstream text;
  text << counts.inputs << " inputs, " << counts.accepted << " accepted ("
       << (counts.inputs ? 100 * counts.accepted / counts.inputs : 0) << "%); "
       << counts.hostile << " hostile, " << counts.hostile_accepted << " of them accepted; "
       << counts.kernels_forced << " with a kernel named; " << counts.calls << " calls without a plan, "
       << counts.calls_accepted << " of them accepted\n"
       << coverage_table();
  return text.str();
}

}  // namespace swconv_test
