// SPDX-License-Identifier: MIT
/// @file toy.hpp
/// A small, slow, right implementation, and the ways in which it can be told to be wrong. The
/// tests of the harness find out whether each of them is noticed.
#pragma once

namespace swconv_test {

enum class mistake {
  none,
  order,              ///< sums over columns before rows
  separate_rounding,  ///< multiplies and adds where it claims FMA
  padding_is_zero,    ///< multiplies padding by zero instead of leaving it out
  last_column,        ///< leaves the last column of wide rows unwritten
  wrong_group,        ///< reads the first group only
  scale_after_bias,   ///< scale · (acc + bias)
  residual_late,      ///< overwrites dst before it reads the residual there
  gap_written,        ///< one element beyond each row
  task_skipped,       ///< skips the last task of a split run
  dilated_stride,     ///< takes the dilation of columns for that of rows
  batch_bits,         ///< another rounding for the second image
  other_packing,      ///< its two kernels share an id, but not the layout
  nan_lost,           ///< max pooling ignores NaN
  pads_counted,       ///< average pooling always counts padding
  ceil_window,        ///< ceil_mode: does not drop a window that starts in the padding
  refuses_nothing,    ///< takes empty extents
  past_the_end        ///< writes one element beyond dst: a crash, or a broken canary
};

extern mistake toy_mistake;

}  // namespace swconv_test
