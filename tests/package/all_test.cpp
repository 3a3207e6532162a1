// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "all_in_one_file.hpp"

TEST_CASE("all three ways in one program and one file", "[all]") {
  REQUIRE(run_all_three_ways() == 0);
}
