#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draw the figures of docs/algorithm.md beside this file (Debian: python3-matplotlib)."""
import pathlib

import matplotlib
matplotlib.use('svg')
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import FancyArrowPatch, Rectangle  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BLUE, PALE, ORANGE, GREEN, GREY = '#62b0e8', '#d7ecfa', '#f7c59f', '#9fdcc4', '#e4e7eb'
plt.rcParams.update({'svg.fonttype': 'none', 'font.size': 9, 'svg.hashsalt': 'swconv',
                     'font.sans-serif': ['Helvetica', 'Arial', 'DejaVu Sans']})


def cells(axis, x, y, labels, colours):
    for i, label in enumerate(labels):
        colour = colours if isinstance(colours, str) else colours[i]
        axis.add_patch(Rectangle((x + i, y), 1, 1, facecolor=colour, edgecolor='white', linewidth=1.5))
        axis.text(x + i + 0.5, y + 0.5, label, ha='center', va='center')


def arrow(axis, start, end, colour='#52606d'):
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle='-|>', mutation_scale=9, color=colour,
                                   linewidth=1))


def save(figure, axis, name, width, height):
    axis.set_xlim(0, width)
    axis.set_ylim(0, height)
    axis.set_aspect('equal')
    axis.axis('off')
    figure.savefig(HERE / name, facecolor='white', bbox_inches='tight',
                   metadata={'Date': None, 'Creator': None})
    plt.close(figure)


def slide():
    """Shifted vectors out of a pair of registers, and the pair moving on."""
    figure, axis = plt.subplots(figsize=(8.4, 3.6))
    axis.text(0, 7.45, 'in memory, vectors of v = 8 lanes', va='center')
    for block, colour in ((0, PALE), (1, BLUE), (2, ORANGE)):
        cells(axis, 8 * block, 6, ['%d' % (8 * block + i) for i in range(8)], colour)
        axis.text(8 * block + 4, 5.6, ('lo', 'hi', 'the next hi')[block], ha='center', va='center')
    for y, tap in ((4, 0), (2.75, 3), (1.5, 7)):
        cells(axis, 8, y, ['%d' % (tap + i) for i in range(8)],
              [PALE if tap + i < 8 else BLUE for i in range(8)])
        axis.text(7.6, y + 0.5, 'tap %d: %s' % (tap, 'lo' if tap == 0 else 'slide<%d>(lo, hi)' % tap),
                  ha='right', va='center')
    cells(axis, 8, 0.1, ['%d' % (8 + i) for i in range(8)], BLUE)
    axis.text(7.6, 0.6, 'tap 8: lo = hi, hi = next (compound)', ha='right', va='center')
    arrow(axis, (16.4, 3.2), (18, 3.2))
    axis.text(18.3, 3.2, 'one FMA each into\nthe same accumulator', va='center')
    save(figure, axis, 'slide.svg', 24.2, 8)


def tile():
    """A 3 x 3 filter on a tile of four output rows: a loaded row serves up to three of them."""
    figure, axis = plt.subplots(figsize=(7.2, 3.9))
    shades = [PALE, BLUE, ORANGE, GREEN]
    axis.text(3, 12.5, 'source rows, loaded once', ha='center')
    axis.text(16.5, 12.5, 'a tile: 4 result rows', ha='center')
    for row in range(6):
        users = [r for r in range(4) if 0 <= row - r < 3]
        y = 10.2 - 2 * row
        axis.add_patch(Rectangle((0, y), 6, 1.2, facecolor=GREY, edgecolor='white'))
        axis.text(3, y + 0.6, 'row %d, used %d×' % (row, len(users)), ha='center',
                  va='center', fontsize=8)
        for r in users:
            arrow(axis, (6.1, y + 0.6), (12.9, 9.3 - 2.4 * r), '#9aa5b1')
    for r in range(4):
        axis.add_patch(Rectangle((13, 8.7 - 2.4 * r), 7, 1.2, facecolor=shades[r], edgecolor='white'))
        axis.text(16.5, 9.3 - 2.4 * r, 'result row %d, in registers' % r, ha='center', va='center',
                  fontsize=8)
    save(figure, axis, 'tile.svg', 20.2, 13.2)


if __name__ == '__main__':
    slide()
    tile()
