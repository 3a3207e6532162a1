// SPDX-License-Identifier: MIT
#include "layer.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace swconv_bench {
namespace {

/// Number of windows along one axis (ONNX, PyTorch).
int64_t extent(int64_t in, int64_t k, int64_t stride, int64_t dilation, int64_t begin, int64_t end,
               bool ceil_mode) {
  const int64_t room = in + begin + end - dilation * (k - 1) - 1;
  if (room < 0) return 0;
  int64_t count = room / stride + 1;
  if (ceil_mode && room % stride != 0 && count * stride < in + begin) ++count;
  return count;
}

/// Taps inside src, over all windows of one axis.
double axis_taps(int64_t out, int64_t in, int64_t k, int64_t stride, int64_t dilation,
                 int64_t begin) {
  int64_t taps = 0;
  for (int64_t o = 0; o < out; ++o)
    for (int64_t t = 0; t < k; ++t) {
      const int64_t i = o * stride - begin + t * dilation;
      taps += i >= 0 && i < in;
    }
  return double(taps);
}

/// Elements of one axis of src that some window touches.
int64_t axis_touched(int64_t out, int64_t in, int64_t k, int64_t stride, int64_t dilation,
                     int64_t begin) {
  std::vector<bool> touched(static_cast<size_t>(in));
  for (int64_t o = 0; o < out; ++o)
    for (int64_t t = 0; t < k; ++t) {
      const int64_t i = o * stride - begin + t * dilation;
      if (i >= 0 && i < in) touched[size_t(i)] = true;
    }
  return std::count(touched.begin(), touched.end(), true);
}

std::vector<std::string> split(const std::string &line) {
  std::vector<std::string> fields;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) {
    const auto last = field.find_last_not_of(" \t\r");
    fields.push_back(field.substr(0, last + 1));
  }
  return fields;
}

int64_t number(const csv_row &row, const std::string &path, const char *column, int64_t lowest) {
  const auto at = row.find(column);
  if (at == row.end()) throw std::runtime_error(path + ": no column '" + column + "'");
  size_t used = 0;
  int64_t value = 0;
  try {
    value = std::stoll(at->second, &used);
  } catch (const std::exception &) {
  }
  if (used == 0 || used != at->second.size() || value < lowest)
    throw std::runtime_error(path + ", " + row.at("name") + ": " + column + " is '" + at->second +
                             "'");
  return value;
}

/// The columns that convolution and pooling share.
layer common(const csv_row &row, const std::string &path) {
  layer l;
  if (!row.count("name")) throw std::runtime_error(path + ": no column 'name'");
  l.name = row.at("name");
  if (row.count("network")) l.network = row.at("network");
  const auto positive = [&](const char *column) { return number(row, path, column, 1); };
  const auto pad = [&](const char *column) { return number(row, path, column, 0); };
  l.n = positive("n"), l.h = positive("h"), l.w = positive("w");
  l.kh = positive("kh"), l.kw = positive("kw"), l.sh = positive("sh"), l.sw = positive("sw");
  l.pt = pad("pt"), l.pl = pad("pl"), l.pb = pad("pb"), l.pr = pad("pr");
  l.dh = positive("dh"), l.dw = positive("dw");
  return l;
}

void require_result(const layer &l, const std::string &path) {
  if (l.oh() < 1 || l.ow() < 1)
    throw std::runtime_error(path + ", " + l.name + ": the window exceeds the padded input");
}

}  // namespace

int64_t layer::oh() const { return extent(h, kh, sh, dh, pt, pb, ceil_mode); }
int64_t layer::ow() const { return extent(w, kw, sw, dw, pl, pr, ceil_mode); }

double layer::needed_taps() const {
  return double(n * oc * ic_per_group()) * axis_taps(oh(), h, kh, sh, dh, pt) *
         axis_taps(ow(), w, kw, sw, dw, pl);
}

double layer::needed_reads() const {
  const int64_t rows = axis_touched(oh(), h, kh, sh, dh, pt);
  const int64_t cols = axis_touched(ow(), w, kw, sw, dw, pl);
  return 4.0 * double(filter_size() + n * ic * rows * cols);
}

std::string layers_as_csv(const std::vector<layer> &layers) {
  std::ostringstream text;
  text << "name,class,network,op,n,ic,oc,h,w,oh,ow,kh,kw,sh,sw,dh,dw,groups,taps,reads,writes\n";
  for (const layer &l : layers) {
    const char *op = l.op == operation::conv ? "conv" : l.op == operation::max_pool ? "max" : "avg";
    text << l.name << ',' << l.category << ',' << l.network << ',' << op;
    for (const int64_t n :
         {l.n, l.ic, l.oc, l.h, l.w, l.oh(), l.ow(), l.kh, l.kw, l.sh, l.sw, l.dh, l.dw, l.groups,
          int64_t(l.needed_taps()), int64_t(l.needed_reads()), int64_t(l.written())})
      text << ',' << n;
    text << '\n';
  }
  return text.str();
}

std::vector<csv_row> read_csv(const std::string &path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::string line;
  std::getline(file, line);
  const auto columns = split(line);
  std::vector<csv_row> rows;
  while (std::getline(file, line)) {
    const auto fields = split(line);
    if (fields.empty() || fields[0].empty() || fields[0][0] == '#') continue;
    csv_row row;
    for (size_t i = 0; i < columns.size(); ++i)
      row[columns[i]] = i < fields.size() ? fields[i] : "";
    rows.push_back(row);
  }
  return rows;
}

std::vector<layer> read_conv_layers(const std::string &path) {
  std::vector<layer> layers;
  for (const auto &row : read_csv(path)) {
    layer l = common(row, path);
    l.category = row.count("class") ? row.at("class") : "conv";
    l.ic = number(row, path, "ic", 1), l.oc = number(row, path, "oc", 1);
    l.groups = number(row, path, "groups", 1);
    if (l.ic % l.groups || l.oc % l.groups)
      throw std::runtime_error(path + ", " + l.name + ": groups do not divide the channels");
    require_result(l, path);
    layers.push_back(l);
  }
  return layers;
}

std::vector<layer> read_pool_layers(const std::string &path) {
  std::vector<layer> layers;
  for (const auto &row : read_csv(path)) {
    layer l = common(row, path);
    const std::string op = row.count("op") ? row.at("op") : "";
    if (op != "max" && op != "avg")
      throw std::runtime_error(path + ", " + l.name + ": op is '" + op + "', not max or avg");
    l.op = op == "max" ? operation::max_pool : operation::avg_pool;
    l.category = op + "_pool";
    l.ic = l.oc = l.groups = number(row, path, "c", 1);
    l.ceil_mode = number(row, path, "ceil_mode", 0) != 0;
    l.count_include_pad = number(row, path, "count_include_pad", 0) != 0;
    require_result(l, path);
    layers.push_back(l);
  }
  return layers;
}

}  // namespace swconv_bench
