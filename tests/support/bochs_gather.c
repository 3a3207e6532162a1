// SPDX-License-Identifier: MIT
// Preloaded by scripts/emulate_avx512: Bochs 2.7 takes a gather or scatter whose index is one of
// zmm16 to zmm31 for an invalid instruction. Here the signal's handler does what the instruction
// says. All else that is invalid goes to the program's own handler, or kills it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

// Parts of the XSAVE area in its standard form: offsets, and bits of what is present.
enum { SSE_AT = 160, PRESENT_AT = 512, AVX_AT = 576, MASKS_AT = 1088, HIGH_AT = 1152, ZMM16_AT = 1664 };
enum { SSE = 2, AVX = 4, MASKS = 32, HIGH = 64, ZMM16 = 128 };

typedef union {
  uint8_t bytes[64];
  uint32_t lanes[16];
} vector;

// A part that is not present holds zeros, whatever is in memory. Which it is after, too.
static uint8_t *part(uint8_t *area, uint64_t bit, int at, size_t size) {
  uint64_t present;
  memcpy(&present, area + PRESENT_AT, sizeof present);
  if (!(present & bit)) memset(area + at, 0, size);
  present |= bit;
  memcpy(area + PRESENT_AT, &present, sizeof present);
  return area + at;
}

static void transfer(uint8_t *area, int number, vector *v, int write) {
  uint8_t *at[3] = {0};
  size_t size[3] = {16, 16, 32};
  if (number >= 16) {
    at[0] = part(area, ZMM16, ZMM16_AT, 1024) + 64 * (number - 16);
    size[0] = 64;
  } else {
    at[0] = part(area, SSE, SSE_AT, 256) + 16 * number;
    at[1] = part(area, AVX, AVX_AT, 256) + 16 * number;
    at[2] = part(area, HIGH, HIGH_AT, 512) + 32 * number;
  }
  uint8_t *bytes = v->bytes;
  for (int i = 0; i < 3 && at[i]; bytes += size[i++]) {
    if (write)
      memcpy(at[i], bytes, size[i]);
    else
      memcpy(bytes, at[i], size[i]);
  }
}

static uint64_t general(const greg_t *registers, int number) {
  static const int name[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                               REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                               REG_R12, REG_R13, REG_R14, REG_R15};
  return (uint64_t)registers[name[number]];
}

// Elements and indices of four bytes: vgatherdps, vpgatherdd, vscatterdps, vpscatterdd.
static int done(ucontext_t *context) {
  greg_t *registers = context->uc_mcontext.gregs;
  const uint8_t *code = (const uint8_t *)registers[REG_RIP];
  if (code[0] != 0x62 || (code[1] & 0x0f) != 2 || code[2] != 0x7d || (code[3] & 0x80)) return 0;
  const int gather = code[4] == 0x92 || code[4] == 0x90;
  if (!gather && code[4] != 0xa2 && code[4] != 0xa0) return 0;
  const int mode = code[5] >> 6, mask_number = code[3] & 7;
  if (mode == 3 || (code[5] & 7) != 4 || mask_number == 0 || (code[3] & 0x60) == 0x60) return 0;

  const int data = ((code[5] >> 3) & 7) | (~code[1] >> 4 & 8) | (~code[1] & 16);
  const int index = ((code[6] >> 3) & 7) | (~code[1] >> 3 & 8) | (~code[3] << 1 & 16);
  const int base = (code[6] & 7) | (~code[1] >> 2 & 8);
  const int no_base = mode == 0 && (code[6] & 7) == 5;
  uint64_t address = no_base ? 0 : general(registers, base);
  int length = 7;
  if (mode == 1) {
    address += (uint64_t)((int64_t)(int8_t)code[7] * 4);
    length += 1;
  } else if (mode == 2 || no_base) {
    int32_t displacement;
    memcpy(&displacement, code + 7, sizeof displacement);
    address += (uint64_t)(int64_t)displacement;
    length += 4;
  }

  uint8_t *area = (uint8_t *)context->uc_mcontext.fpregs;
  uint8_t *mask_at = part(area, MASKS, MASKS_AT, 64) + 8 * mask_number;
  uint64_t mask;
  memcpy(&mask, mask_at, sizeof mask);
  vector indices, values;
  transfer(area, index, &indices, 0);
  transfer(area, data, &values, 0);
  const int lanes = 4 << (code[3] >> 5 & 3);
  for (int i = 0; i < lanes; ++i) {
    if (!(mask >> i & 1)) continue;
    uint64_t offset = (uint64_t)(int64_t)(int32_t)indices.lanes[i] << (code[6] >> 6);
    void *element = (void *)(address + offset);
    if (gather)
      memcpy(&values.lanes[i], element, 4);
    else
      memcpy(element, &values.lanes[i], 4);
  }
  if (gather) {
    memset(values.lanes + lanes, 0, (size_t)(16 - lanes) * 4);
    transfer(area, data, &values, 1);
  }
  memset(mask_at, 0, 8);
  registers[REG_RIP] += length;
  return 1;
}

typedef int sigaction_function(int, const struct sigaction *, struct sigaction *);
static struct sigaction programs_own;

static sigaction_function *real_sigaction(void) {
  void *found = dlsym(RTLD_NEXT, "sigaction");
  sigaction_function *function;
  memcpy(&function, &found, sizeof function);
  return function;
}

static void on_invalid(int signal_number, siginfo_t *info, void *context) {
  if (done(context)) return;
  // The program's own way; the instruction comes again and there it is handled.
  (void)info;
  real_sigaction()(signal_number, &programs_own, 0);
}

int sigaction(int number, const struct sigaction *action, struct sigaction *before) {
  if (number != SIGILL) return real_sigaction()(number, action, before);
  if (before) *before = programs_own;
  if (action) programs_own = *action;
  return 0;
}

void (*signal(int number, void (*handler)(int)))(int) {
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  return sigaction(number, &action, &before) ? SIG_ERR : before.sa_handler;
}

__attribute__((constructor)) static void start(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_invalid;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  real_sigaction()(SIGILL, &action, &programs_own);
}
