# SPDX-License-Identifier: MIT
# The instruction sets of this build and their compiler flags. No other file names such flags.
#
# A new instruction set: one line here, one file in src/kernels/, one predicate in
# src/dispatch/cpu.hpp (docs/isa-safety.md).

# Each level starts from the architecture's baseline, so that -march in CMAKE_CXX_FLAGS cannot
# raise it: later flags win. The levels are complete; the tag in namespace.hpp spells them out.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  set(SWCONV_ISAS avx512 avx2 sse2)
  set(baseline -march=x86-64 -mtune=generic)
  set(SWCONV_FLAGS_sse2 ${baseline})
  set(SWCONV_FLAGS_avx2 ${baseline} -mavx2 -mfma)
  set(SWCONV_FLAGS_avx512 ${SWCONV_FLAGS_avx2} -mavx512f -mavx512vl -mavx512bw -mavx512dq)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(SWCONV_ISAS neon)
  set(baseline -march=armv8-a)
  set(SWCONV_FLAGS_neon ${baseline})
else()
  set(SWCONV_ISAS portable)
  set(baseline)
  set(SWCONV_FLAGS_portable)
endif()
set(SWCONV_FLAGS_baseline ${baseline})
# A build that needs not all of them (sanitisers, mutations) says which.
set(SWCONV_ONLY_ISAS "" CACHE STRING "Build these instruction sets only; empty: all")
if(SWCONV_ONLY_ISAS)
  foreach(isa IN LISTS SWCONV_ONLY_ISAS)
    if(NOT isa IN_LIST SWCONV_ISAS)
      message(FATAL_ERROR "Unknown instruction set ${isa}")
    endif()
  endforeach()
  set(SWCONV_ISAS ${SWCONV_ONLY_ISAS})
endif()
# Scalar lanes that count what they do: for tests only.
set(SWCONV_FLAGS_counting ${baseline} -DSWCONV_ARCH_COUNTING=1)

# How kernels are compiled wherever they are: in the library and in tests of the header-only form.
# Contraction is off because kernels say themselves where they fuse (docs/numerics.md).
# Nothing unwinds through a kernel: unwind tables would be a thirtieth of the library. Nor does what is
# reached by jumps alone have to be aligned, another hundredth; clang does not align it.
set(SWCONV_KERNEL_FLAGS -fno-exceptions -fno-asynchronous-unwind-tables -fno-rtti -ffp-contract=off
                        $<$<CXX_COMPILER_ID:GNU>:-falign-jumps=1>
                        $<$<CONFIG:Release,RelWithDebInfo>:-O2>)
# Of the x86 baseline, a fallback for machines of before 2013, a small library matters more than speed.
set(SWCONV_SMALL_sse2 $<$<CONFIG:Release,RelWithDebInfo>:-Os>)

# Compile a target for one instruction set, or for `baseline`.
function(swconv_compile_for target isa)
  if(NOT DEFINED SWCONV_FLAGS_${isa})
    message(FATAL_ERROR "Unknown instruction set ${isa}")
  endif()
  target_compile_options(${target} PRIVATE ${SWCONV_FLAGS_${isa}})
endfunction()
