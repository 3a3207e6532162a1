/* SPDX-License-Identifier: MIT */
/* Puts swconv behind the Convolution and Pooling layers of every cv::dnn::Net that first runs
 * afterwards (OpenCV makes layers then, not when a model is read).
 *
 * C functions, so that a program in another language can load the library and call them. Networks
 * that ran already keep their layers. Call them while no other thread runs a new network. */
#ifndef SWCONV_OPENCV_H
#define SWCONV_OPENCV_H

#ifdef __cplusplus
extern "C" {
#endif

/* `fast`: fewer multiplications, see docs/fast.md. */
__attribute__((visibility("default"))) void swconv_opencv_register(int fast);
/* Back to OpenCV's own layers. */
__attribute__((visibility("default"))) void swconv_opencv_unregister(void);
/* How many layers have run on swconv in this process: to see that it is in use. */
__attribute__((visibility("default"))) unsigned long long swconv_opencv_runs(void);

#ifdef __cplusplus
}
#endif

#endif
