# SPDX-License-Identifier: MIT
"""Two runs of the benchmark: what became faster, what slower, what the noise allows to say."""
from dataclasses import dataclass

from data import OURS

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
