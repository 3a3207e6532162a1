// SPDX-License-Identifier: MIT
// The two variants of this library: linked (C ABI) and header-only.
#include "swconv/swconv.h"

#include <cstring>

#include "copies.hpp"
#include "isa/swconv_api.hpp"
#include "parameters.hpp"
#include "tensor.hpp"
#include "variant.hpp"
#if SWCONV_BENCH_OPENMP
#include "swconv/openmp.h"
#endif

namespace swconv_bench {
namespace {

const swconv_api linked = {
    nullptr,
    [](const swconv_conv_params *p, const swconv_plan_options *o, void **plan, swconv_error *e) {
      return swconv_conv_plan_create(p, o, nullptr, reinterpret_cast<swconv_plan **>(plan), e);
    },
    [](const swconv_pool_params *p, const swconv_plan_options *o, void **plan, swconv_error *e) {
      return swconv_pool_plan_create(p, o, nullptr, reinterpret_cast<swconv_plan **>(plan), e);
    },
    [](void *plan) { swconv_plan_destroy(static_cast<swconv_plan *>(plan)); },
    [](const void *plan, swconv_plan_info *info) {
      swconv_plan_get_info(static_cast<const swconv_plan *>(plan), info);
    },
    [](const void *plan, char *text, size_t capacity) {
      return swconv_plan_describe(static_cast<const swconv_plan *>(plan), text, capacity);
    },
    [](const void *plan, const void *filter, void *packed, size_t bytes, swconv_error *e) {
      return swconv_conv_pack(static_cast<const swconv_plan *>(plan), filter, packed, bytes, e);
    },
    [](const void *plan, const swconv_run_args *args, swconv_error *e) {
      return swconv_run(static_cast<const swconv_plan *>(plan), args, e);
    }};

/// The header-only form for the instruction set asked for, or the best of this CPU; or null.
const swconv_api *header_for(const std::string &isa) {
  const char *best = "";
  swconv_isas(&best, 1);
  const std::string wanted = isa.empty() ? best : isa;
  for (const auto *api : {
#define SWCONV_BENCH_ISA(isa) &swconv_bench_header_##isa,
#include "headers.inc"
#undef SWCONV_BENCH_ISA
       })
    if (wanted == api->isa) return api;
  return nullptr;
}

class swconv_variant : public variant {
 public:
  swconv_variant(const problem &p, const swconv_api &api, swconv_math math = SWCONV_STRICT)
      : api_(api), filter_(p.filter) {
    const layer &l = p.shape;
    swconv_error_init(&error_);
    swconv_plan_options options;
    swconv_plan_options_init(&options);
    options.max_threads = static_cast<uint32_t>(p.threads);
    if (!p.isa.empty() && !api.isa) options.force_isa = p.isa.c_str();
    if (l.pool()) {
      const auto params = pool_params_of(l);
      require(api.make_pool(&params, &options, &plan_, &error_));
    } else {
      auto params = conv_params_of(l);
      params.math = math;
      require(api.make_conv(&params, &options, &plan_, &error_));
    }
    swconv_plan_info_init(&info_);
    api.info(plan_, &info_);

    swconv_run_args_init(&args_);
    args_.src = p.src, args_.dst = p.dst;
    if (!l.pool() && info_.reads_raw_filter) {
      args_.filter = p.filter;
    } else if (info_.packed_bytes > 0) {
      packed_ = bytes(info_.packed_bytes);
      args_.packed_filter = packed_.data(), args_.packed_bytes = info_.packed_bytes;
    }
    workspace_ = bytes(info_.workspace_bytes);
    args_.workspace = info_.workspace_bytes ? workspace_.data() : nullptr;
    args_.workspace_bytes = info_.workspace_bytes;
#if SWCONV_BENCH_OPENMP
    if (p.threads > 1) {
      swconv_threads_init(&threads_);
      if (swconv_openmp_threads(&threads_, static_cast<uint32_t>(p.threads)) == SWCONV_OK)
        args_.threads = &threads_;
    }
#else
    if (p.threads > 1) throw declined("built without swconv::openmp");
#endif
  }
  ~swconv_variant() override { api_.destroy(plan_); }

  void pack() override {
    if (args_.packed_filter)
      require(api_.pack(plan_, filter_, packed_.data(), info_.packed_bytes, &error_));
  }
  void run() override {
    if (api_.run(plan_, &args_, &error_) != SWCONV_OK) throw std::runtime_error(error_.message);
  }
  size_t workspace_bytes() const override { return info_.workspace_bytes; }
  std::string describe() const override {
    char text[512];
    api_.describe(plan_, text, sizeof text);
    return text;
  }

 private:
  static tensor bytes(size_t count) { return tensor::aligned(int64_t(count + 3) / 4); }
  void require(swconv_status status) const {
    if (status == SWCONV_UNSUPPORTED) throw declined(error_.message);
    if (status != SWCONV_OK) throw std::runtime_error(error_.message);
  }

  const swconv_api &api_;
  const float *filter_;
  void *plan_ = nullptr;
  swconv_plan_info info_;
  swconv_run_args args_;
  swconv_error error_;
  swconv_threads threads_;
  tensor packed_, workspace_;
};

std::unique_ptr<variant> make_linked(const problem &p) {
  return std::make_unique<swconv_variant>(p, linked);
}

}  // namespace

void add_swconv(variant_list &list);
void add_swconv(variant_list &list) {
  list.push_back({"swconv", [](const problem &) { return true; }, &make_linked, ""});
  list.push_back({"swconv_fast", [](const problem &p) { return !p.shape.pool(); },
                  [](const problem &p) -> std::unique_ptr<variant> {
                    return std::make_unique<swconv_variant>(p, linked, SWCONV_FAST);
                  },
                  "", true});
  list.push_back({"swconv_header", [](const problem &p) { return header_for(p.isa) != nullptr; },
                  [](const problem &p) -> std::unique_ptr<variant> {
                    return std::make_unique<swconv_variant>(p, *header_for(p.isa));
                  },
                  ""});
  list.push_back({"swconv_copies", [](const problem &p) { return p.threads > 1; },
                  [](const problem &p) -> std::unique_ptr<variant> {
                    return std::make_unique<copies_variant>(p, &make_linked);
                  },
                  ""});
}

}  // namespace swconv_bench
