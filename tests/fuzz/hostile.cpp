// SPDX-License-Identifier: MIT
// Parameters and run arguments that lie. The oracle is a model in 128 bits: what is accepted must
// fit in 63 bits and have the right extents, what is refused as too large must be large.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "backend.hpp"
#include "coverage.hpp"
#include "input.hpp"
#include "memory.hpp"
#include "reference.hpp"
#include "thread_sources.hpp"

namespace swconv_test {
namespace {

using wide = __int128;

const char *name_of(swconv_status status) { return swconv_status_name(status); }

/// A struct in a caller's memory: as large as any size the library believes, zeros behind it.
template <class T>
struct roomy {
  alignas(T) unsigned char bytes[8192] = {};
  explicit roomy(const T &value) { std::memcpy(bytes, &value, sizeof value); }
  T *get() { return reinterpret_cast<T *>(bytes); }
};

/// Overwrites the field of a struct that holds the word at `offset`.
template <class Int>
void spoil(unsigned char *bytes, size_t offset, byte_reader &in) {
  Int value;
  offset -= offset % sizeof value;
  std::memcpy(&value, bytes + offset, sizeof value);
  value = static_cast<Int>(read_hostile(in, static_cast<int64_t>(value)));
  std::memcpy(bytes + offset, &value, sizeof value);
}

/// int64_t fields of the params structs begin at `batch`; a convolution's pointer is left alone.
void spoil_word(swconv_conv_params *p, size_t at, byte_reader &in) {
  auto *bytes = reinterpret_cast<unsigned char *>(p);
  using T = swconv_conv_params;
  if (at >= offsetof(T, epilogue) && at < offsetof(T, epilogue_count)) {
    p->epilogue = nullptr;
  } else if ((at >= offsetof(T, batch) && at < offsetof(T, epilogue)) || at >= offsetof(T, reserved)) {
    spoil<int64_t>(bytes, at, in);
  } else {
    spoil<uint32_t>(bytes, at, in);
  }
}
void spoil_word(swconv_pool_params *p, size_t at, byte_reader &in) {
  auto *bytes = reinterpret_cast<unsigned char *>(p);
  if (at >= offsetof(swconv_pool_params, batch))
    spoil<int64_t>(bytes, at, in);
  else
    spoil<uint32_t>(bytes, at, in);
}

/// What the model says of an accepted or refused layer.
struct model {
  wide out[3] = {0, 0, 0};
  wide largest = 0;        ///< of all sizes in bytes and all positions
  wide filter_bytes = 0;
  wide src_span = 0, dst_span = 0, filter_span = 0, residual_span = 0;  ///< elements
  double work = 0;         ///< multiply-adds
  bool honest = true;      ///< all extents are such that the model means something

