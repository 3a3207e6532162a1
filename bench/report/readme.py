#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts the figures of a run into the table of README.md, and prints the means its text quotes.

    bench/report/readme.py build/bench/report/main.json README.md
"""
import pathlib
import re
import sys

import data
from results import ms, number

PEERS = ('im2col_segmented', 'onednn_any', 'xnnpack')
# What the README calls them, in its order; the variant of swconv where it is not the strict one.
ROWS = [
    ('one channel 512×512, 3×3', 'filter_k3'),
    ('one channel 512×512, 9×9', 'filter_k9'),
    ('one channel 512×512, 49×49', 'filter_k49'),
    ('4 → 4 channels 256×256, 7×7', 'few4_k7'),
    ('signal of 262144, 9 taps', 'signal_k9'),
    ('signal of 262144, 257 taps', 'signal_k257'),
    ('Conv-TasNet depthwise 512, 3 taps, dilation 16', 'tasnet_dw_d16'),
    ('MobileNetV3 depthwise 16, 112×112, 3×3', 'mobilenetv3_dw16_112_k3s1'),
    ('MobileNetV3 depthwise 200, 14×14, 3×3', 'mobilenetv3_dw200_14_k3s1'),
    ('MobileNetV3 depthwise 960, 7×7, 5×5', 'mobilenetv3_dw960_7_k5s1'),
    ('RepLKNet depthwise 128, 56×56, 31×31', 'replknet_dw128_56_k31s1'),
    ('ResNet stem 3 → 64, 224×224, 7×7 / 2', 'resnet_stem'),
    ('ResNet 64 → 64, 56×56, 3×3', 'resnet_64_56'),
    ('the same with `math = fast`', 'resnet_64_56', 'swconv_fast'),
    ('ResNet 256 → 256, 14×14, 3×3', 'resnet_256_14'),
    ('ResNet 512 → 512, 7×7, 3×3', 'resnet_512_7'),
    ('RegNetY 144 in 9 groups, 28×28, 3×3', 'regnety_g_144_28'),
    ('pointwise 256 → 64, 56×56', 'pw_256_64_56'),
    ('pointwise 24 → 72, 56×56', 'pw_24_72_56'),
    ('pointwise 160 → 960, 7×7', 'pw_160_960_7'),
    ('max pooling 512×512, 3×3', 'max_sweep_k3'),
    ('global average 7×7, 960 channels', 'global_avg7'),
]


def row(run, label, name, variant=data.OURS):
    layer = run.by_name()[name]
    time = layer.times[variant]
    ratios = [layer.speedup(peer, variant) for peer in PEERS]
    return '| %s | %s | %.0f%% | %s |' % (label, ms(time.least), 100 * time.share,
                                          ' | '.join(map(number, ratios)))


def means(run):
    layers = run.convolutions()
    for peer in PEERS:
        found = [s for s in (l.speedup(peer) for l in layers) if s]
        print('%s: %.2f over %d layers, least %.2f, slower on %d' % (
            peer, data.geomean(found), len(found), min(found), sum(s < 1 for s in found)))
    for title, left_out in (('without OpenCV', {'opencv'}), ('with OpenCV', set())):
        best = [min(s for s in (l.speedup(v) for v in l.times if data.is_peer(v) and v not in left_out)
                    if s) for l in layers]
        print('fastest peer %s: %.2f' % (title, data.geomean(best)))


def main(result, readme):
    run = data.load(result)
    path = pathlib.Path(readme)
    text = path.read_text(encoding='utf-8')
    table = re.compile(r'(\| layer \| ms \| share .*\n\|[-|]+\n)(?:\|.*\n)+')
    text, count = table.subn(
        lambda m: m[1] + ''.join(row(run, *r) + '\n' for r in ROWS), text)
    text, commits = re.subn(r'These numbers are of commit \w+',
                            'These numbers are of commit %s' % run.context.get('commit', '?'), text)
    if count != 1 or commits != 1:
        sys.exit('%s: no table of layers, or no commit' % readme)
    path.write_text(text, encoding='utf-8')
    means(run)


if __name__ == '__main__':
    main(*sys.argv[1:])
