// SPDX-License-Identifier: MIT
/// @file plan.hpp
/// From a problem to a choice: degenerate axes collapsed, a kernel taken from the list by a small
/// cost model, the work cut into blocks. The model is described in docs/kernels.md.
#pragma once

#include "fast/tiles.hpp"
#include "kernels/list.hpp"
#include "packing.hpp"
#include "table.hpp"
#include "validate.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// What a plan_state holds.
struct plan_data {
  problem p;
  filter_pitches filter;
  int64_t dst_h, dst_w;  ///< extents as the caller sees them
  uint64_t packing_id;
  int64_t packed_bytes;
  int64_t workspace;  ///< bytes per worker
  int64_t workers;    ///< for which there is workspace
  // Blocks and their sizes: samples and groups (counted together), channels, rows, columns.
  int64_t outer_blocks, channel_blocks, row_blocks, column_blocks;
  int64_t outer_step, channel_step, row_step, column_step;
  double cost;  ///< of the kernel chosen, in vector FMAs per output row of a group
  const char *reason;
  int64_t tail_channels;  ///< the last ones of a group, by another kernel; 0: none
  int16_t kernel, tail_kernel;
  uint8_t reads_raw_filter, is_pool, flush_denormals;
  uint8_t keeps_packing;
  uint8_t tiled;  ///< the kernel counts tiles, and takes the rows of all samples at once

  bool is_spectra() const { return tiled && p.tiles.spectra; }
  int64_t channels() const { return is_spectra() ? p.groups : p.out_channels; }
  int64_t outer() const { return is_spectra() ? 1 : tiled ? p.groups : p.batch * p.groups; }
  int64_t rows() const {
    return !tiled ? p.h.out : is_spectra() ? p.batch : p.batch * p.tiles.h.tiles;
  }
  int64_t columns() const {
    return !tiled ? p.w.out : is_spectra() ? p.tiles.pairs() : p.tiles.w.tiles;
  }
};
static_assert(sizeof(plan_data) <= sizeof(abi::plan_state), "a plan fits its state");

/// A filter of one tap slides over a contiguous plane as over one long row, and a plane that is
/// one column wide is a row. Both keep lanes full and change no result.
SWCONV_COLD inline void collapse_axes(problem &p, filter_pitches &filter) {
  const bool one_tap = p.h.taps == 1 && p.w.taps == 1 && p.h.stride == 1 && p.w.stride == 1 &&
                       p.h.in == p.h.out && p.w.in == p.w.out;
  const bool contiguous = p.src.h == p.w.in && p.dst.h == p.w.out &&
                          (!p.epilogue.has_residual || p.residual.h == p.w.out);
  const axis single{1, 1, 1, 1, 1, 0};
  if (one_tap && contiguous && p.h.out > 0) {
    p.w.in = p.w.out = p.h.in * p.w.in;
    p.h = single;
  } else if (p.w.in == 1 && p.w.out == 1 && p.w.taps == 1 && p.w.pad == 0 && p.src.h == 1 &&
             p.dst.h == 1 && (!p.epilogue.has_residual || p.residual.h == 1)) {
    p.w = p.h;
    filter.w = filter.h;
    p.pad_end_w = p.pad_end_h;
    p.h = single;
    p.pad_end_h = 0;
  } else {
    return;
  }
  set_sharing(p);
}

/// Taps of an axis that lie inside src, on average over its outputs. If both are many: as if unpadded.
SWCONV_COLD inline double needed_taps(const axis &a) {
  constexpr int64_t enough = 256;
  if (a.out <= 0 || (a.out > enough && a.taps > enough)) return static_cast<double>(a.taps);
  int64_t taps = 0;
  for (int64_t o = 0; a.out <= enough && o < a.out; ++o) {
    const int64_t x = a.start(o), first = a.first_tap(x), last = a.last_tap(x);
    taps += last > first ? last - first : 0;
  }
  const auto begin = [&](int64_t x) { return axis::least(x <= 0 ? 0 : (x + a.stride - 1) / a.stride, a.out); };
  for (int64_t t = 0; a.out > enough && t < a.taps; ++t) {
    const int64_t x = a.pad - t * a.dilation;  // outputs from x / stride to (x + in) / stride
    taps += begin(x + a.in) - begin(x);
  }
  return static_cast<double>(taps) / static_cast<double>(a.out);
}

