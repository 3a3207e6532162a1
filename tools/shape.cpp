// SPDX-License-Identifier: MIT
#include "shape.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

#include "parameters.hpp"

namespace swconv_tool {
namespace {

using swconv_bench::layer, swconv_bench::operation;

/// "1x72x56x56" as numbers, each at least `lowest`. The highest are far beyond any memory, and small
/// enough that the extents of a layer can be computed.
std::vector<int64_t> numbers(const std::string &text, const char *argument, int64_t lowest,
                             int64_t highest = INT32_MAX) {
  std::vector<int64_t> values;
  for (const auto &part : CLI::detail::split(text, 'x')) {
    int64_t value = 0;
    const char *const end = part.data() + part.size();
    const auto read = std::from_chars(part.data(), end, value);
    if (read.ec == std::errc::result_out_of_range || value > highest)
      throw CLI::ValidationError(
          argument, part + " is too large: sizes go up to " + std::to_string(highest));
    if (read.ec != std::errc() || read.ptr != end || value < lowest)
      throw CLI::ValidationError(argument, "'" + text + "' is not sizes joined by x, e.g. 3x3");
    values.push_back(value);
  }
  return values;
}

/// One number for both axes, or one for each.
void set_axes(const std::string &text, const char *argument, bool two, int64_t &h, int64_t &w) {
  if (text.empty()) return;
  const auto v = numbers(text, argument, 1);
  if (v.size() > (two ? 2u : 1u))
    throw CLI::ValidationError(argument, "'" + text + "' has too many sizes");
  w = v.back();
  if (two) h = v.front();
}

void set_pads(layer &l, const std::string &text, bool two) {
  if (text.empty()) return;
  if (text == "same") {
    swconv_error error;
    swconv_error_init(&error);
    auto params = conv_params_of(l);
    if (swconv_conv_pad_same_upper(&params, &error) != SWCONV_OK)
      throw CLI::ValidationError("--pad", error.message);
    l.pt = params.pad_begin[1], l.pl = params.pad_begin[2];
    l.pb = params.pad_end[1], l.pr = params.pad_end[2];
    return;
  }
  const auto v = numbers(text, "--pad", 0);
  if (v.size() == 1) {
    l.pl = l.pr = v[0];
    if (two) l.pt = l.pb = v[0];
  } else if (v.size() == 2 && two) {
    l.pt = l.pb = v[0], l.pl = l.pr = v[1];
  } else if (v.size() == 2) {
    l.pl = v[0], l.pr = v[1];
  } else if (v.size() == 4 && two) {
    l.pt = v[0], l.pl = v[1], l.pb = v[2], l.pr = v[3];
  } else {
    throw CLI::ValidationError("--pad", two ? "give one number, HxW, TOPxLEFTxBOTTOMxRIGHT or same"
                                            : "give one number, LEFTxRIGHT or same");
  }
}

std::string axes(int64_t h, int64_t w) {
  return h == w ? std::to_string(h) : std::to_string(h) + "x" + std::to_string(w);
}

}  // namespace

const std::vector<std::string> &operations() {
  static const std::vector<std::string> names = {"conv1d",    "conv2d",    "maxpool1d",
                                                 "maxpool2d", "avgpool1d", "avgpool2d"};
  return names;
}

layer parse_layer(const layer_text &text) {
  layer l;
  const bool two = text.operation.back() == 'd' && text.operation[text.operation.size() - 2] == '2';
  const size_t dims = two ? 4 : 3;
  l.name = text.operation;
  const auto src = numbers(text.src, "--src", 1, int64_t{1} << 40);
  if (src.size() != dims) throw CLI::ValidationError("--src", two ? "give NxCxHxW" : "give NxCxW");
  l.n = src[0], l.ic = src[1], l.w = src.back();
  if (two) l.h = src[2];
  if (text.operation.rfind("conv", 0) == 0) {
    if (text.filter.empty() || !text.window.empty())
      throw CLI::ValidationError("--filter", "a convolution needs it, and no --window");
    const auto filter = numbers(text.filter, "--filter", 1);
    if (filter.size() != dims)
      throw CLI::ValidationError(
          "--filter", two ? "give OUTxINxHxW, IN per group" : "give OUTxINxW, IN per group");
    l.oc = filter[0], l.kw = filter.back();
    if (two) l.kh = filter[2];
    l.groups = text.groups > 0 ? text.groups : std::max<int64_t>(1, l.ic / filter[1]);
    if (l.groups * filter[1] != l.ic || l.oc % l.groups != 0)
      throw CLI::ValidationError(
          "--filter",
          "its input channels times the groups must be the channels of --src, and the "
          "groups must divide its output channels");
  } else {
    if (text.window.empty() || !text.filter.empty() || text.groups > 0)
      throw CLI::ValidationError("--window", "pooling needs it, and no --filter or --groups");
    l.op = text.operation.rfind("max", 0) == 0 ? operation::max_pool : operation::avg_pool;
    l.oc = l.groups = l.ic;
    set_axes(text.window, "--window", two, l.kh, l.kw);
  }
  set_axes(text.stride, "--stride", two, l.sh, l.sw);
  set_axes(text.dilation, "--dilation", two, l.dh, l.dw);
  set_pads(l, text.pad, two);
  if (l.oh() < 1 || l.ow() < 1)
    throw CLI::ValidationError("--src", "the padded input is smaller than the window");
  return l;
}

std::string describe(const layer &l) {
  const auto tensor = [&](int64_t channels, int64_t h, int64_t w) {
    std::string text = std::to_string(l.n) + "x" + std::to_string(channels) + "x";
    if (l.name.find("2d") != std::string::npos) text += std::to_string(h) + "x";
    return text + std::to_string(w);
  };
  std::string text = tensor(l.ic, l.h, l.w) + " -> " + tensor(l.oc, l.oh(), l.ow());
  text +=
      (l.pool() ? ", window " : ", filter ") + std::to_string(l.kh) + "x" + std::to_string(l.kw);
  if (!l.unit_stride()) text += ", stride " + axes(l.sh, l.sw);
  if (l.dilated()) text += ", dilation " + axes(l.dh, l.dw);
  if (l.padded())
    text += ", pad " + std::to_string(l.pt) + " " + std::to_string(l.pl) + " " +
            std::to_string(l.pb) + " " + std::to_string(l.pr) + " (top left bottom right)";
  if (l.groups > 1 && !l.pool())
    text += ", " + std::to_string(l.groups) + " groups" +
            (l.ic_per_group() == 1 && l.oc_per_group() == 1 ? " (depthwise)" : "");
  return text;
}

}  // namespace swconv_tool
