// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <algorithm>

namespace swconv_bench {

session::session(std::vector<layer> layers, std::vector<const variant_kind *> kinds, settings s,
                 machine yardstick, published_times published)
    : layers_(std::move(layers)),
      kinds_(std::move(kinds)),
      settings_(std::move(s)),
      machine_(std::move(yardstick)),
      published_(std::move(published)),
      wanted_(layers_.size(), std::vector<bool>(kinds_.size(), true)),
      results_(layers_.size()) {}

const measurement &session::at(size_t index, size_t kind) {
  auto &results = results_.at(index);
  if (results.empty()) {
    if (!settings_.verify_only) machine_.follow_clock();
    std::vector<const variant_kind *> wanted;
    for (size_t k = 0; k < kinds_.size(); ++k)
      if (wanted_[index][k]) wanted.push_back(kinds_[k]);
    const auto measured = measure_layer(layers_[index], wanted, settings_);
    results.resize(kinds_.size());
    for (size_t k = 0, next = 0; k < kinds_.size(); ++k)
      if (wanted_[index][k]) results[k] = measured[next++];
  }
  return results.at(kind);
}

double session::flops(size_t index, size_t kind) {
  const double time = at(index, kind).min;
  const double taps = layers_[index].needed_taps() * (layers_[index].pool() ? 1 : 2);
  return time > 0 ? taps / time : 0;
}

double session::share(size_t index, size_t kind) {
  const double time = at(index, kind).min;
  const bool ours = std::string(kinds_[kind]->name).rfind("swconv", 0) == 0;
  return time > 0 ? machine_.ideal_seconds(layers_[index], ours ? settings_.isa : "") / time : 0;
}

double session::published(size_t index, size_t kind) const {
  const auto row = published_.rows.find(layers_[index].name);
  if (published_.peak == 0 || settings_.threads != 1 || row == published_.rows.end()) return 0;
  const auto cell = row->second.find(kinds_[kind]->published);
  if (cell == row->second.end() || cell->second.empty()) return 0;
  return std::stod(cell->second) * 1e-3 * published_.peak / machine_.peak_of("").flops;
}

bool session::handicapped(size_t index, size_t kind) {
  const double expected = published(index, kind);
  return expected > 0 && at(index, kind).min > 1.1 * expected;
}

double session::counted(size_t index, size_t kind) {
  return handicapped(index, kind) ? published(index, kind) : at(index, kind).min;
}

}  // namespace swconv_bench
