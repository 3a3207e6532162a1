# SPDX-License-Identifier: MIT
# `cmake --install`: headers, libraries, find_package(swconv) and pkg-config.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/swconv)
install(DIRECTORY include/swconv DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)

set(targets swconv swconv_headers)
set(modules swconv swconv-headers)
if(TARGET swconv_openmp)
  list(APPEND targets swconv_openmp)
  list(APPEND modules swconv-openmp)
endif()
install(TARGETS ${targets} EXPORT swconv-targets
        LIBRARY COMPONENT runtime NAMELINK_COMPONENT dev
        ARCHIVE COMPONENT dev)
install(EXPORT swconv-targets NAMESPACE swconv:: DESTINATION ${package_dir} COMPONENT dev)
configure_package_config_file(cmake/swconv-config.cmake.in swconv-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(swconv-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/swconv-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/swconv-config-version.cmake
        DESTINATION ${package_dir} COMPONENT dev)

# pkg-config files are relocatable as long as the library directory is where it was installed.
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(module IN LISTS modules)
  configure_file(cmake/${module}.pc.in ${module}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${module}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endforeach()
