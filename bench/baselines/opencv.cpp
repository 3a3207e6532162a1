// SPDX-License-Identifier: MIT
// OpenCV's image filters: filter2D for convolutions of one channel, dilate for max pooling,
// boxFilter for average pooling. Unit stride only; pooling goes plane by plane.
//
// Without padding the source is a view of the first oh x ow pixels with the anchor at its origin:
// OpenCV then reads the pixels beyond the view and computes nothing that is thrown away.
#include <opencv2/imgproc.hpp>

#include <cmath>

#include "variant.hpp"

namespace swconv_bench {
namespace {

bool applies(const problem &p) {
  const layer &l = p.shape;
  const bool same = l.oh() == l.h && l.ow() == l.w;
  if (!l.unit_stride() || l.dilated() || l.ceil_mode || (l.padded() && !same)) return false;
  if (l.op == operation::conv) return l.ic == 1 && l.oc == 1;
  // A border of zeros is counted; a border that is left out is not to be had from boxFilter.
  return l.op == operation::max_pool || !l.padded() || l.count_include_pad;
}

class opencv : public variant {
 public:
  explicit opencv(const problem &p) : p_(p), l_(p.shape) {
    cv::setNumThreads(p.threads);
    const int kh = int(l_.kh), kw = int(l_.kw);
    filter_ = l_.op == operation::conv ? cv::Mat(kh, kw, CV_32F, const_cast<float *>(p.filter))
                                       : cv::Mat::ones(kh, kw, CV_8U);
  }
  void run() override {
    const int oh = int(l_.oh()), ow = int(l_.ow());
    const cv::Point anchor(int(l_.pl), int(l_.pt));
    for (int64_t plane = 0; plane < l_.n * l_.ic; ++plane) {
      const cv::Mat image(int(l_.h), int(l_.w), CV_32F,
                          const_cast<float *>(p_.src) + plane * l_.h * l_.w);
      const cv::Mat src = l_.padded() ? image : image(cv::Rect(0, 0, ow, oh));
      cv::Mat dst(oh, ow, CV_32F, p_.dst + plane * oh * ow);
      if (l_.op == operation::conv)
        cv::filter2D(src, dst, CV_32F, filter_, anchor, 0, cv::BORDER_CONSTANT);
      else if (l_.op == operation::max_pool)
        cv::dilate(src, dst, filter_, anchor, 1, cv::BORDER_CONSTANT);
      else
        cv::boxFilter(src, dst, CV_32F, filter_.size(), anchor, true, cv::BORDER_CONSTANT);
    }
  }

 private:
  problem p_;
  const layer &l_;
  cv::Mat filter_;
};

}  // namespace

void add_opencv(variant_list &list);
void add_opencv(variant_list &list) {
  list.push_back({"opencv", applies, make_variant<opencv>, ""});
}

}  // namespace swconv_bench