/// Cost of one output row of a plane with channels in the lanes, in vector FMAs, as measured: both
/// ways of the transposition, exact taps, and the ends of tiles, which narrow maps have more of.
SWCONV_COLD inline double depthwise_cost(const problem &p) {
  const double out = static_cast<double>(p.w.out), rows = static_cast<double>(p.h.out);
  const double groups = static_cast<double>(p.groups);
  const double blocks = static_cast<double>((p.groups + simd::isa::full::size - 1) /
                                            simd::isa::full::size);
  const double taps = needed_taps(p.h) * needed_taps(p.w);
  const double in = static_cast<double>(p.h.in) * static_cast<double>(p.w.in) / rows;
  const double weights = static_cast<double>(p.h.taps) * static_cast<double>(p.w.taps) / rows;
  constexpr double transpose = simd::isa::full::size / 16.0;  // by quads of lanes
  // Where there are few registers a plane that does not stay near costs more.
  constexpr double near = 16384 / 4.0 / simd::isa::full::size;
  const double per_tap = !simd::isa::masks_are_free && in * rows > near ? 1.65 : 1.25;
  return blocks / groups *
         (out * taps * per_tap + taps * 3.5 + transpose * (22 * out + 19 * in + 8 * weights));
}

/// The same for a square filter with columns in the lanes. Where masks are vectors, an edge that is not
/// joined with another takes twice the time of other vectors, and every plane has its overhead.
SWCONV_COLD inline double square_plane_cost(const problem &p, const kernel_entry &k) {
  constexpr double lanes = simd::isa::full::size;
  const bool pairs = k.column_stride == pair_stride;
  const double width = static_cast<double>(p.w.taps), rows = static_cast<double>(p.h.out + 1);
  if constexpr (simd::isa::masks_are_free) {
    // A vector that has its taps from one load of the row leaves lanes empty. One that has a row for
    // itself waits for its own sums.
    const double idle = pairs ? width / 2 - 1 : 0, narrow = width <= 3 ? width - 1 : 0;
    const double out = static_cast<double>(p.w.out), filled = lanes - idle;
    const bool single = out <= lanes - (pairs ? idle : narrow);
    const double least = single ? 1 : 2;
    const double whole = static_cast<double>(static_cast<int64_t>((out - 1) / filled + 1));
    const double vectors = whole > least ? whole : least;
    const double taps = needed_taps(p.h) * width;
    const bool half = out <= simd::isa::half::size &&
                      (k.kw == 3 ? planar::has_narrow<3> : k.kw == 5 && planar::has_narrow<5>);
    const double alone = half ? 1.3 : 1.7;
    const double vector = pairs    ? taps * 1.5 + (half ? 6 : 12)
                          : single ? taps * alone + 0.5
                                   : taps * 1.25 + 5;
    // A tile that is not full computes rows it does not fill, in every phase of a dilation.
    const double height = static_cast<double>(p.h.out), step = static_cast<double>(p.row_step);
    const bool full = p.h.out % (planar::square_rows_unit * p.row_step) == 0;
    const double rests = full ? 0 : (step < height ? step : height) / height;
    const double more = rests * (width - 1) / (pairs ? 4 : 2);
    return 10 / rows + (1 + more) * vectors * vector;
  }
  // Of many channels every row of sums is kept in memory between two of them.
  const double taps = static_cast<double>(p.h.taps) * width, out = static_cast<double>(p.w.out);
  const double whole = pairs ? taps * 1.75 + 16 : taps * (width > 5 ? 1.6 : 1.25) + 5;
  const double edge = pairs ? taps * 3.6 + 24 : taps * 2 + 16;
  const double channels = static_cast<double>(p.in_channels);
  constexpr int64_t n = simd::isa::full::size;
  double row;
  if (planar::joins_ends<3> && width > 2 && planar::loaded_ends_fit(p.w, n)) {
    // A vector beside the last that reaches over the end of the row, too, is an edge.
    const int64_t vectors = (p.w.out + n - 1) / n;
    const bool over = vectors > 2 && !p.w.inside((vectors - 2) * n, n);
    row = static_cast<double>(vectors) * whole + (over ? edge - whole : 0);
  } else {
    const double vectors = out / lanes + 0.5;
    const int sides = (p.w.pad > 0) + !p.w.inside(p.w.out - 1, 1);
    const double edges = sides < vectors ? sides : 1;
    row = (vectors > edges ? (vectors - edges) * whole : 0) + edges * edge;
  }
  // A strip adds the rows of src that its first and last sums need to sums of no use, too; where half of them are
  // padding they are left out, as in the layers these costs are of.
  const int64_t phases = axis::least(p.row_step, p.h.out);
  const int64_t high = phases > 0 ? (p.h.out + phases - 1) / phases : 1, idle = p.h.taps - 1 - 2 * p.h.pad;
  const double more = planar::is_strip<5> && p.h.taps <= 5 && idle > 0
                          ? static_cast<double>(idle) / static_cast<double>(p.h.stride * axis::least(high, planar::square_rows_of_group<5>))
                          : 0;
  return 20 / rows + (1 + more) * channels * row;
}

