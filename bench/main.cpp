// SPDX-License-Identifier: MIT
// swconv-bench: this library against its peers and against the limit of the machine.
// How it measures, and why so: docs/benchmarks.md.
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <regex>

#include "perturb.hpp"
#include "report.hpp"
#include "swconv/swconv.h"

#if SWCONV_BENCH_OPENBLAS
#include "baselines/openblas.hpp"
#endif

using namespace swconv_bench;

namespace {

struct arguments {
  std::vector<std::string> layer_files, pool_files, peers, variants;
  std::string filter, published = SWCONV_BENCH_SUITE "/peers_conv.csv",
                      targets = SWCONV_BENCH_SUITE "/targets.csv";
  double published_peak = 117.4;
  bool perturb = false, list_variants = false, list_isas = false, quick = false, strict = false,
       no_cold = false;
  settings how;
};

bool is_ours(const std::string &name) { return name.rfind("swconv", 0) == 0; }

/// `name` is one of `list`, or belongs to it as onednn_any does to onednn.
bool named(const std::string &name, const std::vector<std::string> &list) {
  for (const auto &item : list)
    if (name == item || name.rfind(item + "_", 0) == 0) return true;
  return false;
}

void require_known(const std::vector<std::string> &list) {
  for (const auto &item : list) {
    bool known = item == "none" || item == "all";
    for (const auto &kind : all_variants()) known |= named(kind.name, {item});
    if (!known) throw std::runtime_error("no variant '" + item + "' in this build");
  }
}

std::vector<const variant_kind *> chosen_variants(const arguments &a) {
  require_known(a.peers);
  require_known(a.variants);
  const bool all_peers = a.peers.empty() || a.peers[0] == "all";
  std::vector<const variant_kind *> kinds;
  for (const auto &kind : all_variants()) {
    const std::string name = kind.name;
    const bool wanted = a.variants.empty() ? is_ours(name) || all_peers || named(name, a.peers)
                                           : std::count(a.variants.begin(), a.variants.end(), name);
    if (wanted) kinds.push_back(&kind);
  }
  if (kinds.empty()) throw std::runtime_error("no variant is left");
  return kinds;
}

std::vector<layer> chosen_layers(const arguments &a) {
  std::vector<layer> all;
  for (const auto &file : a.layer_files)
    for (auto &l : read_conv_layers(file)) all.push_back(l);
  for (const auto &file : a.pool_files)
    for (auto &l : read_pool_layers(file)) all.push_back(l);
  const std::regex wanted(a.filter, std::regex::ECMAScript | std::regex::icase);
  std::vector<layer> kept;
  for (auto &l : all)
    if (std::regex_search(l.category + "/" + l.network + "/" + l.name, wanted)) kept.push_back(l);
  return a.perturb ? with_neighbours(kept) : kept;
}

void require_isa(const std::string &isa) {
  if (isa.empty()) return;
  const char *names[16] = {};
  const size_t count = std::min<size_t>(swconv_isas(names, 16), 16);
  std::string known;
  for (size_t i = 0; i < count; ++i) {
    if (isa == names[i]) return;
    known += std::string(" ") + names[i];
  }
  throw std::runtime_error("no instruction set '" + isa + "' here; there are:" + known);
}

published_times read_published(const arguments &a) {
  published_times p;
  if (a.published.empty() || a.published == "none") return p;
  for (const auto &row : read_csv(a.published)) p.rows[row.at("name")] = row;
  p.peak = a.published_peak * 1e9;
  return p;
}

void describe_machine(const machine &m, const arguments &a, int cpu, const std::string &openblas) {
  std::string text = m.describe();
  char line[200];
#if SWCONV_BENCH_OPENBLAS
  const double peak = m.peak_of("").flops;
  const double sgemm = sgemm_flops(1024, a.how.threads, a.quick ? 5 : 50, 0.95 * peak);
  const double of_peak = sgemm / peak;
  std::snprintf(line, sizeof line,
                "OpenBLAS     %.0f GFLOP/s at 1024^3, %.0f%% of the peak%s (%s)\n", sgemm / 1e9,
                100 * of_peak, of_peak < 0.9 ? ", expected at least 90%" : "", openblas.c_str());
  text += line;
  benchmark::AddCustomContext("openblas_kernels", openblas);
  benchmark::AddCustomContext("openblas_share_of_peak", std::to_string(of_peak));
#endif
  std::snprintf(line, sizeof line, "threads      %d%s%s\n", a.how.threads,
                cpu < 0 ? "" : ", pinned, first CPU ", cpu < 0 ? "" : std::to_string(cpu).c_str());
  text += line;
  std::snprintf(line, sizeof line, "cold         after walking through %.0f MiB\n",
                a.how.cold_bytes / (1 << 20));
  if (a.how.cold_samples > 0) text += line;
  (void)openblas;
  std::fputs(text.c_str(), stdout);

  for (const auto &p : m.peaks())
    benchmark::AddCustomContext("peak_gflops_" + p.isa, std::to_string(p.flops / 1e9));
  benchmark::AddCustomContext("clock_ghz", std::to_string(m.clock() / 1e9));
  benchmark::AddCustomContext("memory_rates", m.rates_as_text());
  benchmark::AddCustomContext("threads", std::to_string(a.how.threads));
  benchmark::AddCustomContext("isa", a.how.isa);
  benchmark::AddCustomContext("compiler", SWCONV_BENCH_COMPILER);
}

/// Takes what is ours out of the command line; the rest goes to Google Benchmark.
std::vector<std::string> parse(int argc, char **argv, arguments &a) {
  CLI::App app{
      "Convolution and pooling layers: this library, its peers, the limit of the machine."};
  app.footer(
      "Google Benchmark's flags (--benchmark_out=FILE, --benchmark_filter=REGEX, ...) are "
      "passed on.");
  app.allow_extras();
  app.add_option("--layers", a.layer_files,
                 "CSV file of convolutions (bench/suite/conv_layers.csv)");
  app.add_option("--pools", a.pool_files,
                 "CSV file of pooling layers (bench/suite/pool_layers.csv)");
  app.add_option("--filter", a.filter, "only layers whose class/network/name matches this regex")
      ->take_last();
  app.add_option("--threads", a.how.threads, "threads of every variant")
      ->check(CLI::PositiveNumber);
  app.add_option("--isa", a.how.isa, "instruction set of this library");
  app.add_option("--peers", a.peers, "others to compare with: names, all or none")->delimiter(',');
  app.add_option("--variants", a.variants, "exactly these variants; without a value, list them")
      ->delimiter(',')
      ->expected(0, -1);
  app.add_flag("--list-isas", a.list_isas, "print the instruction sets of this machine");
  app.add_flag("--perturb", a.perturb,
               "every convolution with sizes a little different: how far does its share drop?");
  app.add_flag("--verify", a.how.verify_only, "check every result, measure no time");
  app.add_flag("--quick", a.quick, "few short samples, for a smoke test");
  app.add_flag("--strict", a.strict, "a result beyond 103% of the limit is an error, too");
  app.add_flag("--no-cold", a.no_cold, "leave out the runs with cold caches");
  app.add_option("--benchmark_repetitions", a.how.samples, "samples of each variant")
      ->check(CLI::PositiveNumber);
  app.add_option("--benchmark_min_time", a.how.seconds, "seconds for the samples of each variant")
      ->check(CLI::PositiveNumber);
  app.add_option("--patience", a.how.patience,
                 "seconds to wait per layer, at most, while another machine uses the core")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--published", a.published, "CSV file of the peers' published times, or none");
  app.add_option("--targets", a.targets, "CSV file of the shares to reach by class, or none");
  app.add_option("--published-peak", a.published_peak, "GFLOP/s of the machine they are from");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &e) {
    std::exit(app.exit(e));
  }
  a.list_variants = app.count("--variants") > 0 && (a.variants.empty() || a.variants[0].empty());
  if (a.layer_files.empty() && a.pool_files.empty()) {
    a.layer_files = {SWCONV_BENCH_SUITE "/conv_layers.csv"};
    a.pool_files = {SWCONV_BENCH_SUITE "/pool_layers.csv"};
  }
  if (a.quick) {
    if (!app.count("--benchmark_repetitions")) a.how.samples = 3;
    if (!app.count("--benchmark_min_time")) a.how.seconds = 0.01;
    if (!app.count("--patience")) a.how.patience = 0;
    a.how.reference_taps = 5e6;
  }
  if (a.perturb) {  // thousands of layers, and this library only
    if (a.variants.empty()) a.variants = {"swconv"};
    if (!app.count("--benchmark_repetitions")) a.how.samples = 20;
    if (!app.count("--benchmark_min_time")) a.how.seconds = 0.03;
    if (!app.count("--patience")) a.how.patience = 1;
    a.how.reference_taps = 2e5;
  }
  if (a.quick || a.no_cold || a.perturb || a.how.verify_only) a.how.cold_samples = 0;
  a.how.cold_bytes = cold_walk_bytes();
  return app.remaining();
}