  wide note(wide v) {
    // Products of three 64-bit values would not fit; what is that large is large enough.
    constexpr wide limit = wide{1} << 120;
    if (v > limit || v < -limit) v = limit;
    if (v > largest) largest = v;
    return v;
  }
  wide times(wide a, wide b) {
    if (a == 0 || b == 0) return 0;
    const double size = std::fabs(double(a)) * std::fabs(double(b));
    return size > 0x1p118 ? note(wide{1} << 119) : note(a * b);
  }
  wide span(const int64_t (&given)[5], const wide (&size)[5]) {
    wide stride[5];
    const bool dense = std::all_of(given, given + 5, [](int64_t s) { return s == 0; });
    stride[4] = dense ? 1 : given[4];
    for (int i = 3; i >= 0; --i)
      stride[i] = dense ? times(stride[i + 1], size[i + 1] > 0 ? size[i + 1] : 1) : given[i];
    wide last = 0;
    bool empty = false;
    for (int i = 0; i < 5; ++i) {
      empty = empty || size[i] <= 0;
      if (size[i] > 1) last = note(last + times(size[i] - 1, stride[i]));
    }
    note((last + 1) * 4);
    return empty ? 0 : last + 1;
  }
  template <class Params>
  void extents(const Params &p, const int64_t (&taps)[3], bool ceil_mode) {
    for (int i = 0; i < 3; ++i) {
      if (p.src_size[i] < 1 || taps[i] < 1 || p.stride[i] < 1 || p.dilation[i] < 1 ||
          p.pad_begin[i] < 0 || p.pad_end[i] < 0) {
        honest = false;
        return;
      }
      const wide padded = note(wide{p.src_size[i]} + p.pad_begin[i] + p.pad_end[i]);
      const wide room = padded - times(p.dilation[i], taps[i] - 1) - 1;
      note(times(p.dilation[i], taps[i] - 1) + 1);
      if (room >= 0) out[i] = room / p.stride[i] + 1;
      if (ceil_mode && room > -wide{p.stride[i]}) {
        out[i] = room <= 0 ? 1 : (room - 1) / p.stride[i] + 2;
        // The last window is dropped if it starts behind src; only that one.
        if ((out[i] - 1) * p.stride[i] >= wide{p.src_size[i]} + p.pad_begin[i]) --out[i];
      }
      note(times(out[i], p.stride[i]));
    }
  }
};

model model_of(const swconv_conv_params &p) {
  model m;
  m.extents(p, p.filter_size, false);
  if (p.groups < 1 || p.in_channels < 1 || p.out_channels < 1 || p.batch < 0) m.honest = false;
  if (!m.honest) return m;
  const wide inner = p.in_channels / p.groups;
  const wide src[5] = {p.batch, p.in_channels, p.src_size[0], p.src_size[1], p.src_size[2]};
  const wide filter[5] = {p.out_channels, inner, 1, p.filter_size[1], p.filter_size[2]};
  const wide dst[5] = {p.batch, p.out_channels, m.out[0], m.out[1], m.out[2]};
  m.src_span = m.span(p.src_stride, src);
  m.dst_span = m.span(p.dst_stride, dst);
  m.filter_span = m.span(p.filter_stride, filter);
  m.residual_span = m.span(p.residual_stride, dst);
  m.filter_bytes = m.times(m.times(m.times(p.out_channels, inner), m.times(filter[3], filter[4])), 4);
  m.times(m.times(p.batch, p.groups), 1024);
  // Weights between two rows of dst that read the same row of src, and rows of src between those of a window.
  const wide padded = wide{p.src_size[1]} + p.pad_begin[1] + p.pad_end[1];
  const int64_t stride = int64_t(std::min(wide{p.stride[1]}, padded)), taps = p.filter_size[1];
  const int64_t shared = std::gcd(stride, taps == 1 ? 1 : p.dilation[1]);
  m.times(m.times(p.filter_size[2], 64), wide{stride / shared} + taps);
  const auto row = [](const int64_t (&given)[5], const wide rows, const wide width) {
    if (std::all_of(given, given + 5, [](int64_t v) { return v == 0; })) return width;
    return wide{rows <= 1 && given[3] > INT64_MAX / 8 ? 0 : given[3]};
  };
  const int64_t dilation = taps == 1 ? 1 : p.dilation[1];
  const wide extent = wide{dilation} * (taps - 1) + 1;
  m.times(wide{p.pad_begin[1]} + m.out[1] * stride + extent, row(p.src_stride, p.src_size[1], p.src_size[2]));
  m.times(dilation / shared, row(p.dst_stride, m.out[1], m.out[2]));
  m.work = double(p.batch) * double(m.out[1]) * double(m.out[2]) * double(m.filter_bytes / 4);
  return m;
}
model model_of(const swconv_pool_params &p) {
  model m;
  m.extents(p, p.window, p.ceil_mode != 0);
  if (p.channels < 1 || p.batch < 0) m.honest = false;
  if (!m.honest) return m;
  const wide src[5] = {p.batch, p.channels, p.src_size[0], p.src_size[1], p.src_size[2]};
  const wide dst[5] = {p.batch, p.channels, m.out[0], m.out[1], m.out[2]};
  m.src_span = m.span(p.src_stride, src);
  m.dst_span = m.span(p.dst_stride, dst);
  m.times(m.times(p.batch, p.channels), 1024);
  m.work = double(p.batch) * double(m.out[1]) * double(m.out[2]) * double(p.channels) *
           double(p.window[1]) * double(p.window[2]);
  return m;
}

swconv_status make(const swconv_conv_params *p, const swconv_plan_options *o, swconv_plan **plan,
                   swconv_error *e) {
  return swconv_conv_plan_create(p, o, nullptr, plan, e);
}
swconv_status make(const swconv_pool_params *p, const swconv_plan_options *o, swconv_plan **plan,
                   swconv_error *e) {
  return swconv_pool_plan_create(p, o, nullptr, plan, e);
}
swconv_status sizes(const swconv_conv_params *p, int64_t (&size)[3]) {
  return swconv_conv_dst_size(p, size, nullptr);
}
swconv_status sizes(const swconv_pool_params *p, int64_t (&size)[3]) {
  return swconv_pool_dst_size(p, size, nullptr);
}
swconv_status pad_same(swconv_conv_params *p, bool upper) {
  return upper ? swconv_conv_pad_same_upper(p, nullptr) : swconv_conv_pad_same_lower(p, nullptr);
}
swconv_status pad_same(swconv_pool_params *p, bool upper) {
  return upper ? swconv_pool_pad_same_upper(p, nullptr) : swconv_pool_pad_same_lower(p, nullptr);
}

tensor_shape shape_of(const int64_t (&given)[5], int64_t n, int64_t c, int64_t h, int64_t w) {
  tensor_shape s(n, c, h, w, dense);
  if (std::any_of(given, given + 5, [](int64_t v) { return v != 0; })) {
    s.stride[0] = given[0];
    s.stride[1] = given[1];
    s.stride[2] = given[3];
    s.stride[3] = given[4];
  }
  return s;
}

/// Only sizes that memory and patience allow are run.
bool affordable(const model &m) {
  const wide limit = 1 << 17;
  return m.work < 60000 && m.src_span < limit && m.dst_span < limit && m.filter_span < limit &&
         m.residual_span < limit && m.filter_bytes < limit * 4;
}

template <class Params, class Case>
void read_back(const Params &p, Case &c) {
  c.n = p.batch;
  c.h = p.src_size[1];
  c.w = p.src_size[2];
  c.sh = p.stride[1];
  c.sw = p.stride[2];
  c.dh = p.dilation[1];
  c.dw = p.dilation[2];
  c.pt = p.pad_begin[1];
  c.pl = p.pad_begin[2];
  c.pb = p.pad_end[1];
  c.pr = p.pad_end[2];
}

/// Ways to spoil the arguments of a run; those from `first_lie` on must be refused.
enum attack {
  honest_run = 0,
  first_lie = 6,
  truncated_packing = first_lie,
  broken_header,
  misaligned_packing,
  null_src,
  null_dst,
  no_filter,
  surplus_scale,
  surplus_residual,
  lying_size,
  no_workers,
  no_parallel_for,
  dst_is_src,
  reserved_bits,
  short_workspace,
  attacks
};

struct run_setup {
  guarded_memory src, filter, bias, scale, residual, dst, packed;
};

/// The accepted layer on every instruction set: right, or refused by all alike.
struct runner {
  tensor_shape src, filter, dst, residual;
  bool convolves, has_scale, has_residual;
  int64_t channels, seed;
  int lie;
  uint32_t workers;  ///< the plans are made for so many
  uint8_t detail;
  edge side;
  reference ref;
  std::string text;  ///< the layer, for people
  swconv_run_args args{};
  const float *filter_data = nullptr;