/// Cost of one output row of all channels of a group, in vector FMAs. A model, not a simulation:
/// it counts FMAs, loads beyond two per FMA slot, half-empty vectors and a constant per tile.
SWCONV_COLD inline double row_cost(const problem &p, const kernel_entry &k) {
  if (k.kind == family::depthwise) return depthwise_cost(p);
  constexpr double lanes = simd::isa::full::size;
  // Where there is no half vector, nothing fits one.
  constexpr double half = simd::isa::half::size < lanes ? simd::isa::half::size : 0;
  const double taps = static_cast<double>(p.in_channels * p.h.taps * p.w.taps);
  const double out = static_cast<double>(p.w.out), channels = static_cast<double>(p.out_channels);
  if (winograd::listed && k.kind == family::winograd) {
    // A margin for what the model leaves out: fast must not be slower than strict. Where transforms
    // are most of the work, products do not hide what they wait for.
    const double rows = static_cast<double>(p.h.out);
    if (p.tiles.spectra) return 1.3 * spectra_cost(p, simd::isa::full::size, p.tiles) / rows;
    double transforms = 0;
    const double cost = tiled_cost(p, simd::isa::full::size, p.tiles, &transforms) / rows;
    return cost * (transforms > 0.65 ? 1.1 + 1.65 * (transforms - 0.65) : 1.1);
  }
  const auto blocks = [](double a, double b) {
    return static_cast<double>(static_cast<int64_t>((a + b - 1) / b));
  };
  if (k.kind == family::channel_vector) {
    // Tiles of NV vectors by P pixels of a row. A tap or two at a time shares fewer loads than three do, and
    // a small tile waits for its own sums. Each sum goes through the scratch and the transpose.
    const bool apart = k.serves == &channel_vector::apart::serves;
    const double per_fma = !apart ? (p.w.taps == 2 ? 1.15 : 1.05) : p.h.taps * p.w.taps == 1 ? 1.15 : 1.12;
    const auto tiles = [&](double nv, double pixels) {
      const double n = blocks(out, pixels), fmas = nv * out / n;
      return n * (taps * (fmas > 8 ? fmas : 8.0) * per_fma + 10 * fmas + 40);
    };
    // Tiles of pixels from anywhere are full, whatever the width.
    if (channel_vector::scattered && channels >= 2 * lanes) {
      const double whole = static_cast<double>(static_cast<int64_t>(channels / lanes));
      const double rest = whole * lanes < channels
                              ? tiles(1, channel_vector::most_pixels<1, channel_vector::neighbours>)
                              : 0.0;
      return whole * out * (taps * 1.09 + 25) + rest;
    }
    const double pairs = static_cast<double>(static_cast<int64_t>(channels / (2 * lanes)));
    const double left = channels - pairs * 2 * lanes;
    double cost = pairs * tiles(2, apart ? channel_vector::most_pixels<2, channel_vector::apart>
                                         : channel_vector::most_pixels<2, channel_vector::neighbours>);
    if (left >= lanes) cost += tiles(1, channel_vector::most_pixels<1, channel_vector::neighbours>);
    if (left > 0 && left != lanes)
      cost += tiles(1, channel_vector::most_pixels<1, channel_vector::neighbours>);
    return cost;
  }
  if (k.kind == family::pointwise) return channels * blocks(out, lanes) * (taps * 1.08 + 8);
  // Vectors of columns; the last may be a half. A tile of C channels by R rows by X vectors loads
  // X vectors and C · R weights for C · R · X FMAs. A load that straddles two cache lines is slow.
  const double full = static_cast<double>(static_cast<int64_t>(out / lanes));
  const double tail = out - full * lanes;
  const double vectors = full + (tail > half ? 1.0 : tail > 0 ? 0.6 : 0.0);
  const double unit_load = 1 + 3 * lanes / 16;
  if (k.kind == family::signal) {
    // One row, many vectors: one weight serves them all.
    if (k.run == &signal::run_segments) {
      // Two transposes per vector; the ends and a rest of less than lanes² columns go slowly.
      constexpr int64_t least = int64_t{simd::isa::full::size} * simd::isa::full::size;
      const double chunks = static_cast<double>(p.w.out / least);
      const double inside = chunks * lanes < vectors ? chunks * lanes : vectors;
      return channels *
             (inside * (taps * 1.08 + 2.5 * lanes) + (vectors - inside) * (taps * 4 + 12));
    }
    if (k.run == &signal::run_columns) {
      const double d = static_cast<double>(p.w.dilation), width = static_cast<double>(p.w.taps);
      const double shared = 6 * width / (width + 5), waste = blocks(d, lanes) * lanes / d;
      // Near dilations cost more per vector than the kernel's shape explains; measured.
      return channels * vectors * (taps * (1.1 + 0.6 / shared) * waste + 20 + 16 * lanes / d);
    }
    // Unaligned loads of wider vectors cross cache lines more often; of slides half are loads.
    const bool loads = k.dilates && !signal::slides(p.w.dilation);
    const double per_fma = (loads ? 1.05 + lanes * 0.07 : 1 + (simd::isa::slide_cost - 1) / 2) + 0.125;
    return channels * (vectors * (taps * per_fma + 4) + 60);
  }
  if (k.run == &planar::run_channel_tiles) {
    // Sums of a vector or a few channels wait for each other or for loads; every sum has its way to dst, and
    // where the stride is not 1 rows of src are taken apart. Where masks are vectors, a vector that needs one
    // is a tile of its own. Rows of many planes come from far. Fitted.
    const double most = planar::channels_most;
    const double many = static_cast<double>(static_cast<int64_t>(channels / most)) * most, rest = channels - many;
    const double few = rest > 4 ? most : rest > 0 ? 4.0 : 0.0, whole = blocks(out, lanes);
    const double group = static_cast<double>(planar::channels_group(p));
    const double src_rows = static_cast<double>(planar::channels_src_rows(p, planar::channels_group(p))) / group;
    const double far = p.in_channels > 16 && p.h.taps > 1 && channels >= lanes ? 0.15 : 0, alone = whole < 2 ? 0.7 : 0;
    const double per_fma = 1 + alone + far, per_few = 1.05 + 1.5 * alone + far;
    const double stride = static_cast<double>(p.w.stride);
    const double apart = p.w.stride == 1 ? 0 : stride * (p.w.stride == 2 ? 6.5 : 4 * lanes);
    const int64_t before = (p.w.pad + p.w.stride - 1) / p.w.stride;
    const int64_t room = p.w.in - 1 - (p.w.taps - 1) * p.w.dilation + p.w.pad;
    const int64_t inside = room < 0 ? 0 : axis::least(room / p.w.stride + 1, p.w.out);
    const double sides = blocks(static_cast<double>(before), lanes) +
                         blocks(static_cast<double>(p.w.out - inside + inside % simd::isa::full::size), lanes);
    const double edges = simd::isa::masks_are_free ? 0 : sides < whole ? sides : whole;
    // A tap that reaches one lane is computed for all.
    const double needed = needed_taps(p.w), wasted = static_cast<double>(p.w.taps) / (needed > 1 ? needed : 1);
    return edges * (many + few) * taps * 2.2 +
           whole * (many * (taps * wasted * per_fma + 8) + few * (taps * wasted * per_few + 8) +
                    static_cast<double>(p.in_channels) * src_rows * apart) +
           (300 + 2 * taps) / (static_cast<double>(p.h.out) + 1);
  }
  if (k.column_stride == unit_stride && k.kh == 0) {
    // A shifted vector serves the rows and channels of its tile: if few, loads that cross cache
    // lines are the limit, else they cost about half an FMA each. Vectors with taps in the padding
    // have a tile of their own.
    const double c = channels < 2 ? 1 : 2;
    const double most = p.row_ratio == 1 ? planar::wide_rows_of(p.out_channels) : 1;
    const double height = static_cast<double>(p.h.taps);
    const double rows = static_cast<double>(p.h.out) < most * static_cast<double>(p.row_step) ? 1 : most;
    const double shared = c * rows * height / (height + rows - 1);
    const double crossing = 0.5 + lanes / 32;
    const double bound = 2.1 * crossing / shared + 0.25, sum = 1.05 + 0.35 * crossing / shared;
    const int edges = (p.w.pad > 0) + !p.w.inside(p.w.out - 1, 1);
    const double whole = blocks(out, lanes), edge = edges < whole ? edges : whole;
    const double per_fma = 1.13 * (bound > sum ? bound : sum);
    // On planes of their own every call copies its filter.
    const double call = p.groups > 1 ? 260 + 2 * taps * channels : 0;
    return channels * ((whole - edge) * (taps * per_fma + 20) +
                       edge * (taps * (2 + 0.35 / shared) + 26)) +
           call / (static_cast<double>(p.h.out) + 1);
  }
  const bool any = k.kh == 0;
  const double kh = static_cast<double>(p.h.taps), ratio = static_cast<double>(p.row_ratio);
  const double rows = p.h.out < 4 * p.row_step ? 1 : 4;
  const double shared = rows * kh / (kh + (rows - 1) * ratio);  // rows that a loaded vector serves
  const double load = k.column_stride == unit_stride   ? unit_load
                      : k.column_stride == pair_stride ? 2 * unit_load + 1
                                                       : 2 * lanes;
  const double x = out >= 2 * lanes ? 2 : 1;
  double per_fma = load / (shared > 1 ? shared : 1) + 1 / x;
  if (per_fma < 1) per_fma = 1;
  const double cost = channels * vectors * (taps * per_fma * (any ? 2.1 : 1.0) + 6);
  if (!any && (!planar::tall || p.in_channels == 1)) return square_plane_cost(p, k);
  // On planes of their own: so much more for every call.
  if (p.groups == 1 || p.in_channels > 1) return cost;
  return cost + 260 / static_cast<double>(p.h.out > 0 ? p.h.out : 1);
}

