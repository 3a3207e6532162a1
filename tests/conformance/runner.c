/* SPDX-License-Identifier: MIT */
/**
 * Replay the ONNX cases of one flat file (convert.py says how it looks) on every instruction set of
 * this machine, through the C ABI alone: once with the kernel that the plan chooses, and once with
 * each kernel that accepts the case. With SWCONV_TEST_QUICK set, as under an emulator, large cases
 * run with the plan's choice only.
 *
 * Usage: conformance FILE
 *
 * Maxima must be equal; sums may differ by TOLERANCE * (1 + |expected|), because the reference adds
 * in another order. Any failure, or an instruction set with an operator that no case ran, fails.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <swconv/swconv.h>

#define TOLERANCE 1e-5
enum { MAX_ISAS = 8, MAX_KERNELS = 256, GUARD = 16, LINE = 1024, ALIGNMENT = 64 };

static const char *const operators[] = {"Conv", "MaxPool", "AveragePool", "GlobalMaxPool",
                                        "GlobalAveragePool"};
enum { OPERATORS = sizeof operators / sizeof *operators };

/** One `run` line and the tensors behind it. */
struct test_case {
  int op;
  char name[256], padding[16];
  int64_t dims, ceil_mode, count_include_pad, batch, in_channels, out_channels, groups, has_bias;
  int64_t src_size[2], window[2], stride[2], dilation[2], begin[2], end[2], dst_size[2];
  size_t dst_count;
  float *src, *filter, *bias, *want;
};

static void die(const char *what, const char *detail) {
  fprintf(stderr, "conformance: %s: %s\n", what, detail);
  exit(2);
}

static void *not_null(void *p) {
  if (p == NULL) die("out of memory", "");
  return p;
}

/** For packed filters and workspace. */
static void *allocate_aligned(size_t bytes) {
  return not_null(aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT));
}

/** For tensors: not a byte more than asked for, so that sanitisers see accesses beyond. */
static float *allocate_tensor(size_t count) {
  return not_null(malloc(count > 0 ? count * sizeof(float) : 1));
}

static float *read_tensor(FILE *file, size_t count) {
  float *p = allocate_tensor(count);
  if (fread(p, sizeof *p, count, file) != count) die("truncated tensor", "");
  return p;
}

static int operator_index(const char *name) {
  for (int i = 0; i < OPERATORS; ++i)
    if (strcmp(operators[i], name) == 0) return i;
  die("unknown operator", name);
  return -1;
}

/** Parse what follows "run "; the tensors come next in the file. */
static void read_case(FILE *file, const char *line, struct test_case *c) {
  char op[32];
  int at = 0;
  if (sscanf(line, "%31s %255s %n", op, c->name, &at) != 2) die("bad line", line);
  c->op = operator_index(op);

  long long dims, value[21];
  int used = 0;
  line += at;
  if (sscanf(line, "%lld %15s%n", &dims, c->padding, &used) != 2) die("bad line", line);
  for (int i = 0; i < 21; ++i) {
    line += used;
    if (sscanf(line, "%lld%n", &value[i], &used) != 1) die("bad line", line);
  }
  c->dims = dims;
  int64_t *const scalars[] = {&c->ceil_mode,    &c->count_include_pad, &c->batch,   &c->in_channels,
                              &c->out_channels, &c->groups,            &c->has_bias};
  int64_t *const pairs[] = {c->src_size, c->window, c->stride,  c->dilation,
                            c->begin,    c->end,    c->dst_size};
  for (int i = 0; i < 7; ++i) {
    *scalars[i] = value[i];
    pairs[i][0] = value[7 + 2 * i];
    pairs[i][1] = value[8 + 2 * i];
  }

  const size_t src_plane = (size_t)(c->src_size[0] * c->src_size[1]);
  const size_t dst_plane = (size_t)(c->dst_size[0] * c->dst_size[1]);
  c->dst_count = (size_t)(c->batch * c->out_channels) * dst_plane;
  c->src = read_tensor(file, (size_t)(c->batch * c->in_channels) * src_plane);
  c->filter = NULL;
  c->bias = NULL;
  if (c->op == 0) {
    const int64_t taps = c->in_channels / c->groups * c->window[0] * c->window[1];
    c->filter = read_tensor(file, (size_t)(c->out_channels * taps));
    if (c->has_bias) c->bias = read_tensor(file, (size_t)c->out_channels);
  }
  c->want = read_tensor(file, c->dst_count);
}

static void free_case(struct test_case *c) {
  free(c->src);
  free(c->filter);
  free(c->bias);
  free(c->want);
}

/** Height and width into the last two of three axes. */
static void set_axes(int64_t axes[3], const int64_t pair[2]) {
  axes[1] = pair[0];
  axes[2] = pair[1];
}

