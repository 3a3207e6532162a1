# SPDX-License-Identifier: MIT
# `cpack -G DEB` in the build directory: libswconv<ABI>, libswconv-dev, swconv-tools.
# scripts/package configures, builds and calls it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME swconv)
set(CPACK_PACKAGE_CONTACT "The swconv authors <swconv@localhost>")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime dev)
if(TARGET swconv_tool)
  list(APPEND CPACK_COMPONENTS_ALL tools)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_COMPONENT_DEV_DEPENDS runtime)
set(CPACK_COMPONENT_TOOLS_DEPENDS runtime)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libswconv${header_ABI_VERSION})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Sliding-window convolution and pooling on CPUs
 The shared libraries: kernels for several instruction sets, chosen at run
 time, and threads by OpenMP.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libswconv-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS libxsimd-dev) # for the header-only form
set(CPACK_COMPONENT_DEV_DESCRIPTION "Sliding-window convolution and pooling, for development
 The C ABI, the header-only C++ library, and files for CMake and pkg-config.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME swconv-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "Sliding-window convolution and pooling, command line
 What the library makes of a machine and of a layer; filters for images.")

# Every package has its copyright where Debian looks for it.
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}
          COMPONENT ${component} RENAME copyright)
endforeach()
include(CPack)