/// The cheapest kernel that accepts the problem, or with a prefix the first of that name.
SWCONV_COLD inline int choose_kernel(const problem &p, bool pool, swconv_pool_kind kind,
                                     const char *prefix, bool keeps_packing, double &cost) {
  int best = -1;
  for (int i = 0; i < kernels::count; ++i) {
    const kernel_entry &k = kernels::list[i];
    const int pools = static_cast<int>(k.kind) - static_cast<int>(family::pool_max);
    if ((pools >= 0) != pool || !k.accepts(p)) continue;
    if (pool && pools != static_cast<int>(kind)) continue;
    if (prefix && strncmp(k.name, prefix, strlen(prefix)) != 0) continue;
    if (keeps_packing && k.kind != family::winograd) continue;
    const double c = pool ? 0.0 : row_cost(p, k);
    if (best < 0 || c < cost) {
      best = i;
      cost = c;
    }
    if (prefix || pool) break;
  }
  return best;
}

/// The last channels of a group may fill a small part of a vector only. A kernel whose lanes are
/// columns serves them alone where that is cheaper; the bits and the packed filter are the same.
SWCONV_COLD inline void choose_tail(plan_data &d) {
  const int64_t tail = d.p.out_channels % channel_vector::pack_lanes;
  if (tail == 0 || tail == d.p.out_channels || d.p.h.out < 1 || d.p.w.out < 1) return;
  problem whole = d.p, rest = d.p;
  whole.out_channels -= tail;
  rest.out_channels = tail;
  double base = 0;
  const int most = choose_kernel(whole, false, SWCONV_POOL_MAX, "channel_vector/", false, base);
  if (most < 0) return;
  double best = 0.95 * d.cost;  // less would not pay for passing over src twice
  for (int i = 0; i < kernels::count; ++i) {
    const kernel_entry &k = kernels::list[i];
    const bool columns = k.kind == family::planar || k.kind == family::signal;
    if (!columns || k.square || !k.accepts(rest)) continue;
    const double cost = base + row_cost(rest, k);
    if (cost >= best) continue;
    best = d.cost = cost;
    d.tail_channels = tail;
    d.kernel = static_cast<int16_t>(most);
    d.tail_kernel = static_cast<int16_t>(i);
  }
}

