#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/results.md from a run of the benchmark: losses first, then classes against their targets.

    bench/report/results.py build/bench/report/main.json [THREADS.json ...] >docs/results.md
"""
import math
import pathlib
import sys

import data

PEERS = ('im2col_segmented', 'onednn_nchw', 'onednn_any', 'xnnpack', 'opencv')
NAMES = {'im2col_segmented': 'im2col + SGEMM', 'onednn_nchw': 'oneDNN, planar',
         'onednn_any': 'oneDNN, its layout', 'xnnpack': 'XNNPACK', 'opencv': 'OpenCV'}


def number(x):
    return '–' if x is None or math.isnan(x) else '%.0f' % x if x >= 20 else '%.2g' % x if x < 10 else '%.1f' % x


def ms(x):
    return '%.3g' % x


def table(heads, rows):
    print('| ' + ' | '.join(heads) + ' |')
    print('|' + '---|' * len(heads))
    for row in rows:
        print('| ' + ' | '.join(row) + ' |')
    print()


def ratios(layers, base=data.OURS):
    return [number(data.geomean([s for s in (l.speedup(p, base) for l in layers) if s]))
            for p in PEERS]


def machine(run):
    c = run.context
    print('%s, one core; FMA peak %s GFLOP/s; %s; %s; %s.' % (
        c.get('cpu', '?'), ', '.join('%.0f (%s)' % (run.peak(i), i) for i in run.isas()),
        c.get('compiler', '?'), c.get('peers', '?').replace('; ', ', '), c.get('system', '?')))
    print('%s, commit %s. Best of many samples; packing of the filter excluded, everything else '
          'included; all results were checked.\n' % (c['date'][:10], c.get('commit', '?')))


def losses(run):
    print('## Where another is faster\n')
    print('Layers on which the fastest peer in any layout takes less time; its time over that of '
          'swconv, worst first.\n')
    rows = []
    for l in run.layers:
        best = l.best_peer()
        if best and data.OURS in l.times and l.speedup(best[0]) < 1:
            t = l.times[data.OURS]
            rows.append((l.speedup(best[0]), ['`%s`' % l.name, l.kind, ms(t.least),
                                              '%.0f%%' % (100 * t.share),
                                              '%.2f' % l.speedup(best[0]), NAMES.get(best[0], best[0])]))
    table(['layer', 'class', 'ms', 'limit', 'ratio', 'to'], [r for _, r in sorted(rows)])
    behind = [l for l in run.convolutions() if (l.speedup('im2col_segmented') or 9) < 1]
    print('Slower than im2col + SGEMM by segments: %s.\n' % (
        ', '.join('`%s` (%.2f)' % (l.name, l.speedup('im2col_segmented')) for l in behind) or 'none'))


def classes(run, targets):
    print('## By class\n')
    print('Share of the limit, geometric mean and lowest, with what was set out to be reached; then '
          'times of the others over that of swconv, geometric means: above 1 swconv is faster.\n')
    rows = []
    for title, layers, target in data.groups(run, targets):
        shares = [100 * l.times[data.OURS].share for l in layers]
        rows.append([title, str(len(layers)),
                     '%.0f%s' % (data.geomean(shares), ' of %.0f' % target.geomean if target else ''),
                     '%.0f%s' % (min(shares), ' of %.0f' % target.lowest if target else ''),
                     *ratios(layers)])
    rows.append(['all convolutions', str(len(run.convolutions())), '', '', *ratios(run.convolutions())])
    table(['class', 'layers', 'mean, %', 'lowest, %'] + [NAMES[p] for p in PEERS], rows)
    for with_opencv in (False, True):
        best = []
        for l in run.convolutions():
            peers = [l.times[p].counted for p in PEERS if p in l.times and (with_opencv or p != 'opencv')]
            if peers and data.OURS in l.times:
                best.append(min(peers) / l.times[data.OURS].least)
        print('Over all convolutions, the fastest peer %s OpenCV: %.2f.\n' % (
            'with' if with_opencv else 'without', data.geomean(best)))


def fast(run):
    print('## `math = fast`\n')
    print('Where it takes another algorithm: nominal FLOPs (taps in the padding left out) over the '
          'FMA peak, and the strict time over the fast one.\n')
    rows = []
    for l in run.convolutions():
        f, s = l.times.get('swconv_fast'), l.times.get(data.OURS)
        if f and s and ('winograd' in f.choice or 'fourier' in f.choice):
            rows.append(['`%s`' % l.name, ms(s.least), ms(f.least),
                         '%.0f%%' % (100 * f.gflops / run.peak()), '%.2f' % (s.least / f.least)])
    table(['layer', 'strict, ms', 'fast, ms', 'of the peak', 'gain'], rows)


def threads(run, others):
    print('## Threads\n')
    print('Two threads against two independent copies on a core each: the copies’ time per layer '
          'over that of the threads (1: sharing a layer costs nothing).\n')
    for other in others:
        rows = []
        kinds = list(dict.fromkeys(l.kind for l in other.layers))
        for kind in kinds:
            values = [l.times['swconv_copies'].least / l.times[data.OURS].least for l in other.layers
                      if l.kind == kind and 'swconv_copies' in l.times and data.OURS in l.times]
            if values:
                rows.append([kind, '%.2f' % data.geomean(values), '%.2f' % min(values)])
        table(['class', 'mean', 'lowest'], rows)


def every_layer(run):
    print('## Every layer\n')
    rows = []
    for l in run.layers:
        if data.OURS not in l.times:
            continue
        t = l.times[data.OURS]
        rows.append(['`%s`' % l.name, l.kind, ms(t.least), '%.0f%%%s' % (100 * t.share, '~' if t.disturbed else ''),
                     t.choice.split(' on ')[0], *[number(l.speedup(p) or math.nan) for p in PEERS]])
    table(['layer', 'class', 'ms', 'limit', 'kernel'] + [NAMES[p] for p in PEERS], rows)
    print('`~`: other programs had the core even during the fastest sample.')


def main():
    run = data.load(sys.argv[1])
    targets = data.load_targets(pathlib.Path(__file__).resolve().parent.parent / 'suite' / 'targets.csv')
    print('# Results\n\nMade by `bench/report/results.py` from a run of `scripts/bench --report`; what '
          'the columns mean is in [benchmarks.md](benchmarks.md).\n')
    machine(run)
    losses(run)
    classes(run, targets)
    fast(run)
    if len(sys.argv) > 2:
        threads(run, [data.load(path) for path in sys.argv[2:]])
    every_layer(run)


if __name__ == '__main__':
    main()