static swconv_status plan_conv(const struct test_case *c, const swconv_plan_options *options,
                               swconv_plan **plan, swconv_error *error) {
  swconv_conv_params p;
  swconv_conv_params_init(&p);
  p.spatial_dims = (uint32_t)c->dims;
  p.batch = c->batch;
  p.in_channels = c->in_channels;
  p.out_channels = c->out_channels;
  p.groups = c->groups;
  set_axes(p.src_size, c->src_size);
  set_axes(p.filter_size, c->window);
  set_axes(p.stride, c->stride);
  set_axes(p.dilation, c->dilation);
  set_axes(p.pad_begin, c->begin);
  set_axes(p.pad_end, c->end);
  swconv_status status = SWCONV_OK;
  if (strcmp(c->padding, "SAME_UPPER") == 0) status = swconv_conv_pad_same_upper(&p, error);
  if (strcmp(c->padding, "SAME_LOWER") == 0) status = swconv_conv_pad_same_lower(&p, error);
  if (status != SWCONV_OK) return status;
  return swconv_conv_plan_create(&p, options, NULL, plan, error);
}

static swconv_status plan_pool(const struct test_case *c, const swconv_plan_options *options,
                               swconv_plan **plan, swconv_error *error) {
  swconv_pool_params p;
  swconv_pool_params_init(&p);
  p.spatial_dims = (uint32_t)c->dims;
  p.kind = strstr(operators[c->op], "Max") != NULL ? SWCONV_POOL_MAX : SWCONV_POOL_AVG;
  p.ceil_mode = (uint32_t)c->ceil_mode;
  p.count_include_pad = (uint32_t)c->count_include_pad;
  p.batch = c->batch;
  p.channels = c->in_channels;
  set_axes(p.src_size, c->src_size);
  set_axes(p.window, c->window);
  set_axes(p.stride, c->stride);
  set_axes(p.dilation, c->dilation);
  set_axes(p.pad_begin, c->begin);
  set_axes(p.pad_end, c->end);
  swconv_status status = SWCONV_OK;
  if (strcmp(c->padding, "SAME_UPPER") == 0) status = swconv_pool_pad_same_upper(&p, error);
  if (strcmp(c->padding, "SAME_LOWER") == 0) status = swconv_pool_pad_same_lower(&p, error);
  if (status != SWCONV_OK) return status;
  return swconv_pool_plan_create(&p, options, NULL, plan, error);
}

/** Pack the filter, run, free. */
static swconv_status run_plan(const struct test_case *c, const swconv_plan *plan,
                              const swconv_plan_info *info, float *dst, swconv_error *error) {
  swconv_run_args args;
  swconv_run_args_init(&args);
  args.src = c->src;
  args.bias = c->bias;
  args.dst = dst;
  args.workspace = allocate_aligned(info->workspace_bytes);
  args.workspace_bytes = info->workspace_bytes;
  void *packed = allocate_aligned(info->packed_bytes);
  swconv_status status = SWCONV_OK;
  if (c->filter != NULL) {
    status = swconv_conv_pack(plan, c->filter, packed, info->packed_bytes, error);
    args.packed_filter = packed;
    args.packed_bytes = info->packed_bytes;
  }
  if (status == SWCONV_OK) status = swconv_run(plan, &args, error);
  free(packed);
  free(args.workspace);
  return status;
}

static int same(float got, float want, int exact) {
  if (isnan(want)) return isnan(got);
  if (got == want) return 1;
  return !exact && fabs((double)got - want) <= TOLERANCE * (1 + fabs((double)want));
}

/** 1 if dst is as expected and its guard, NaN like dst before the run, was not written. */
static int check(const struct test_case *c, const float *dst) {
  const int exact = strstr(operators[c->op], "Max") != NULL;
  for (size_t i = 0; i < c->dst_count; ++i)
    if (!same(dst[i], c->want[i], exact)) {
      printf("  dst[%zu] = %.9g, expected %.9g\n", i, dst[i], c->want[i]);
      return 0;
    }
  for (size_t i = c->dst_count; i < c->dst_count + GUARD; ++i)
    if (!isnan(dst[i])) {
      printf("  dst[%zu] lies beyond dst and was written\n", i);
      return 0;
    }
  return 1;
}

/** Run a plan and compare: 1 if all is as expected. */
static int run_and_check(const struct test_case *c, const swconv_plan *plan,
                         const swconv_plan_info *info) {
  /* Before anything is written, for dst has the expected size. */
  if (info->dst_size[1] != c->dst_size[0] || info->dst_size[2] != c->dst_size[1]) {
    printf("  dst is %lld x %lld, expected %lld x %lld\n", (long long)info->dst_size[1],
           (long long)info->dst_size[2], (long long)c->dst_size[0], (long long)c->dst_size[1]);
    return 0;
  }
  const size_t count = c->dst_count + GUARD;
  float *dst = allocate_tensor(count);
  for (size_t i = 0; i < count; ++i) dst[i] = NAN;
  swconv_error error;
  swconv_error_init(&error);
  int passed = 0;
  if (run_plan(c, plan, info, dst, &error) == SWCONV_OK)
    passed = check(c, dst);
  else
    printf("  run: %s: %s\n", swconv_status_name(error.status), error.message);
  free(dst);
  return passed;
}

enum outcome { PASSED, FAILED, NOT_SERVED };