/// Cuts dst into blocks: enough for the threads, whole tiles each, samples and groups first.
SWCONV_COLD inline void split_work(plan_data &d, uint32_t threads) {
  const problem &p = d.p;
  const kernel_entry &k = kernels::list[d.kernel];
  const bool by_channel = k.kind == family::channel_vector;
  const int64_t lanes = simd::isa::full::size;
  const bool tiled = k.kind == family::winograd;
  const int64_t channel_unit = by_channel && channel_vector::scattered ? 4 * lanes
                               : by_channel || tiled                   ? 2 * lanes
                                                                       : lanes;
  int64_t column_unit = by_channel ? 64 : 8 * lanes;
  // Tiles of pixels from anywhere want more than one narrow row.
  const int64_t few_rows = channel_vector::scattered && p.w.out > 0 ? (31 + p.w.out) / p.w.out : 1;
  int64_t row_unit = by_channel ? few_rows : (k.square ? planar::square_rows_unit : 4) * p.row_step;
  if (k.workspace != nullptr && d.is_pool) {
    // Neighbouring blocks both read, and join, what their windows share.
    const int64_t unit = pooling::columns_unit(p.w);
    const bool slides = pooling::slides(p.w);
    column_unit = slides ? sliding::round_up(p.w.taps * p.w.dilation, unit) : unit;
    row_unit = p.row_step * (pooling::shares_rows(p) ? p.h.taps : 4);
  }
  if (tiled) {
    column_unit = p.tiles.run_tiles();
    // Fewer tiles do not pay for passing over the weights.
    row_unit = 1 + 23 / p.tiles.w.tiles;
  }
  if (tiled && p.tiles.spectra) {
    column_unit = p.tiles.spectra == 1 ? lanes : 1;
    row_unit = 1;
  }
  const auto blocks = [](int64_t n, int64_t step) { return n / step + (n % step != 0); };
  const auto cut = [&](int64_t n, int64_t unit, int64_t pieces, int64_t &step, int64_t &count) {
    // `pieces` blocks of whole units, or as many as there are units.
    const int64_t units = blocks(n, unit);
    if (pieces > units) pieces = units;
    if (pieces < 1) pieces = 1;
    step = blocks(units, pieces) * unit;
    count = n > 0 ? blocks(n, step) : 0;
  };
  // Four blocks per thread level out uneven ones.
  const int64_t wanted = threads > 1 ? 4 * int64_t{threads} : 1;
  const int64_t outer = d.outer(), rows = d.rows(), columns = d.columns();
  const auto missing = [&](int64_t have) { return have > 0 ? blocks(wanted, have) : 1; };
  cut(outer, k.many_groups ? lanes : 1, wanted, d.outer_step, d.outer_blocks);
  int64_t have = d.outer_blocks;
  cut(rows, row_unit, missing(have), d.row_step, d.row_blocks);
  have *= d.row_blocks;
  cut(d.channels(), channel_unit, missing(have), d.channel_step, d.channel_blocks);
  have *= d.channel_blocks;
  cut(columns, column_unit, missing(have), d.column_step, d.column_blocks);
}

