# SPDX-License-Identifier: MIT
# swconv_machine: measures what this machine can do at best, and knows what a layer needs at least.
# The benchmark and the command line tool share it.
include_guard(GLOBAL)

find_package(Threads REQUIRED)
add_library(swconv_machine STATIC EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/calm.cpp
                                                   ${PROJECT_SOURCE_DIR}/bench/layer.cpp
                                                   ${PROJECT_SOURCE_DIR}/bench/machine.cpp)
swconv_warnings(swconv_machine)
swconv_compile_for(swconv_machine baseline)
target_include_directories(swconv_machine PUBLIC ${PROJECT_SOURCE_DIR}/bench ${PROJECT_BINARY_DIR}/bench)
target_link_libraries(swconv_machine PUBLIC swconv::swconv Threads::Threads)

# swconv_isa_sources(<target> <list> <source> <sets>): `source` compiled once per instruction set.
# Such objects contain plain functions only, so nothing can leak from one to another. `list`.inc
# names them for the rest.
function(swconv_isa_sources target list source isas)
  set(inc "")
  foreach(isa IN LISTS isas)
    set(object swconv_bench_${source}_${isa})
    add_library(${object} OBJECT ${PROJECT_SOURCE_DIR}/bench/isa/${source}.cpp)
    target_link_libraries(${object} PRIVATE swconv::headers)
    target_include_directories(${object} PRIVATE ${PROJECT_BINARY_DIR}/bench)
    target_compile_definitions(${object} PRIVATE SWCONV_BENCH_ISA_NAME=${isa})
    target_compile_options(${object} PRIVATE ${SWCONV_KERNEL_FLAGS})
    set_target_properties(${object} PROPERTIES EXCLUDE_FROM_ALL ON)
    swconv_compile_for(${object} ${isa})
    swconv_warnings(${object})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
    string(APPEND inc "SWCONV_BENCH_ISA(${isa})\n")
  endforeach()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/bench/${list}.inc CONTENT "${inc}")
endfunction()
swconv_isa_sources(swconv_machine probes probe "${SWCONV_ISAS}")
