# SPDX-License-Identifier: MIT
# Our own targets are built without a warning; consumers are not bothered with that.
function(swconv_warnings target)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow $<$<BOOL:${SWCONV_WERROR}>:-Werror>)
endfunction()
