# SPDX-License-Identifier: MIT
# GTest::gtest and GTest::gtest_main: the installed library, or for another architecture its
# Debian source.
set(SWCONV_GOOGLETEST_SOURCE /usr/src/googletest CACHE PATH "GoogleTest's source, for cross builds")
if(CMAKE_CROSSCOMPILING)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW) # its options follow these variables
  set(INSTALL_GTEST OFF)
  set(BUILD_GMOCK OFF)
  set(BUILD_SHARED_LIBS OFF) # of this directory only: the test programs carry GoogleTest along
  add_subdirectory(${SWCONV_GOOGLETEST_SOURCE} ${CMAKE_CURRENT_BINARY_DIR}/googletest
                   EXCLUDE_FROM_ALL SYSTEM)
  foreach(library gtest gtest_main) # some versions bring these names along
    if(NOT TARGET GTest::${library})
      add_library(GTest::${library} ALIAS ${library})
    endif()
  endforeach()
else()
  find_package(GTest REQUIRED)
endif()
