# SPDX-License-Identifier: MIT
"""Real input for the models: pages with writing, a logo that a package ships, tones."""
import os

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def font(size):
    import matplotlib
    path = os.path.join(os.path.dirname(matplotlib.__file__), "mpl-data/fonts/ttf/DejaVuSans.ttf")
    for candidate in (path, "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"):
        if os.path.exists(candidate):
            return ImageFont.truetype(candidate, size)
    return ImageFont.load_default()


TEXT = ["Sliding windows", "The quick brown fox", "12 345 Main Street", "jumps over 7 lazy dogs"]


def page(height, width):
    """RGB, 0 to 255: a page with some lines of writing."""
    image = Image.new("RGB", (width, height), (250, 248, 240))
    draw = ImageDraw.Draw(image)
    size = max(12, height // 12)
    for i, y in enumerate(range(size // 2, height - size, 2 * size)):
        draw.text((size // 2 + 3 * i, y), TEXT[i % len(TEXT)], fill=(20, 20, 60), font=font(size))
    return np.asarray(image, np.float32)


def line(height, width):
    image = Image.new("RGB", (width, height), (240, 240, 240))
    ImageDraw.Draw(image).text((6, height // 8), TEXT[0], fill=(10, 10, 10),
                               font=font(height * 5 // 8))
    return np.asarray(image, np.float32)


def picture(models, height, width):
    """The logo on a gradient, with a few shapes: something to detect."""
    y, x = np.mgrid[0:height, 0:width]
    ground = np.stack([x * 255 / width, y * 255 / height, (x + y) % 255], -1).astype(np.uint8)
    image = Image.fromarray(ground)
    logo = Image.open(os.path.join(models, "logo.png")).convert("RGB")
    image.paste(logo.resize((width // 2, height // 2)), (width // 4, height // 4))
    ImageDraw.Draw(image).ellipse([5, 5, width // 4, height // 4], fill=(220, 170, 140))
    return np.asarray(image, np.float32)


def tones(samples, rate):
    """A short tune with overtones and a little noise."""
    t = np.arange(samples) / rate
    notes = 220 * 2 ** (np.array([0, 4, 7, 12, 7, 4]) / 12)
    frequency = notes[(t * 4).astype(int) % len(notes)]
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    wave = sum(np.sin(k * phase) / k for k in (1, 2, 3, 5)) * np.exp(-3 * (t * 4 % 1))
    return (0.3 * wave + 0.003 * np.random.default_rng(2).standard_normal(samples)).astype(np.float32)


def nchw(image, scale=1 / 255, shift=0.0, spread=1.0):
    return np.ascontiguousarray(((image * scale - shift) / spread).transpose(2, 0, 1)[None], np.float32)


def grey(image):
    return np.ascontiguousarray(image.mean(2)[None, None] / 255, np.float32)