  static run_setup &memory() {
    static run_setup m;
    return m;
  }
  const float *place(guarded_memory &where, int64_t count, role r) {
    float *base = where.take_floats(count, side);
    fill(base, {1, 1, 1, count, dense}, random_data, seed, r);
    return base;
  }

  void prepare() {
    args.struct_size = sizeof args;
    args.src = place(memory().src, src.span(), role::src);
    if (!convolves) return;
    filter_data = place(memory().filter, filter.span(), role::filter);
    args.bias = place(memory().bias, channels, role::bias);
    if (has_scale) args.scale = place(memory().scale, channels, role::scale);
    if (has_residual) args.residual = place(memory().residual, residual.span(), role::residual);
  }

  swconv_status run(const swconv_plan *plan, const swconv_plan_info &info, const isa &i) {
    float *out = memory().dst.take_floats(dst.span(), side);
    swconv_run_args a = args;
    a.dst = out;
    guarded_memory workspace;
    if (info.workspace_bytes > 0)
      a.workspace = workspace.take(info.workspace_bytes, 64, edge::back);
    a.workspace_bytes = info.workspace_bytes;
    swconv_threads threads = reversed_threads(1 + detail % std::min(workers, 5u));
    if (detail & 0x80) a.threads = &threads;
    if (convolves) {
      auto *packed = static_cast<unsigned char *>(memory().packed.take(info.packed_bytes, 64, side));
      swconv_error e{};
      e.struct_size = sizeof e;
      if (swconv_conv_pack(plan, filter_data, packed, info.packed_bytes, &e) != SWCONV_OK)
        finding(std::string("pack refused: ") + e.message);
      if (!memory().packed.slack_is_intact()) finding("pack wrote beside its memory");
      a.packed_filter = packed;
      a.packed_bytes = info.packed_bytes;
      if (lie == broken_header) packed[detail % 24] ^= static_cast<unsigned char>(1 + detail / 24);
    }
    const float extra = 1;
    switch (lie) {
      case truncated_packing: a.packed_bytes = a.packed_bytes * detail / 256; break;
      case misaligned_packing:
        a.packed_filter = static_cast<const char *>(a.packed_filter) - 4 * (1 + detail % 15);
        break;
      case null_src: a.src = nullptr; break;
      case null_dst: a.dst = nullptr; break;
      case no_filter: a.packed_filter = nullptr; break;
      case surplus_scale: a.scale = a.scale ? nullptr : &extra; break;
      case surplus_residual: a.residual = a.residual ? nullptr : &extra; break;
      case lying_size: a.struct_size = detail % 8 == 0 ? 4104 + detail : detail; break;
      case no_workers: a.threads = &(threads.num_threads = 0, threads); break;
      case no_parallel_for: a.threads = &(threads.parallel_for = nullptr, threads); break;
      case dst_is_src: a.dst = const_cast<void *>(a.src); break;
      case reserved_bits: a.reserved0 = detail | 1u; break;
      case short_workspace:
        if (info.workspace_bytes == 0) return SWCONV_WORKSPACE_TOO_SMALL;  // nothing to lie about
        // A slice per worker is asked for; less than one is too little for any run.
        a.workspace_bytes = (a.workspace_bytes / workers - 1) * detail / 256;
        break;
      default: break;
    }
    const auto status = swconv_run(plan, &a, nullptr);
    if (!memory().dst.slack_is_intact()) finding("dst was written outside its span");
    if (lie >= first_lie) {
      if (status == SWCONV_OK) finding("a run with lie " + std::to_string(lie) + " was accepted");
      for (int64_t k = 0; k < dst.span(); ++k) expect(is_canary(out[k]), "a refused run wrote dst");
      return status;
    }
    if (status != SWCONV_OK) finding(i.name + " refused the run: " + name_of(status));
    compare(out, i);
    count_run(i.name, info.kernel);
    return status;
  }

