# SPDX-License-Identifier: MIT
"""Every model of the benchmark and of the tests: where it is, and what it is fed at which size."""
import os

import numpy as np

import inputs
import networks


class Model:
    def __init__(self, name, source, feeds, sizes, own_weights):
        # `feeds(size)` gives the inputs; sizes[0] is the one that is measured.
        self.name, self.source, self.feeds, self.sizes = name, source, feeds, sizes
        self.own_weights = own_weights

    def bytes(self, size):
        if isinstance(self.source, str):
            with open(self.source, "rb") as file:
                return file.read()
        return self.source(size).SerializeToString()


def catalogue(models):
    """`models` is the folder that integrations/fetch fills."""
    i = inputs
    audio = lambda samples, rate: i.tones(samples, rate)[None]
    real = [
        ("ocr_detect", lambda s: {"x": i.nchw(i.page(*s), 1 / 255, 0.45, 0.225)},
         [(480, 640), (320, 256), (96, 736)]),
        ("ocr_read", lambda s: {"x": i.nchw(i.line(*s), 1 / 255, 0.5, 0.5)},
         [(48, 320), (48, 96), (48, 200)]),
        ("ocr_orient", lambda s: {"x": i.nchw(i.line(*s), 1 / 255, 0.5, 0.5)}, [(48, 192)]),
        ("detect_320n", lambda s: {"images": i.nchw(i.picture(models, *s))},
         [(320, 320), (160, 256)]),
        ("captcha_read", lambda s: {"input1": i.grey(i.line(*s))}, [(64, 192), (64, 100)]),
        ("captcha_detect", lambda s: {"images": i.nchw(i.picture(models, *s), 1)}, [(416, 416)]),
        ("classify_nsfw",
         lambda s: {"input:0": i.picture(models, *s)[None, :, :, ::-1] - np.float32(110)},
         [(224, 224)]),
        ("basic_pitch", lambda s: {"serving_default_input_2:0": audio(s, 22050)[:, :, None]},
         [43844]),
        ("swift_f0", lambda s: {"audio": audio(s, 16000), "fmin": np.array(50, np.float32),
                                "fmax": np.array(2000, np.float32)}, [16000, 5000]),
        ("silero_vad", lambda s: {"input": audio(s, 16000),
                                  "state": np.zeros((2, 1, 128), np.float32),
                                  "sr": np.array(16000, np.int64)}, [576]),
    ]
    result = [Model(name, os.path.join(models, name + ".onnx"), feeds, sizes, True)
              for name, feeds, sizes in real]
    image = lambda s: {"in": i.nchw(i.picture(models, s, s), 1 / 255, 0.5, 0.25)}
    rest = {
        "unet": (lambda s: {"in": i.grey(i.picture(models, s, s))}, [256, 96]),
        "hifi_gan": (lambda s: {"in": np.random.default_rng(3).standard_normal((1, 80, s))
                                .astype(np.float32)}, [32, 11]),
        "conv_tasnet": (lambda s: {"in": audio(s, 8000)[None]}, [16000, 4000]),
    }
    for name, build in networks.ALL.items():
        feeds, sizes = rest.get(name, (image, [224, 160]))
        result.append(Model(name, build, feeds, sizes, False))
    return result
