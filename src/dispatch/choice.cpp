// SPDX-License-Identifier: MIT
#include "choice.hpp"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <swconv/failure.hpp>

#include "cpu.hpp"

namespace swconv {
namespace dispatch {
namespace {

struct candidate {
  const abi::isa_table *table;
  bool (*supported)(const cpu_features &);
};

// Best first, of those that this build holds. A new instruction set is an entry here and a
// predicate in cpu.hpp.
constexpr candidate candidates[] = {
#if defined(SWCONV_HAS_avx512)
    {&swconv_table_avx512, supports_avx512},
#endif
#if defined(SWCONV_HAS_avx2)
    {&swconv_table_avx2, supports_avx2},
#endif
#if defined(SWCONV_HAS_sse2)
    {&swconv_table_sse2, supports_baseline},
#endif
#if defined(SWCONV_HAS_neon)
    {&swconv_table_neon, supports_baseline},
#endif
#if defined(SWCONV_HAS_portable)
    {&swconv_table_portable, supports_baseline},
#endif
};
constexpr size_t candidate_count = sizeof candidates / sizeof candidates[0];

/// What is asked of the machine and the environment, once: later changes of the environment are
/// not seen, and no caller reads it while another writes it more than this one time.
struct process_facts {
  const abi::isa_table *usable[candidate_count + 1];  // NULL beyond the last
  char force_isa[64];                                 // empty: not set
  char force_kernel[64];
};

process_facts facts;
pthread_once_t facts_once = PTHREAD_ONCE_INIT;

void read_variable(const char *name, char (&value)[64]) noexcept {
  const char *text = getenv(name);
  snprintf(value, sizeof value, "%s", text != nullptr ? text : "");
}

const process_facts &get_facts() noexcept {
  pthread_once(&facts_once, [] {
    const cpu_features cpu = detect_cpu();
    size_t count = 0;
    for (const candidate &c : candidates)
      if (c.supported(cpu)) facts.usable[count++] = c.table;
    read_variable("SWCONV_FORCE_ISA", facts.force_isa);
    read_variable("SWCONV_FORCE_KERNEL", facts.force_kernel);
  });
  return facts;
}

// The texts below are bounded: a field, a cut name and a handful of names of ours always fit.

swconv_status report_unknown_isa(swconv_error *error, const char *field,
                                 const char *name) noexcept {
  if (error == nullptr) return SWCONV_INVALID_ARGUMENT;
  detail::report_failure(error, SWCONV_INVALID_ARGUMENT, field, 0, "");
  char *text = error->message;
  text += sprintf(text, "%s = \"%.64s\": no such instruction set here; there are", field, name);
  for (size_t i = 0; usable_table(i) != nullptr; ++i)
    text += sprintf(text, " %.15s", usable_table(i)->name);
  return SWCONV_INVALID_ARGUMENT;
}

swconv_status report_unknown_kernel(swconv_error *error, const char *field, const char *name,
                                    const char *isa) noexcept {
  if (error == nullptr) return SWCONV_INVALID_ARGUMENT;
  detail::report_failure(error, SWCONV_INVALID_ARGUMENT, field, 0, "");
  sprintf(error->message, "%s = \"%.64s\": no kernel of %.15s begins so", field, name, isa);
  return SWCONV_INVALID_ARGUMENT;
}

bool has_kernel(const abi::isa_table &table, const char *prefix) noexcept {
  for (size_t i = 0; i < table.kernel_count; ++i)
    if (strncmp(table.kernel_names[i], prefix, strlen(prefix)) == 0) return true;
  return false;
}

/// A wish and where it comes from; `name` is NULL if there is none.
struct wish {
  const char *name, *field;
};
wish wish_of(const char *option, const char *option_name, const char *variable,
             const char *variable_name) noexcept {
  if (option != nullptr) return {option, option_name};
  if (variable[0] != '\0') return {variable, variable_name};
  return {nullptr, nullptr};
}

}  // namespace

const abi::isa_table *usable_table(size_t index) noexcept {
  return index < candidate_count ? get_facts().usable[index] : nullptr;
}

const abi::isa_table *find_table(const char *name) noexcept {
  for (size_t i = 0; const abi::isa_table *table = usable_table(i); ++i)
    if (name == nullptr || strcmp(name, table->name) == 0) return table;
  return nullptr;
}

swconv_status choose(const swconv_plan_options *options, choice *result,
                     swconv_error *error) noexcept {
  const process_facts &f = get_facts();
  const wish isa = wish_of(options != nullptr ? options->force_isa : nullptr, "force_isa",
                           f.force_isa, "SWCONV_FORCE_ISA");
  const wish kernel = wish_of(options != nullptr ? options->force_kernel : nullptr, "force_kernel",
                              f.force_kernel, "SWCONV_FORCE_KERNEL");
  result->table = find_table(isa.name);
  result->force_kernel = kernel.name;
  if (result->table == nullptr) return report_unknown_isa(error, isa.field, isa.name);
  if (kernel.name != nullptr && !has_kernel(*result->table, kernel.name))
    return report_unknown_kernel(error, kernel.field, kernel.name, result->table->name);
  return SWCONV_OK;
}

}  // namespace dispatch
}  // namespace swconv
