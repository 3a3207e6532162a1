// SPDX-License-Identifier: MIT
#include "ep.hpp"

#include <algorithm>
#include <fstream>
#include <memory>

#include "kernel.hpp"

namespace swconv_ort {

provider::provider(const ort_apis &apis, const OrtLogger *logger, options chosen)
    : OrtEp{}, session_(apis, logger, std::move(chosen)) {
  ort_version_supported = api_version;
  OrtEp::GetName = [](const OrtEp *) noexcept { return provider_name; };
  OrtEp::GetCapability = [](OrtEp *self, const OrtGraph *source,
                            OrtEpGraphSupportInfo *support) noexcept {
    provider &p = *static_cast<provider *>(self);
    return guarded(*p.session_.apis().ort, [&] { p.get_capability(*source, *support); });
  };
  OrtEp::Compile = [](OrtEp *self, const OrtGraph **graphs, const OrtNode **fused, size_t count,
                      OrtNodeComputeInfo **infos, OrtNode **) noexcept {
    provider &p = *static_cast<provider *>(self);
    std::fill(infos, infos + count, nullptr);
    OrtStatus *status = guarded(*p.session_.apis().ort, [&] {
      for (size_t i = 0; i < count; ++i) p.compile(*graphs[i], *fused[i], infos[i]);
    });
    if (status != nullptr) {
      for (size_t i = 0; i < count; ++i) delete static_cast<kernel *>(infos[i]);
      std::fill(infos, infos + count, nullptr);
    }
    return status;
  };
  OrtEp::ReleaseNodeComputeInfos = [](OrtEp *self, OrtNodeComputeInfo **infos,
                                      size_t count) noexcept {
    static_cast<provider *>(self)->write_report(infos, count);
    for (size_t i = 0; i < count; ++i) delete static_cast<kernel *>(infos[i]);
  };
}

// Why a matched layer stays with the CPU provider after all; empty: it does not.
std::string provider::refuse(const match &m) const {
  const options &o = session_.chosen();
  // ONNX Runtime gives no output to a fused node that nobody reads.
  if (m.dst->readers.empty() && !m.dst->graph_output) return "nobody reads its result";
  shape src;
  const bool known = m.known_shape(src);
  if (!known) {
    // Any legal size will do to learn what swconv thinks of the rest.
    const layer_spec &s = m.spec;
    const auto extent = [&s](size_t axis) {
      return s.dilation[axis] > (int64_t{1} << 31) || s.window[axis] > (int64_t{1} << 31)
                 ? int64_t{1}
                 : s.dilation[axis] * (s.window[axis] - 1) + 32;
    };
    src = {1, s.pool ? 1 : s.groups * s.group_channels, s.spatial_dims == 2 ? extent(0) : 1,
           extent(1)};
  }
  try {
    const shape dst = layer::result(m.spec, src, o.fast);
    if (known && !m.spec.pool && layer::macs(m.spec, src, dst) < static_cast<double>(o.min_macs))
      return "smaller than min_macs";
  } catch (const std::exception &e) {
    return e.what();
  }
  return {};
}

void provider::get_capability(const OrtGraph &source, OrtEpGraphSupportInfo &support) {
  const ort_apis &apis = session_.apis();
  const options &o = session_.chosen();
  const graph g(apis, source);
  std::vector<bool> taken(g.nodes().size(), false);
  size_t claimed = 0, layers = 0;
  for (const auto &n : g.nodes()) {
    if (!is_served(*n) || !o.serves(n->op)) continue;
    match m = match_at(g, *n, taken);
    if (!m.nodes.empty()) {
      m.reason = refuse(m);
      if (!m.reason.empty()) m.nodes.clear();
    }
    if (m.nodes.empty()) {
      if (o.verbose > 0) session_.say("left " + n->op + " '" + n->name + "': " + m.reason);
      continue;
    }
    std::vector<const OrtNode *> infos;
    for (const node *part : m.nodes) {
      taken[part->index] = true;
      infos.push_back(part->info);
    }
    OrtNodeFusionOptions fusion{};
    fusion.ort_version_supported = api_version;
    fusion.drop_constant_initializers = true;  // they are packed, or copied
    check(*apis.ort, apis.ep->EpGraphSupportInfo_AddNodesToFuse(&support, infos.data(),
                                                                infos.size(), &fusion));
    claimed += infos.size();
    ++layers;
    if (o.verbose > 0)
      session_.say("claimed " + m.operators() + " '" + n->name + "' " + m.spec.text());
  }
  if (o.verbose > 0 && !g.nodes().empty())
    session_.say("claimed " + std::to_string(claimed) + " of " + std::to_string(g.nodes().size()) +
                 " nodes as " + std::to_string(layers) + " layers");
}

void provider::compile(const OrtGraph &source, const OrtNode &fused, OrtNodeComputeInfo *&result) {
  const graph g(session_.apis(), source);
  const std::vector<bool> none(g.nodes().size(), false);
  for (const auto &n : g.nodes()) {
    if (!is_served(*n)) continue;
    const match m = match_at(g, *n, none);
    if (m.nodes.size() != g.nodes().size())
      throw failure(ORT_FAIL, "swconv: a fused graph is not what was claimed: " + m.operators() +
                                  " " + m.reason);
    result = std::make_unique<kernel>(session_, g, m, fused).release();
    return;
  }
  throw failure(ORT_FAIL, "swconv: nothing to compile");
}

void provider::write_report(OrtNodeComputeInfo *const *infos, size_t count) const {
  if (session_.chosen().report.empty()) return;
  std::ofstream file(session_.chosen().report, std::ios::app);
  for (size_t i = 0; i < count; ++i) {
    const std::string line = static_cast<const kernel *>(infos[i])->report();
    if (!line.empty()) file << line << '\n';
  }
}

}  // namespace swconv_ort
