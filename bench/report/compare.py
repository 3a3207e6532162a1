# SPDX-License-Identifier: MIT
"""Two runs of the benchmark: what became faster, what slower, what the noise allows to say.

usage: compare.py --old JSON... --new JSON...      of several files the fastest times count
"""
import argparse
import sys
from dataclasses import dataclass

from data import OURS, fastest, geomean, load

VERDICTS = ('faster', 'slower', 'unchanged', 'uncertain')

# Below this no change is claimed, however quiet both runs were.
LEAST_CHANGE = 0.03


@dataclass
class Change:
    name: str
    kind: str
    before: float  # ms
    now: float
    noise: float  # as a part of the time
    verdict: str  # faster, slower, unchanged, uncertain

    @property
    def ratio(self):
        return self.before / self.now


def verdict(before, now, noise, disturbed):
    ratio = before / now
    if max(ratio, 1 / ratio) <= 1 + noise:
        return 'unchanged'
    if disturbed:
        return 'uncertain'
    return 'faster' if ratio > 1 else 'slower'


def compare(old, new, variant=OURS):
    """Changes of one variant, the greatest losses first.

    The noise of a time is the distance from its fastest to its median sample, in the worse of the
    two runs. A time that other programs disturbed allows no verdict on a change.
    """
    before, rows = old.by_name(), []
    for layer in new.layers:
        if layer.name not in before or variant not in layer.times:
            continue
        a, b = before[layer.name].times.get(variant), layer.times[variant]
        if a is None:
            continue
        noise = max(LEAST_CHANGE, *(min(t.median / t.least - 1, 1) for t in (a, b)))
        rows.append(Change(layer.name, layer.kind, a.least, b.least, noise,
                           verdict(a.least, b.least, noise, a.disturbed or b.disturbed)))
    return sorted(rows, key=lambda r: r.ratio)


def summary(changes):
    """Lines for a console: what changed, and how many did not."""
    lines = ['%-9s %-28s %9.4f -> %9.4f ms, %.2f times as fast' % (
        r.verdict, r.name, r.before, r.now, r.ratio)
        for r in changes if r.verdict != 'unchanged']
    counts = ', '.join('%d %s' % (sum(r.verdict == v for r in changes), v) for v in VERDICTS)
    return '\n'.join(lines + ['%s; all together %.3f times as fast' % (
        counts, geomean([r.ratio for r in changes]))])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--old', nargs='+', required=True, metavar='JSON')
    parser.add_argument('--new', nargs='+', required=True, metavar='JSON')
    args = parser.parse_args()
    new = fastest([load(p) for p in args.new])
    old = fastest([load(p, new) for p in args.old])
    changes = compare(old, new)
    print(summary(changes))
    return 1 if any(r.verdict == 'slower' for r in changes) else 0


if __name__ == '__main__':
    sys.exit(main())
