#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write what swconv-bench measured as one self-contained HTML page.

Needs matplotlib and Jinja2 (Debian: python3-matplotlib python3-jinja2). `scripts/bench --report`
makes the runs and calls this.
"""
import argparse
import pathlib
import sys

import jinja2

import data
import plots
from compare import compare, summary

HERE = pathlib.Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('main', help='JSON of the run with the peers')
    parser.add_argument('--isa-runs', nargs='*', default=[], metavar='JSON',
                        help='runs with --isa, one per instruction set')
    parser.add_argument('--thread-runs', nargs='*', default=[], metavar='JSON',
                        help='runs with --threads')
    parser.add_argument('--ablation', nargs='*', default=[], metavar='JSON',
                        help='runs with a kernel forced, whose context names it as "kernel"')
    parser.add_argument('--against', metavar='JSON', help='an earlier run to compare with')
    parser.add_argument('--targets', default=HERE.parent / 'suite' / 'targets.csv', metavar='CSV')
    parser.add_argument('--figures', metavar='FOLDER', help='also each plot as a file of its own')
    parser.add_argument('--out', default='report.html', metavar='HTML')
    return parser.parse_args()


def class_rows(run, targets):
    """The table by class, and one row for all."""
    peers = [v for v in run.variants() if v != data.OURS]
    rows = []
    for title, layers, target in [*data.groups(run, targets), ('all', run.layers, None)]:
        layers = [l for l in layers if data.OURS in l.times]
        if not layers:
            continue
        shares = [100 * l.times[data.OURS].share for l in layers]
        best = [l.speedup(l.best_peer()[0]) for l in layers if l.best_peer()]
        rows.append({
            'title': title, 'count': len(layers), 'target': target,
            'share': data.geomean(shares), 'lowest': min(shares),
            'best': data.geomean(best), 'best_lowest': min(best, default=float('nan')),
            'ratios': [data.geomean([s for s in (l.speedup(v) for l in layers) if s])
                       for v in peers],
        })
    return peers, rows


def headlines(run):
    """A few numbers for the top of the page: how much faster, over all convolutions."""
    found = []
    layers = [l for l in run.convolutions() if data.OURS in l.times]
    for variant in filter(data.is_peer, run.variants()):
        ratios = [s for s in (l.speedup(variant) for l in layers) if s]
        if ratios:
            found.append((data.title(variant), data.geomean(ratios), len(ratios),
                          sum(r < 1 for r in ratios)))
    return found


def sections(run, args, targets):
    """[(id, title, words, SVG)] of what there is data for."""
    load_all = lambda paths: [data.load(p) for p in paths]
    everything = [
        ('speedup', 'Speed-up against filter size',
         'The figure of the paper: how much faster swconv is than a matrix product over columns '
         '(im2col), and than each peer, as the filter grows. Above 1 swconv is faster. OpenCV '
         'changes to a Fourier transform at k = 12.',
         plots.speedup_by_filter(run)),
        ('shares', 'Share of the limit, per class',
         'The limit of a layer is the time its needed arithmetic takes at the measured FMA peak, '
         'or its bytes at the measured rate of memory, whichever is longer. The needed arithmetic '
         'leaves out taps in the padding.',
         plots.shares(run, targets)),
        ('roofline', 'Roofline',
         'Every convolution of the suite: dots are swconv, crosses the fastest peer in any layout. '
         'Grey lines are the rate of a copy for several footprints.',
         plots.roofline(run)),
        ('pooling', 'Pooling against window size',
         'Stride 1. The grey line is the time to move the bytes once.',
         plots.pooling(run)),
        ('memory', 'Memory',
         'What a run needs besides its tensors and the packed filter. The column matrix is that of '
         'one image; the segmented form holds 64 KiB of it at a time.',
         plots.memory(run)),
        ('isas', 'Instruction sets side by side',
         'One thread; each against its own peak.',
         plots.isas(load_all(args.isa_runs))),
        ('threads', 'Threads',
         'Time with one thread over time with more, geometric means per class.',
         plots.threads(run, load_all(args.thread_runs))),
        ('ablation', 'Slide or load',
         'The same layers with the kernel forced: shifted vectors made in registers (slide), or '
         'read from memory again (load).',
         plots.ablation(load_all(args.ablation))),
    ]
    return [s for s in everything if s[3]]


def write_figures(folder, parts):
    """SVG files on white, for pages whose background is not known."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, _, _, element in parts:
        start = element.index('>') + 1
        (folder / (name + '.svg')).write_text(
            element[:start] + '<rect width="100%" height="100%" fill="white"/>' + element[start:],
            encoding='utf-8')


def main():
    args = arguments()
    run = data.load(args.main)
    targets = data.load_targets(args.targets)
    against = data.load(args.against, run) if args.against else None
    changes = compare(against, run) if against else []
    peers, classes = class_rows(run, targets)
    parts = sections(run, args, targets)
    if args.figures:
        write_figures(args.figures, [p for p in parts if p[3].count('<svg') == 1])
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True,
                                     trim_blocks=True, lstrip_blocks=True)
    environment.filters['bytes'] = plots.bytes_text
    environment.filters['title'] = data.title
    page = environment.get_template('page.html').render(
        run=run, ours=data.OURS, peers=peers, classes=classes, headlines=headlines(run),
        sections=parts, against=against, changes=changes,
        changes_svg=plots.changes(changes))
    pathlib.Path(args.out).write_text(page, encoding='utf-8')
    if against:
        print(summary(changes))
    print('wrote %s' % args.out)
    return 1 if run.wrong else 0


if __name__ == '__main__':
    sys.exit(main())
