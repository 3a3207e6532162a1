#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes short runs of swconv-bench and a report of them; checks the arithmetic on invented times.

Usage: report_test.py PATH_OF_SWCONV_BENCH
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

BENCH = sys.argv.pop(1)
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import data  # noqa: E402
import readme  # noqa: E402
from compare import compare, verdict  # noqa: E402

LAYERS = 'name,class,network,op,n,ic,oc,h,w,oh,ow,kh,kw,sh,sw,dh,dw,groups,taps,reads,writes\n'


def invented(folder, name, times, disturbed=()):
    """A file as the benchmark writes it: {layer: {variant: (least, median)}}"""
    rows, entries = LAYERS, []
    for layer, variants in times.items():
        rows += '%s,single,sweep,conv,1,1,1,8,8,6,6,3,3,1,1,1,1,1,324,292,144\n' % layer
        for variant, (least, median) in variants.items():
            entries.append({
                'name': '%s/%s' % (layer, variant), 'min_ms': least, 'median_ms': median,
                'counted_ms': least, 'cold_ms': 0, 'roofline': 0.5, 'gflops': 1,
                'workspace_bytes': 0, 'handicapped': 0, 'label': '',
                'undisturbed': 0.5 if layer in disturbed else 1})
    path = pathlib.Path(folder) / name
    path.write_text(json.dumps({'context': {'layers': rows}, 'benchmarks': entries}))
    return data.load(path)


class Comparison(unittest.TestCase):
    def test_verdicts(self):
        self.assertEqual(verdict(1.0, 1.02, 0.03, False), 'unchanged')
        self.assertEqual(verdict(1.0, 0.5, 0.03, False), 'faster')
        self.assertEqual(verdict(1.0, 1.2, 0.03, False), 'slower')
        self.assertEqual(verdict(1.0, 1.2, 0.25, False), 'unchanged')
        self.assertEqual(verdict(1.0, 1.2, 0.03, True), 'uncertain')

    def test_noise_is_that_of_the_worse_run(self):
        with tempfile.TemporaryDirectory() as folder:
            old = invented(folder, 'old', {'quiet': {'swconv': (1, 1.01)},
                                           'loud': {'swconv': (1, 1.3)},
                                           'gone': {'swconv': (1, 1)}})
            new = invented(folder, 'new', {'quiet': {'swconv': (1.1, 1.1)},
                                           'loud': {'swconv': (1.1, 1.1)},
                                           'new': {'swconv': (1, 1)}})
        self.assertEqual({r.name: r.verdict for r in compare(old, new)},
                         {'quiet': 'slower', 'loud': 'unchanged'})

    def test_the_fastest_of_several_runs_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = [invented(folder, 'run', {'a': {'swconv': (t, t)}}) for t in (3, 2, 4)]
        self.assertEqual(data.fastest(runs).layers[0].times['swconv'].least, 2)


class Numbers(unittest.TestCase):
    def test_best_peer_is_not_ours(self):
        with tempfile.TemporaryDirectory() as folder:
            run = invented(folder, 'run', {'a': {'swconv': (2, 2), 'swconv_header': (0.1, 0.1),
                                                 'opencv': (4, 4), 'xnnpack': (6, 6)}})
        layer, = run.layers
        self.assertEqual(layer.best_peer(), ('opencv', 4))
        self.assertEqual(layer.speedup('xnnpack'), 3)
        self.assertIsNone(layer.speedup('onednn_any'))

    def test_every_class_of_the_suite_has_a_target(self):
        suite = HERE.parent / 'suite'
        targets = data.load_targets(suite / 'targets.csv')
        rows = (suite / 'conv_layers.csv').read_text().splitlines()[1:]
        self.assertEqual({r.split(',')[1] for r in rows}, {t.kind for t in targets})


class Readme(unittest.TestCase):
    def test_its_table_is_of_the_suite_and_of_this_script(self):
        suite = HERE.parent / 'suite'
        names = {row.split(',')[0] for file in ('conv_layers.csv', 'pool_layers.csv')
                 for row in (suite / file).read_text().splitlines()}
        self.assertLessEqual({row[1] for row in readme.ROWS}, names)
        text = (HERE.parent.parent / 'README.md').read_text(encoding='utf-8')
        for row in readme.ROWS:
            self.assertIn('\n| %s | ' % row[0], text)

    def test_a_row(self):
        with tempfile.TemporaryDirectory() as folder:
            run = invented(folder, 'run', {'a': {'swconv': (2, 2), 'xnnpack': (3, 3)}})
        self.assertEqual(readme.row(run, 'A layer', 'a'), '| A layer | 2 | 50% | – | – | 1.5 |')


class Page(unittest.TestCase):
    def test_from_real_runs(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)

            def bench(out, *arguments):
                subprocess.run([BENCH, '--quick', '--benchmark_out=%s' % (folder / out),
                                '--benchmark_context=cpu=an invented CPU', *arguments],
                               check=True, stdout=subprocess.DEVNULL, timeout=300)
            few = '/(filter_k[235]|signal_k(5|9|16)|max_sweep_k[235])$'
            isas = subprocess.run([BENCH, '--list-isas'], check=True, capture_output=True,
                                  text=True).stdout.split()
            bench('main.json', '--filter', few, '--peers', 'im2col')
            sets = []
            for isa in isas[:2]:
                sets.append('isa-%s.json' % isa)
                bench(sets[-1], '--filter', '/signal_k5$', '--variants', 'swconv', '--isa', isa)
            slides = []
            for kernel in ('signal/load', 'planar/any'):
                slides.append('ablation-%s.json' % kernel.replace('/', '-'))
                bench(slides[-1], '--layers', HERE.parent / 'suite/ablation_layers.csv', '--filter',
                      '^signal/.*_k[23]$', '--variants', 'swconv', '--isa', isas[0],
                      '--benchmark_context=kernel=' + kernel)
            threaded = json.loads((folder / 'main.json').read_text())  # a busy machine has no second
            threaded['context']['threads'] = '2'
            (folder / 'threads-2.json').write_text(json.dumps(threaded))
            done = subprocess.run(
                [sys.executable, HERE / 'report.py', 'main.json', '--against', 'main.json',
                 '--isa-runs', *sets, '--thread-runs', 'threads-2.json',
                 '--ablation', *slides, '--out', 'page.html'],
                cwd=folder, check=True, capture_output=True, text=True, timeout=300).stdout
            page = (folder / 'page.html').read_text(encoding='utf-8')
        self.assertIn('0 faster, 0 slower', done)
        found = re.findall(r'<svg .*?</svg>', page, re.DOTALL)
        self.assertGreaterEqual(len(found), 8 if len(isas) > 1 else 7)
        ids = []
        for element in found:
            xml.dom.minidom.parseString(element)
            ids += re.findall(r' id="([^"]+)"', element)
        self.assertEqual(len(ids), len(set(ids)), 'two plots share an id')
        self.assertIn('an invented CPU', page)
        self.assertIn('Slide or load', page)
        for link in re.findall(r'(?:href|src)="([^"]*)"', page):
            self.assertTrue(link.startswith('#'), 'the page needs ' + link)


if __name__ == '__main__':
    unittest.main()
