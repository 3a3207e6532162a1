// SPDX-License-Identifier: MIT
// Preloaded by scripts/emulate_avx512: Bochs 2.7 takes a gather or scatter whose index is one of
// zmm16 to zmm31 for an invalid instruction. When one is met, it is replaced by a jump to the same
// with a lower index, which is lent from a register that is put back. All else that is invalid goes
// to the program's own handler, or kills it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { DETOUR = 64, LONGEST_JUMP = 1 << 30, PAGE = 4096 };

// Memory for detours that a jump from `site` can reach.
static uint8_t *room_near(const uint8_t *site) {
  static uint8_t *next, *end;
  if (next == end || next - site > LONGEST_JUMP || site - next > LONGEST_JUMP) {
    const uintptr_t page = (uintptr_t)site & ~(uintptr_t)(PAGE - 1);
    next = MAP_FAILED;
    for (uintptr_t far = PAGE; next == MAP_FAILED && far < LONGEST_JUMP; far += 16 * PAGE)
      next = mmap((void *)(page + far), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (next == MAP_FAILED) return next = end = 0;
    end = next + PAGE;
  }
  next += DETOUR;
  return next - DETOUR;
}

static uint8_t *append(uint8_t *at, const void *bytes, size_t count) {
  memcpy(at, bytes, count);
  return at + count;
}

static uint8_t *append_jump(uint8_t *at, const uint8_t *target) {
  const int32_t distance = (int32_t)(target - (at + 5));
  *at++ = 0xe9;
  return append(at, &distance, sizeof distance);
}

/// True if the instruction at `site` is one of those and will be another when it comes again.
static int replaced(uint8_t *site) {
  uint8_t code[12];
  memcpy(code, site, sizeof code);
  const int opcode = code[4], mode = code[5] >> 6;
  const int gathers = opcode >= 0x90 && opcode <= 0x93, scatters = opcode >= 0xa0 && opcode <= 0xa3;
  if (code[0] != 0x62 || (code[1] & 0x0f) != 2 || !(gathers || scatters)) return 0;
  if (mode == 3 || (code[5] & 7) != 4 || (code[3] & 8)) return 0;
  const int displacement = mode == 1 ? 1 : mode == 2 || (code[6] & 7) == 5 ? 4 : 0;
  const size_t length = 7 + (size_t)displacement;

  const int data = (code[5] >> 3 & 7) | (~code[1] >> 4 & 8) | (~code[1] & 16);
  const int index = (code[6] >> 3 & 7) | (~code[1] >> 3 & 8) | 16;
  const uint8_t lent = data == 0;
  uint8_t *detour = room_near(site), *at = detour;
  if (!detour) return 0;
  // zmm`lent` to memory beyond what a function may use below its stack, and the index in its place.
  const uint8_t save[] = {0x62, 0xf1, 0xfe, 0x48, 0x7f, (uint8_t)(0x44 | lent << 3), 0x24, 0xfc};
  const uint8_t load[] = {0x62, 0xf1, 0xfe, 0x48, 0x6f, (uint8_t)(0x44 | lent << 3), 0x24, 0xfc};
  const uint8_t move[] = {0x62, (uint8_t)(0x91 | (index & 8 ? 0 : 0x20)), 0xfd, 0x48, 0x6f,
                          (uint8_t)(0xc0 | lent << 3 | (index & 7))};
  at = append(at, save, sizeof save);
  at = append(at, move, sizeof move);
  code[1] |= 0x40;
  code[3] |= 0x08;
  code[6] = (uint8_t)((code[6] & 0xc7) | lent << 3);
  at = append(at, code, length);
  at = append(at, load, sizeof load);
  append_jump(at, site + length);

  uint8_t *page = (uint8_t *)((uintptr_t)site & ~(uintptr_t)(PAGE - 1));
  if (mprotect(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0 &&
      mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    return 0;
  // In one store, for threads that are interrupted here: there is one processor.
  uint64_t jump;
  memcpy(&jump, site, sizeof jump);
  uint8_t bytes[8];
  append_jump(bytes, bytes + (detour - site));
  memcpy(&jump, bytes, 5);
  __atomic_store_n((uint64_t *)site, jump, __ATOMIC_SEQ_CST);
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

static void on_invalid(int number, siginfo_t *info, void *context) {
  (void)info;
  if (replaced((uint8_t *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP])) return;
  // The program's own way from now on: the instruction comes again.
  real_sigaction()(number, &programs_own, 0);
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
  action.sa_flags = SA_SIGINFO;
  real_sigaction()(SIGILL, &action, &programs_own);
}