/// The part of planning that convolution and pooling share.
SWCONV_COLD inline swconv_status finish_plan(plan_data &d, const swconv_plan_options *options,
                                 swconv_pool_kind kind, swconv_error *error) {
  const char *const force = options ? options->force_kernel : nullptr;
  int64_t outer = 0;
  if (mul_overflow(d.p.batch, d.p.groups, &outer) ||
      mul_overflow(outer, 1024, &outer))  // room for blocks
    return report_failure(error, SWCONV_SIZE_OVERFLOW, "batch", d.p.batch,
                          "makes a size that exceeds 63 bits");
  const int kernel = choose_kernel(d.p, d.is_pool != 0, kind, force, d.keeps_packing != 0, d.cost);
  if (kernel < 0)
    return report_failure(error, SWCONV_UNSUPPORTED, "force_kernel", 0,
                          "no kernel of that name serves this layer");
  d.kernel = static_cast<int16_t>(kernel);
  d.reason = force ? "forced" : d.is_pool ? "first that fits" : "lowest estimated cost";
  if (!force && !d.is_pool && !d.keeps_packing) choose_tail(d);
  d.tiled = kernels::list[d.kernel].kind == family::winograd;
  const uint32_t threads = options && options->max_threads > 1 ? options->max_threads : 1;
  split_work(d, threads);
  const kernel_entry &k = kernels::list[d.kernel];
  int64_t bytes = k.workspace != nullptr ? k.workspace(d.p) : 0;
  if (d.tail_channels > 0) {
    problem rest = d.p;
    rest.out_channels = d.tail_channels;
    const kernel_entry &tail = kernels::list[d.tail_kernel];
    if (tail.workspace != nullptr && tail.workspace(rest) > bytes) bytes = tail.workspace(rest);
  }
  d.workspace = (bytes + 63) / 64 * 64;
  d.workers = threads;
  if (bytes < 0)
    return report_failure(error, SWCONV_SIZE_OVERFLOW, "window", 0,
                          "makes a workspace that exceeds 63 bits");
  if (mul_overflow(d.workspace, d.workers, &outer))
    return report_failure(error, SWCONV_SIZE_OVERFLOW, "max_threads", d.workers,
                          "makes a workspace that exceeds 63 bits");
  return SWCONV_OK;
}