int run(int argc, char **argv) {
  std::string openblas;
#if SWCONV_BENCH_OPENBLAS
  openblas = ensure_openblas_kernels(argv);
#endif
  arguments a;
  auto rest = parse(argc, argv, a);
  if (a.list_variants) {
    for (const auto &kind : all_variants()) std::printf("%s\n", kind.name);
    return 0;
  }
  if (a.list_isas) {
    const char *names[16] = {};
    const size_t count = std::min<size_t>(swconv_isas(names, 16), 16);
    for (size_t i = 0; i < count; ++i) std::printf("%s\n", names[i]);
    return 0;
  }
  bool json = false, listing = false;
  std::vector<char *> flags = {argv[0]};
  for (auto &flag : rest) {
    flags.push_back(&flag[0]);
    json |= flag.rfind("--benchmark_out=", 0) == 0;
    listing |= flag.rfind("--benchmark_list_tests", 0) == 0;
  }
  int count = int(flags.size());
  flags.push_back(nullptr);
  benchmark::Initialize(&count, flags.data());
  if (benchmark::ReportUnrecognizedArguments(count, flags.data())) return 2;

  require_isa(a.how.isa);
  const auto layers = chosen_layers(a);
  if (layers.empty()) throw std::runtime_error("no layer matches '" + a.filter + "'");
  const int cpu = pin_to_cpus(a.how.threads);
  const machine yardstick(a.how.threads, a.quick || listing || a.how.verify_only);
  session work(layers, chosen_variants(a), a.how, yardstick, read_published(a));
  if (!listing) describe_machine(yardstick, a, cpu, openblas);
  benchmark::AddCustomContext("layers", layers_as_csv(layers));

  const registry registered(work, benchmark::GetBenchmarkFilter());
  if (registered.size() == 0) throw std::runtime_error("nothing is left to run");
  table_reporter table(work, registered);
  json_reporter file;
  if (json)
    benchmark::RunSpecifiedBenchmarks(&table, &file);
  else
    benchmark::RunSpecifiedBenchmarks(&table);
  const int failures = listing     ? 0
                       : a.perturb ? print_perturbed(work)
                                   : print_summary(work, read_targets(a.targets), a.strict);
  benchmark::Shutdown();
  return failures ? 1 : 0;
}

}  // namespace

int main(int argc, char **argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception &e) {
    std::fprintf(stderr, "swconv-bench: %s\n", e.what());
    return 2;
  }
}