/** One case on one instruction set and kernel (NULL: the plan's choice). */
static enum outcome replay(const struct test_case *c, const char *isa, const char *kernel) {
  swconv_error error;
  swconv_error_init(&error);
  swconv_plan_options options;
  swconv_plan_options_init(&options);
  options.force_isa = isa;
  options.force_kernel = kernel;
  swconv_plan_info info;
  swconv_plan_info_init(&info);
  swconv_plan *plan = NULL;

  swconv_status status = c->op == 0 ? plan_conv(c, &options, &plan, &error)
                                    : plan_pool(c, &options, &plan, &error);
  if (status == SWCONV_OK) status = swconv_plan_get_info(plan, &info);

  enum outcome result = FAILED;
  if (kernel != NULL && status == SWCONV_UNSUPPORTED)
    result = NOT_SERVED;
  else if (status != SWCONV_OK)
    printf("  plan: %s: %s\n", swconv_status_name(status), error.message);
  else if (kernel != NULL && strcmp(kernel, info.kernel) != 0)
    result = NOT_SERVED; /* what is forced is a prefix: k3 may give k3s2, which has its own turn */
  else if (run_and_check(c, plan, &info))
    result = PASSED;
  if (result == FAILED)
    printf("FAILED %s on %s, kernel %s%s\n", c->name, isa, info.kernel != NULL ? info.kernel : "-",
           kernel != NULL ? " (forced)" : "");
  swconv_plan_destroy(plan);
  return result;
}

/** What an instruction set did. */
struct tally {
  const char *isa;
  const char *kernels[MAX_KERNELS];
  size_t kernel_count;
  int run[OPERATORS], failed[OPERATORS];
  int forced_run[MAX_KERNELS], forced_failed[MAX_KERNELS];
};

static int is_large(const struct test_case *c) {
  const double channels = c->op == 0 ? (double)(c->in_channels / c->groups) : 1;
  return channels * (double)c->dst_count * (double)(c->window[0] * c->window[1]) > 1e7;
}

static void replay_all(const struct test_case *c, struct tally *t) {
  ++t->run[c->op];
  t->failed[c->op] += replay(c, t->isa, NULL) == FAILED;
  if (is_large(c) && getenv("SWCONV_TEST_QUICK") != NULL) return;
  for (size_t k = 0; k < t->kernel_count; ++k) {
    const enum outcome o = replay(c, t->isa, t->kernels[k]);
    t->forced_run[k] += o != NOT_SERVED;
    t->forced_failed[k] += o == FAILED;
  }
}

/** Prints the counts; 1 if all is well. */
static int report(const struct tally *t) {
  int good = 1;
  for (int op = 0; op < OPERATORS; ++op) {
    printf("%-8s %-24s %5d run %5d failed\n", t->isa, operators[op], t->run[op], t->failed[op]);
    good &= t->run[op] > 0 && t->failed[op] == 0;
  }
  for (size_t k = 0; k < t->kernel_count; ++k) {
    printf("%-8s forced %-17s %5d run %5d failed\n", t->isa, t->kernels[k], t->forced_run[k],
           t->forced_failed[k]);
    good &= t->forced_failed[k] == 0;
  }
  return good;
}

int main(int argc, char **argv) {
  if (argc != 2) die("usage", "conformance FILE");
  FILE *file = fopen(argv[1], "rb");
  if (file == NULL) die("cannot open", argv[1]);
  static char line[LINE];
  if (fgets(line, LINE, file) == NULL || strcmp(line, "swconv-conformance 1\n") != 0)
    die("not a conformance file", argv[1]);

  const char *isas[MAX_ISAS];
  static struct tally tallies[MAX_ISAS];
  size_t isa_count = swconv_isas(isas, MAX_ISAS);
  if (isa_count > MAX_ISAS) isa_count = MAX_ISAS;
  for (size_t i = 0; i < isa_count; ++i) {
    struct tally *t = &tallies[i];
    t->isa = isas[i];
    t->kernel_count = swconv_kernels(t->isa, t->kernels, MAX_KERNELS);
    if (t->kernel_count > MAX_KERNELS) die("more kernels than MAX_KERNELS on", t->isa);
  }

  int cases = 0, left_out = 0;
  while (fgets(line, LINE, file) != NULL) {
    if (strncmp(line, "left_out ", 9) == 0) {
      printf("left out: %s", line + 9);
      ++left_out;
    } else if (strncmp(line, "run ", 4) == 0) {
      struct test_case c;
      read_case(file, line + 4, &c);
      for (size_t i = 0; i < isa_count; ++i) replay_all(&c, &tallies[i]);
      free_case(&c);
      ++cases;
    } else {
      die("bad line", line);
    }
  }
  fclose(file);

  int good = isa_count > 0;
  for (size_t i = 0; i < isa_count; ++i) good &= report(&tallies[i]);
  printf("%d cases on %zu instruction sets, %d left out: %s\n", cases, isa_count, left_out,
         good ? "passed" : "FAILED");
  return good ? 0 : 1;
}