SWCONV_COLD inline swconv_status plan_conv(const swconv_conv_params &params,
                                           const swconv_plan_options *options, plan_data &d,
                                           swconv_error *error) {
  d = plan_data{};
  int64_t filter_elements = 0;
  swconv_status s = check_conv(params, d.p, d.filter, filter_elements, error);
  if (s != SWCONV_OK) return s;
  d.flush_denormals = (params.flags & SWCONV_FLUSH_DENORMALS) != 0;
  d.dst_h = d.p.h.out;
  d.dst_w = d.p.w.out;
  constexpr int lanes = simd::isa::full::size;
  d.packing_id = packing_id(d.p, lanes);
  d.packed_bytes = packed_size(filter_elements, lanes);
  if (d.packed_bytes == overflowed_extent)
    return report_failure(error, SWCONV_SIZE_OVERFLOW, "filter_size", filter_elements,
                          "makes a size that exceeds 63 bits");
  // Transforms multiply a filter by less than 64; one that is too large for that gets none.
  if (d.packed_bytes > INT64_MAX / 4096) d.p.fast = false;
  const int64_t row = d.p.w.taps, plane = d.p.h.taps * row;
  const bool dense = (d.filter.h == row || d.p.h.taps == 1) &&
                     (d.filter.ic == plane || d.p.in_channels == 1) &&
                     (d.filter.oc == plane * d.p.in_channels ||
                      d.p.groups * d.p.out_channels == 1);
  collapse_axes(d.p, d.filter);
  const uint64_t keep = options ? options->keep_packing_id : 0;
  double tiled = 0;
  if (winograd::listed && d.p.fast && keep != d.packing_id && d.p.h.out > 0 && d.p.w.out > 0 &&
      !choose_tiling(d.p, lanes, keep, options ? options->force_kernel : nullptr, d.p.tiles, tiled))
    d.p.tiles = tiling{};
  d.keeps_packing = keep != 0 && keep != d.packing_id;
  if (d.keeps_packing && d.p.tiles.h.m == 0)
    return report_failure(error, SWCONV_UNSUPPORTED, "keep_packing_id", static_cast<int64_t>(keep),
                          "no kernel for this layer reads that packing");
  s = finish_plan(d, options, SWCONV_POOL_MAX, error);
  if (winograd::listed && s == SWCONV_OK && d.tiled) {
    const int64_t floats = tiled_filter_floats(d.p, lanes, d.p.tiles);
    d.packed_bytes = floats == overflowed_extent ? floats : packed_size(floats, lanes);
    d.packing_id = tiled_packing_id(d.p, lanes, d.p.tiles);
  }
  d.reads_raw_filter = dense && d.p.out_channels == 1 && s == SWCONV_OK &&
                       kernels::list[d.kernel].kind != family::channel_vector && !d.tiled;
  return s;
}

