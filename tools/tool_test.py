#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the command line tool as a user would and checks what it says and writes.

Usage: tool_test.py PATH_OF_SWCONV
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(sys.argv.pop(1)).resolve()
ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(*arguments, code=0, folder=None):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True,
                          check=False, timeout=300, cwd=folder)
    assert done.returncode == code, '%s: exit code %d\n%s%s' % (
        arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def write_bmp(path, rows):
    """An image of 24 bits from rows of (red, green, blue)."""
    height, width = len(rows), len(rows[0])
    body = b''.join(b''.join(bytes(reversed(pixel)) for pixel in row).ljust((3 * width + 3) // 4 * 4,
                                                                           b'\0')
                    for row in reversed(rows))
    head = b'BM' + (54 + len(body)).to_bytes(4, 'little') + bytes(4) + (54).to_bytes(4, 'little')
    info = b''.join(n.to_bytes(size, 'little') for n, size in (
        (40, 4), (width, 4), (height, 4), (1, 2), (24, 2), (0, 4), (len(body), 4), (0, 16)))
    path.write_bytes(head + info + body)


def read_bmp(path):
    data = path.read_bytes()
    start, width, height = (int.from_bytes(data[i:i + 4], 'little') for i in (10, 18, 22))
    stride = (3 * width + 3) // 4 * 4
    return [[tuple(reversed(data[start + y * stride + 3 * x:start + y * stride + 3 * x + 3]))
             for x in range(width)] for y in reversed(range(height))]


class Info(unittest.TestCase):
    def test_names_what_was_chosen(self):
        text = run('info', '--kernels')
        self.assertEqual(len(re.findall(r'\bchosen\b', text)), 1)
        self.assertRegex(text, r'(?m)^kernels +\w+/\w+')

    def test_help_teaches(self):
        for command in ('info', 'explain', 'filter'):
            self.assertIn('--help', run(command, '--help'))
        self.assertIn('swconv explain', run('--help'))
        self.assertRegex(run('--version'), r'^\d+\.\d+\.\d+$')
        text = run('filter', '--help')
        for fact in ('not\n *flipped', 'not normalised', '8 bits'):
            self.assertRegex(text, fact)
        self.assertIn('of convolutions only', run('explain', '--help'))

    def test_unknown_words_are_named(self):
        self.assertIn("'nonsense' is no command", run('nonsense', code=2))
        self.assertIn("'--nonsense' is no command", run('--nonsense', code=2))
        self.assertIn('nonsense', run('info', 'nonsense', code=2))
        self.assertIn('required', run(code=2))


class Explain(unittest.TestCase):
    def test_depthwise(self):
        text = run('explain', 'conv2d', '--src', '1x72x56x56', '--filter', '72x1x5x5',
                   '--stride', 2, '--pad', 'same', '--groups', 72, '--time')
        self.assertIn('1x72x56x56 -> 1x72x28x28, filter 5x5, stride 2', text)
        self.assertIn('depthwise', text)
        for fact in ('arithmetic', 'memory', 'limit', 'expected', 'measured', 'workspace'):
            self.assertRegex(text, r'(?m)^%s +\S' % fact)
        kernel = re.search(r'(?m)^kernel +(\S+)', text).group(1)
        # The one taken is the first, the cheapest.
        self.assertRegex(text, r'(?m)^kernels +\* %s ' % re.escape(kernel))

    def test_math(self):
        layer = ('explain', 'conv2d', '--src', '1x64x56x56', '--filter', '64x64x3x3', '--pad', 1)
        listed = 'winograd/tiles' in run('info', '--kernels')
        for math, fewer in (('strict', False), ('fast', listed)):
            kernel = re.search(r'(?m)^kernel +(\S+)', run(*layer, '--math', math)).group(1)
            self.assertEqual(kernel == 'winograd/tiles', fewer)
        run(*layer, '--math', 'fastest', code=2)

    def test_padding_is_no_arithmetic(self):
        text = run('explain', 'conv1d', '--src', '1x1x4', '--filter', '1x1x3', '--pad', 1)
        self.assertIn('2e-05 MFLOP (17% of the taps are padding)', text)  # 10 of 12 taps

    def test_kernel_and_pooling(self):
        text = run('explain', 'maxpool2d', '--src', '1x8x32x32', '--window', 3, '--stride', 2)
        self.assertIn('1x8x32x32 -> 1x8x15x15', text)
        self.assertNotRegex(text, r'(?m)^(filter|arithmetic|expected) |expected')
        names = re.findall(r'(?m)^(?:kernels)? +(?:\* )?(channel_vector/\S+)',
                           run('info', '--kernels'))
        text = run('explain', 'conv2d', '--src', '1x4x9x9', '--filter', '64x4x3x3',
                   '--kernel', 'channel_vector')
        self.assertIn(re.search(r'(?m)^kernel +(\S+)', text).group(1), names)

    def test_wrong_arguments(self):
        wrong = run('explain', 'conv2d', '--src', '1x4x9', '--filter', '8x4x3x3', code=2)
        self.assertIn('--src', wrong)
        self.assertIn('--filter', run('explain', 'conv2d', '--src', '1x4x9x9', '--filter',
                                      '8x3x3x3', code=2))
        run('explain', 'conv3d', '--src', '1x4x9x9', code=2)
        run('explain', 'conv2d', '--src', '1x4x2x2', '--filter', '8x4x3x3', code=2)
        self.assertIn('no such instruction set', run(
            'explain', 'conv2d', '--src', '1x4x9x9', '--filter', '8x4x3x3', '--isa', 'mmx', code=1))


    def test_numbers_out_of_range(self):
        for argument, value in (('--src', '99999999999999999999x3x8x8'),
                                ('--src', '1x3x8x9223372036854775807'),
                                ('--filter', '8x3x3x3000000000'), ('--pad', '99999999999999999999'),
                                ('--dilation', '3000000000'), ('--groups', '99999999999999999999'),
                                ('--groups', '0'), ('--threads', '0'), ('--threads', '-1')):
            layer = {'--src': '1x3x8x8', '--filter': '8x3x3x3', argument: value}
            text = run('explain', 'conv2d', *(x for pair in layer.items() for x in pair), code=2)
            self.assertTrue(text.startswith(argument + ': '), text)
            self.assertLess(len(text), 150)


class Filter(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source = pathlib.Path(folder.name) / 'in.bmp'
        self.result = pathlib.Path(folder.name) / 'out.bmp'

    def filtered(self, rows, kernel, *more):
        write_bmp(self.source, rows)
        run('filter', self.source, self.result, '--kernel', kernel, *more)
        return read_bmp(self.result)

    def test_even_areas_stay_even(self):
        """Also at the border, and each colour by itself."""
        even = [[(200, 10, 90)] * 21 for _ in range(5)]
        for kernel in ('gaussian:7', 'box:4', 'max:3', 'min:5', 'sharpen', 'gaussian:1'):
            self.assertEqual(self.filtered(even, kernel), even, kernel)
        self.assertEqual(self.filtered(even, 'sobel'), [[(0, 0, 0)] * 21 for _ in range(5)])

    def test_a_point(self):
        rows = [[(0, 0, 0)] * 7 for _ in range(7)]
        rows[3][3] = (90, 180, 9)
        blurred = self.filtered(rows, 'box:3', '--threads', 2)
        for y in range(7):
            for x in range(7):
                near = abs(y - 3) <= 1 and abs(x - 3) <= 1
                self.assertEqual(blurred[y][x], (10, 20, 1) if near else (0, 0, 0))
        self.assertEqual(self.filtered(rows, 'max:3')[2][4], (90, 180, 9))
        self.assertEqual(self.filtered(rows, 'sobel')[3][2], (180, 255, 18))

    def test_taps_from_a_file(self):
        taps = self.source.with_name('taps.txt')
        taps.write_text('# the pixel to the right, twice\n0 0 2\n')
        rows = [[(x, 2 * x, 3 * x) for x in range(9)]]
        self.assertEqual(self.filtered(rows, taps)[0][:8],
                         [(2 * x, 4 * x, 6 * x) for x in range(1, 9)])
        taps.write_text('1 2\n3\n')
        run('filter', self.source, self.result, '-k', taps, code=1)

    def test_files_in_and_out(self):
        self.filtered([[(1, 2, 3)]], 'gaussian')
        png = self.result.with_suffix('.png')
        run('filter', self.source, png, '-k', 'box:1')
        run('filter', png, self.result, '-k', 'box:1')
        self.assertEqual(read_bmp(self.result), [[(1, 2, 3)]])
        self.assertIn('cannot read', run('filter', 'no.png', png, '-k', 'box', code=1))
        self.assertIn('.png', run('filter', png, 'out.gif', '-k', 'box', code=1))
        self.assertIn('neither a known name nor a file',
                      run('filter', png, self.result, '-k', 'blurr', code=2))
        text = run('filter', png, self.result, '-k', 'box', '--threads', 0, code=2)
        self.assertRegex(text, '^--threads: .{,60}\n')


class Pages(unittest.TestCase):
    """The command lines that people copy: of README.md, docs/tool.md and --help."""

    def shown(self):
        texts = [(ROOT / name).read_text(encoding='utf-8') for name in ('README.md', 'docs/tool.md')]
        texts += [run('--help')] + [run(command, '--help') for command in ('explain', 'filter')]
        for line in re.findall(r'(?m)^(?: +|Example: )(swconv [a-z].*)', '\n'.join(texts)):
            line = re.split(r' {2,}', line)[0]  # the rest says what it does
            yield shlex.split(re.sub(r'\[.*?\]', '', line))[1:]
            if '[' in line:
                yield shlex.split(re.sub(r'[][]', '', line))[1:]

    def test_command_lines_work(self):
        here = re.findall(r'(?m)^(?:sets)? +(\w+) +(?:chosen|available)', run('info'))
        self.assertTrue(here)
        lines = {tuple(words) for words in self.shown()}
        self.assertLessEqual({'info', 'explain', 'filter'}, {words[0] for words in lines})
        self.assertGreaterEqual(len(lines), 10, lines)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write_bmp(folder / 'in.bmp', [[(10 * x, 20 * y, 99) for x in range(25)] for y in range(9)])
            for photo in ('photo.jpg', 'photo.png'):
                run('filter', 'in.bmp', photo, '-k', 'box:1', folder=folder)
            for words in sorted(lines):
                with self.subTest(' '.join(words)):
                    isa = words[words.index('--isa') + 1] if '--isa' in words else here[0]
                    run(*words, code=0 if isa in here else 1, folder=folder)
                    if words[0] == 'filter':
                        self.assertEqual((folder / words[2]).read_bytes()[1:4], b'PNG')


if __name__ == '__main__':
    unittest.main()
