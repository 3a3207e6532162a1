# SPDX-License-Identifier: MIT
# Our own targets are built without a warning; consumers are not bothered with that.
function(swconv_warnings target)
  target_compile_options(
    ${target}
    PRIVATE -Wall -Wextra -Wconversion -Wshadow $<$<BOOL:${SWCONV_WERROR}>:-Werror>
            # g++ 12 complains about "undefined" values inside its own AVX-512 intrinsics.
            $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)
endfunction()