SWCONV_COLD inline swconv_status plan_pool(const swconv_pool_params &params,
                                           const swconv_plan_options *options, plan_data &d,
                                           swconv_error *error) {
  d = plan_data{};
  const swconv_status s = check_pool(params, d.p, error);
  if (s != SWCONV_OK) return s;
  d.flush_denormals = (params.flags & SWCONV_FLUSH_DENORMALS) != 0;
  d.is_pool = 1;
  d.dst_h = d.p.h.out;
  d.dst_w = d.p.w.out;
  collapse_axes(d.p, d.filter);
  return finish_plan(d, options, params.kind, error);
}

/// Independent pieces of a run.
inline int64_t task_count(const plan_data &d) {
  return d.outer_blocks * d.channel_blocks * d.row_blocks * d.column_blocks;
}

/// The cost of a run in FLOPs at the FMA peak.
inline double estimated_flops(const plan_data &d) {
  const double rows = static_cast<double>(d.p.batch) * static_cast<double>(d.p.groups) *
                      static_cast<double>(d.p.h.out);
  return d.is_pool ? 0 : d.cost * rows * 2 * simd::isa::full::size;
}

/// One line for people; the contract of swconv_plan_describe.
SWCONV_COLD inline size_t describe_plan(const plan_data &d, char *text, size_t capacity) {
  char algorithm[96] = "";
  if (winograd::listed && d.tiled) describe_tiles(d.p, algorithm, sizeof algorithm);
  if (d.tail_channels > 0)
    snprintf(algorithm, sizeof algorithm, ", channels from %lld on by %s",
             static_cast<long long>(d.p.out_channels - d.tail_channels), kernels::list[d.tail_kernel].name);
  const int n = snprintf(
      text, capacity,
      "%s on %s: %lld x %lld dst per channel, %lld blocks (%lld planes x %lld channels x %lld rows x "
      "%lld columns), packing %016llx (%lld bytes%s), workspace %lld bytes, %s%s",
      kernels::list[d.kernel].name, simd::isa::name, static_cast<long long>(d.dst_h),
      static_cast<long long>(d.dst_w),
      static_cast<long long>(task_count(d)), static_cast<long long>(d.outer_step),
      static_cast<long long>(d.channel_step), static_cast<long long>(d.row_step),
      static_cast<long long>(d.column_step), static_cast<unsigned long long>(d.packing_id),
      static_cast<long long>(d.packed_bytes), d.reads_raw_filter ? ", raw filter accepted" : "",
      static_cast<long long>(d.workspace) * d.workers, d.reason, algorithm);
  return n > 0 ? static_cast<size_t>(n) : 0;
}

}  // namespace detail
SWCONV_END_NAMESPACE
