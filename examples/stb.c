/* SPDX-License-Identifier: MIT */
/* The code of stb's two headers, compiled once. */
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>