  static bool is_canary(float v) {
    const float c = canary();
    return std::memcmp(&v, &c, sizeof v) == 0;
  }
  static void expect(bool condition, const char *text) {
    if (!condition) finding(text);
  }

  void compare(float *out, const isa &i) {
    size_t at = 0;
    for (int64_t n = 0; n < dst.size[0]; ++n)
      for (int64_t c = 0; c < dst.size[1]; ++c)
        for (int64_t h = 0; h < dst.size[2]; ++h)
          for (int64_t w = 0; w < dst.size[3]; ++w, ++at) {
            float &got = out[dst.at(n, c, h, w)];
            const float want = i.has_fma ? ref.fused[at] : ref.unfused[at];
            const bool right = ref.bits_are_promised
                                   ? got == want || (std::isnan(got) && std::isnan(want))
                                   : !(std::fabs(got - ref.exact[at]) > ref.bound[at]);
            if (!right)
              finding(i.name + ": element " + std::to_string(at) + " is " + std::to_string(got) +
                      ", not " + std::to_string(want) + ": " + text);
            got = canary();  // what is left must be canaries, too
          }
    for (int64_t k = 0; k < dst.span(); ++k) expect(is_canary(out[k]), "a gap in dst was written");
  }
};

/// Plans on all instruction sets; the status they share.
template <class Params>
swconv_status plan_everywhere(const Params *p, const swconv_plan_options &given, const model &m,
                              std::vector<plan_owner> &plans) {
  swconv_status first = SWCONV_OK;
  bool too_large = false;
  for (size_t k = 0; k < isas().size(); ++k) {
    swconv_plan_options options = given;
    options.force_isa = isas()[k].name.c_str();
    swconv_error e{};
    e.struct_size = sizeof e;
    const auto status = make(p, &options, plans[k].out(), &e);
    if (status != SWCONV_OK && (e.status != status || plans[k].get() != nullptr))
      finding("a failure without its detail");
    if (k == 0) first = status;
    // A worker's workspace may be a few rows, and so a part of the largest tensor; of a pooling window with
    // gaps and pads as wide as src some twenty of its rows for one.
    const wide workers = given.max_threads > 1 ? given.max_threads : 1;
    const bool many_workspaces = workers > 1000 || m.largest * workers >= wide{1} << 52;
    if (status != first) {
      // Kernels differ in their workspaces, and so in what is too much for many workers.
      const bool one_too_large = std::min(status, first) == SWCONV_OK &&
                                 std::max(status, first) == SWCONV_SIZE_OVERFLOW;
      if (!many_workspaces || !one_too_large)
        finding(isas()[k].name + " says " + name_of(status) + ", " + isas()[0].name + " " +
                name_of(first));
      too_large = true;
    }
    if (status == SWCONV_SIZE_OVERFLOW && m.honest && !many_workspaces)
      finding(std::string("refused as too large, but is not: ") + e.message);
    if (status != SWCONV_OK) continue;
    if (!m.honest) finding("a layer with nonsensical extents was accepted");
    if (m.largest > wide{INT64_MAX}) finding("a layer beyond 63 bits was accepted");
    const auto info = plans[k].info();
    for (int i = 0; i < 3; ++i)
      if (wide{info.dst_size[i]} != m.out[i]) finding("a wrong dst_size");
    if (wide(info.packed_bytes) < m.filter_bytes) finding("packed_bytes is below the filter's size");
    if (wide(info.workspace_bytes) > wide{INT64_MAX}) finding("a workspace beyond 63 bits");
    char text[64];
    swconv_plan_describe(plans[k].get(), text, sizeof text);
  }
  return too_large ? swconv_status{SWCONV_SIZE_OVERFLOW} : first;
}

template <class Params>
std::string text_of(const Params &p, int i) {
  std::string text = "in, stride, dilation, pads";
  for (const int64_t v : {p.src_size[i], p.stride[i], p.dilation[i], p.pad_begin[i], p.pad_end[i]})
    text += ' ' + std::to_string(v);
  return text;
}

/// Everything that is asked before a plan.
template <class Params>
void ask_sizes(const Params &params, const model &m) {
  int64_t size[3] = {-1, -1, -1};
  const auto status = sizes(&params, size);
  for (int i = 0; i < 3 && status == SWCONV_OK && m.honest; ++i)
    if (wide{size[i]} != m.out[i]) finding("a wrong dst size " + std::to_string(size[i]) + ", axis " + std::to_string(i) + ": " + text_of(params, i));
  for (const bool upper : {true, false}) {
    Params padded = params;
    if (pad_same(&padded, upper) != SWCONV_OK || sizes(&padded, size) != SWCONV_OK) continue;
    if (padded.struct_size != sizeof padded) continue;
    for (int i = 0; i < 3; ++i) {
      const int64_t want = (padded.src_size[i] - 1) / padded.stride[i] + 1;
      if (padded.pad_begin[i] < 0 || padded.pad_end[i] < 0 || size[i] != want)
        finding("SAME padding gives a wrong size");
    }
  }
}

template <class Params, class Prepare>
bool attack_layer(roomy<Params> &params, byte_reader &in, int64_t seed, Prepare prepare) {
  const int spoils = in.byte() % 4;
  for (int i = 0; i < spoils; ++i) {
    const size_t word = in.raw<uint16_t>();
    spoil_word(params.get(), word * 4 % sizeof(Params), in);
  }
  const uint8_t tail = in.byte();
  if (tail < 8) params.bytes[sizeof(Params) + tail * 16] = tail;
  swconv_plan_options options{};
  options.struct_size = sizeof options;
  const uint8_t thread_mode = in.byte();
  options.max_threads = thread_mode < 16 ? in.raw<uint32_t>() : thread_mode % 9;
  std::string kernel;
  if (thread_mode % 16 == 15) {
    for (int i = 0; i < 12; ++i) kernel += static_cast<char>(in.byte());
    // Known here and unknown there is the one honest reason to answer differently.
    const auto knows = [&](const isa &i) { return i.has_kernel(kernel.c_str()); };
    if (!std::all_of(isas().begin(), isas().end(), knows) &&
        std::any_of(isas().begin(), isas().end(), knows))
      kernel.clear();
    options.force_kernel = kernel.c_str();
  }

  const auto &p = *params.get();
  // A smaller struct_size means defaults for the rest; the model has to see the same.
  Params seen;
  std::memset(&seen, 0, sizeof seen);
  if constexpr (std::is_same_v<Params, swconv_conv_params>)
    swconv_conv_params_init(&seen);
  else
    swconv_pool_params_init(&seen);
  std::memcpy(&seen, &p, std::min<size_t>(p.struct_size, sizeof seen));
  seen.struct_size = sizeof seen;
  const model m = model_of(seen);
  if (p.struct_size <= sizeof params.bytes) ask_sizes(seen, m);
  std::vector<plan_owner> plans(isas().size());
  if (plan_everywhere(&p, options, m, plans) != SWCONV_OK) return false;
  if (!affordable(m)) return true;
  for (const auto &plan : plans)  // a workspace for billions of threads
    if (plan.info().workspace_bytes > 1 << 22) return true;
  runner r{};
  r.seed = seed;
  r.workers = std::max(options.max_threads, 1u);
  r.lie = in.byte() % attacks;
  r.detail = in.byte();
  r.side = r.detail & 1 ? edge::front : edge::back;
  if (!prepare(seen, r)) return true;
  swconv_status first = SWCONV_OK;
  for (size_t k = 0; k < plans.size(); ++k) {
    const auto status = r.run(plans[k].get(), plans[k].info(), isas()[k]);
    if (k == 0) first = status;
    if (status != first) finding("a run is refused for different reasons");
  }
  return first == SWCONV_OK;
}

}  // namespace

int64_t read_hostile(byte_reader &in, int64_t honest) {
  static const int64_t values[] = {0, -1, INT64_MIN, INT64_MAX, INT64_MAX / 2, INT64_MAX / 4,
                                   INT64_MAX / 8, INT64_MIN / 2, int64_t{1} << 31,
                                   (int64_t{1} << 31) - 1, int64_t{1} << 32, (int64_t{1} << 32) + 1,
                                   int64_t{1} << 40, int64_t{1} << 53, 3037000500, 1, 2, 3, 7, 64,
                                   4096, 65537};
  const uint8_t how = in.byte();
  constexpr size_t count = sizeof values / sizeof values[0];
  if (how < count) return values[how];
  if (how < 64) return in.raw<int64_t>();
  if (how < 128) return in.byte();
  if (how < 192) return static_cast<int64_t>(static_cast<uint64_t>(honest) + in.byte() - 128u);
  return static_cast<int64_t>(static_cast<uint64_t>(honest) << (how % 64));
}

bool try_hostile(const conv_case &c, byte_reader &in) {
  std::vector<swconv_epilogue_op> ops;
  roomy<swconv_conv_params> params(to_params(c, &ops));
  ops.resize(16);  // zeros behind the honest ones
  params.get()->epilogue = ops.data();
  const uint8_t which = in.byte();
  if (which < 32) {
    auto *bytes = reinterpret_cast<unsigned char *>(&ops[which % 4]);
    const size_t at = in.byte() % (sizeof ops[0] / 4) * 4;
    if (at < offsetof(swconv_epilogue_op, alpha) || at >= offsetof(swconv_epilogue_op, reserved))
      spoil<uint32_t>(bytes, at, in);
  }
  return attack_layer(params, in, c.seed, [&](const swconv_conv_params &p, runner &r) {
    conv_case accepted;
    read_back(p, accepted);
    accepted.fast = p.math == SWCONV_FAST;
    accepted.g = p.groups;
    accepted.ic = p.in_channels / p.groups;
    accepted.oc = p.out_channels / p.groups;
    accepted.kh = p.filter_size[1];
    accepted.kw = p.filter_size[2];
    r.convolves = true;
    for (uint32_t i = 0; i < p.epilogue_count; ++i) {
      r.has_scale |= p.epilogue[i].kind == SWCONV_EPILOGUE_SCALE;
      r.has_residual |= p.epilogue[i].kind == SWCONV_EPILOGUE_RESIDUAL;
      if (p.epilogue[i].kind == SWCONV_EPILOGUE_ACTIVATION) {
        accepted.act = p.epilogue[i].activation;
        // A shorter operation leaves alpha and beta at their defaults.
        if (p.epilogue[0].struct_size != sizeof(swconv_epilogue_op) ||
            p.epilogue[i].alpha != activation_alpha(accepted.act) ||
            p.epilogue[i].beta != activation_beta(accepted.act))
          return false;
      }
    }
    const int64_t h = accepted.dst_h(), w = accepted.dst_w();
    if (h * w * p.batch == 0) return false;
    r.src = shape_of(p.src_stride, p.batch, p.in_channels, accepted.h, accepted.w);
    r.filter = shape_of(p.filter_stride, p.out_channels, accepted.ic, accepted.kh, accepted.kw);
    r.dst = shape_of(p.dst_stride, p.batch, p.out_channels, h, w);
    r.residual = shape_of(p.residual_stride, p.batch, p.out_channels, h, w);
    r.channels = p.out_channels;
    r.text = to_string(accepted);
    r.prepare();
    r.ref = convolve(accepted,
                     {static_cast<const float *>(r.args.src), r.filter_data,
                      static_cast<const float *>(r.args.bias),
                      static_cast<const float *>(r.args.scale),
                      static_cast<const float *>(r.args.residual)},
                     true, {r.src, r.filter, r.dst, r.residual});
    if (accepted.fast) r.ref.bits_are_promised = false;  // an error is
    return true;
  });
}

bool try_hostile(const pool_case &c, byte_reader &in) {
  roomy<swconv_pool_params> params(to_params(c));
  return attack_layer(params, in, c.seed, [](const swconv_pool_params &p, runner &r) {
    pool_case accepted;
    read_back(p, accepted);
    accepted.kind = p.kind;
    accepted.c = p.channels;
    accepted.kh = p.window[1];
    accepted.kw = p.window[2];
    accepted.ceil_mode = p.ceil_mode;
    accepted.count_include_pad = p.count_include_pad;
    const int64_t h = accepted.dst_h(), w = accepted.dst_w();
    const bool of_a_filter = r.lie == truncated_packing || r.lie == broken_header ||
                             r.lie == misaligned_packing || r.lie == no_filter ||
                             r.lie == surplus_scale || r.lie == surplus_residual;
    if (h * w * p.batch == 0 || of_a_filter) return false;
    r.src = shape_of(p.src_stride, p.batch, p.channels, accepted.h, accepted.w);
    r.dst = shape_of(p.dst_stride, p.batch, p.channels, h, w);
    r.text = to_string(accepted);
    r.prepare();
    r.ref = pool(accepted, static_cast<const float *>(r.args.src), r.src, r.dst);
    return true;
  });
}

}  // namespace swconv_test
