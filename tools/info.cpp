// SPDX-License-Identifier: MIT
// swconv info: what is here, and what the library makes of it.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "../src/dispatch/cpu.hpp"
#include "command.hpp"
#include "machine.hpp"

namespace swconv_tool {
namespace {

namespace dispatch = swconv::dispatch;

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0 || line.rfind("CPU part", 0) == 0)
      return line.substr(line.find(':') + 2);
  return "unknown";
}

template <int N>
std::string missing_of(const dispatch::cpu_features &cpu,
                       const dispatch::cpu_requirement (&level)[N]) {
  std::string names;
  for (const auto &r : level)
    if (!dispatch::meets(cpu, r)) names += (names.empty() ? "" : ", ") + std::string(r.name);
  return names;
}

/// What keeps this CPU from an instruction set of the build; "" if that is not known here.
std::string missing_for(const std::string &isa) {
  const auto cpu = dispatch::detect_cpu();
  std::string names;
  if (isa == "avx2" || isa == "avx512") names = missing_of(cpu, dispatch::avx2_level);
  if (isa == "avx512") {
    const auto more = missing_of(cpu, dispatch::avx512_level);
    if (!names.empty() && !more.empty()) names += ", ";
    names += more;
  }
  return names;
}

void print_isas() {
  const char *usable[16] = {};
  const size_t count = std::min<size_t>(swconv_isas(usable, 16), 16);
  swconv::linked::plan plan;
  const char *chosen = "";
  swconv::error error;
  const auto status = plan.make(swconv::conv_params::conv2d(1, 1, 8, 8, 1, 3, 3), nullptr, &error);
  const auto info = plan.info();
  if (status == swconv::status::ok) chosen = info.isa;
  std::istringstream built(SWCONV_TOOL_ISAS);
  const char *title = "sets";
  for (std::string isa; built >> isa; title = "") {
    bool here = false;
    for (size_t i = 0; i < count; ++i) here |= isa == usable[i];
    std::printf("%-11s %-8s ", title, isa.c_str());
    if (!here)
      std::printf("not here: this machine lacks %s\n",
                  missing_for(isa).empty() ? isa.c_str() : missing_for(isa).c_str());
    else
      std::printf("%s, %zu kernels\n", isa == chosen ? "chosen" : "available",
                  swconv_kernels(isa.c_str(), nullptr, 0));
  }
  for (const char *name : {"SWCONV_FORCE_ISA", "SWCONV_FORCE_KERNEL"})
    if (const char *value = std::getenv(name))
      std::printf("%-11s %s=%s\n", "environment", name, value);
  require(status, error);
}

void print_caches() {
  const struct {
    const char *name;
    int key;
  } caches[] = {{"L1d", _SC_LEVEL1_DCACHE_SIZE},
                {"L2", _SC_LEVEL2_CACHE_SIZE},
                {"L3", _SC_LEVEL3_CACHE_SIZE}};
  std::printf("%-11s", "caches");
  for (const auto &cache : caches) {
    const long bytes = sysconf(cache.key);
    if (bytes <= 0) continue;
    const bool mega = bytes >= 1 << 20;
    std::printf(" %s %ld %s,", cache.name, bytes / (mega ? 1 << 20 : 1 << 10),
                mega ? "MiB" : "KiB");
  }
  std::printf(" line %ld bytes\n", sysconf(_SC_LEVEL1_DCACHE_LINESIZE));
}

void print_kernels(const std::string &isa) {
  const char *names[256] = {};
  const size_t count =
      std::min<size_t>(swconv_kernels(isa.empty() ? nullptr : isa.c_str(), names, 256), 256);
  for (size_t i = 0; i < count; ++i) std::printf("%-11s %s\n", i == 0 ? "kernels" : "", names[i]);
}

}  // namespace

void add_info(CLI::App &app) {
  auto *command = app.add_subcommand(
      "info", "the CPU, its instruction sets and caches, what the library chose and why");
  static bool measure = false, kernels = false;
  command->add_flag("--measure", measure,
                    "also the clock, the peak of each instruction set and the rates of memory "
                    "(a few seconds)");
  command->add_flag("--kernels", kernels, "also the names of the kernels");
  command->footer(
      "The library takes the first set that this machine has completely.\n"
      "SWCONV_FORCE_ISA and SWCONV_FORCE_KERNEL override it.");
  command->callback([] {
    const auto v = swconv_version();
    std::printf("%-11s %u.%u.%u, ABI %u\n", "swconv", v / 1000000, v / 1000 % 1000, v % 1000,
                swconv_abi_version());
    std::printf("%-11s %s, %s\n", "build", SWCONV_TOOL_COMPILER, SWCONV_TOOL_BUILD);
    std::printf("%-11s %s, %ld usable\n", "cpu", cpu_name().c_str(), sysconf(_SC_NPROCESSORS_ONLN));
    print_caches();
    print_isas();
    if (kernels) print_kernels("");
    if (measure) {
      swconv_bench::pin_to_cpus(1);
      std::fputs(swconv_bench::machine(1, false).describe().c_str(), stdout);
    }
  });
}

}  // namespace swconv_tool
