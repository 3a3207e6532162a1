#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the examples that read and write files, and checks what they write.

Usage: files_test.py fir_filter PROGRAM | image_edges PROGRAM
"""
import math
import pathlib
import subprocess
import sys
import tempfile


def fir_filter(program, folder):
    """Of a slow and a fast sine the slow one is left."""
    slow = [math.sin(2 * math.pi * i / 100) for i in range(2000)]
    fast = [math.sin(2 * math.pi * i / 5) for i in range(2000)]
    (folder / 'in').write_text('\n'.join('%g' % (a + b) for a, b in zip(slow, fast)))
    subprocess.run([program, folder / 'in', folder / 'out', '0.05'], check=True)
    result = [float(x) for x in (folder / 'out').read_text().split()]
    assert len(result) == 2000
    worst = max(abs(a - b) for a, b in zip(result[100:-100], slow[100:-100]))
    assert worst < 0.01, worst
    assert subprocess.run([program, folder / 'in'], stderr=subprocess.DEVNULL,
                          check=False).returncode == 2


def image_edges(program, folder):
    """A bright half: the edge is where the halves meet, and the blur keeps even areas."""
    width, height = 40, 30
    (folder / 'in.pgm').write_bytes(b'P5 %d %d 255\n' % (width, height) +
                                    bytes([40] * 20 + [200] * 20) * height)
    subprocess.run([program, folder / 'in.pgm', folder / 'blur.png', folder / 'edges.png'],
                   check=True)
    for name in ('blur.png', 'edges.png'):
        assert (folder / name).read_bytes()[:8] == b'\x89PNG\r\n\x1a\n'
    # Its own results as input: read, filtered and written again.
    blur = pixels(folder / 'blur.png', width)
    edges = pixels(folder / 'edges.png', width)
    assert blur[15][8] == 40 and blur[15][32] == 200 and 40 < blur[15][19] < blur[15][20] < 200
    assert edges[15][8] == 0 and edges[15][32] == 0 and edges[15][19] == 255


def pixels(path, width):
    """Rows of a grey PNG of 8 bits."""
    import zlib
    data, at, body = path.read_bytes(), 8, b''
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], 'big'), data[at + 4:at + 8]
        if kind == b'IDAT':
            body += data[at + 8:at + 8 + size]
        at += 12 + size
    raw, rows, above = zlib.decompress(body), [], [0] * width
    for start in range(0, len(raw), width + 1):
        row = list(raw[start + 1:start + 1 + width])
        for x in range(width):  # each row says how it was predicted
            left = row[x - 1] if x else 0
            corner = above[x - 1] if x else 0
            guess = left + above[x] - corner
            paeth = min((left, above[x], corner), key=lambda v: abs(guess - v))
            row[x] = (row[x] + (0, left, above[x], (left + above[x]) // 2, paeth)[raw[start]]) % 256
        rows.append(row)
        above = row
    return rows


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as name:
        globals()[sys.argv[1]](sys.argv[2], pathlib.Path(name))
