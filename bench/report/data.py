# SPDX-License-Identifier: MIT
"""Results of swconv-bench as plain objects: layers, variants, the machine."""
import csv
import io
import json
import math
import pathlib
from dataclasses import dataclass, field

OURS = 'swconv'
# Names for people, and the order of the columns. What is not here keeps its own name.
TITLES = {
    'swconv': 'swconv',
    'swconv_header': 'swconv, header-only',
    'swconv_fast': 'swconv, math = fast',
    'im2col_full': 'im2col + SGEMM',
    'im2col_segmented': 'im2col + SGEMM, segmented',
    'onednn_nchw': 'oneDNN on NCHW',
    'onednn_any': 'oneDNN, its layout',
    'xnnpack': 'XNNPACK',
    'opencv': 'OpenCV',
}


def title(variant):
    return TITLES.get(variant, variant)


def is_peer(variant):
    return not variant.startswith(OURS)


def geomean(values):
    values = [v for v in values if v > 0]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


@dataclass
class Time:
    """One variant on one layer; milliseconds."""
    least: float
    median: float
    counted: float  # in comparisons: the published time, where the peer is handicapped
    cold: float
    share: float  # of the limit
    gflops: float
    workspace: float
    disturbed: bool
    handicapped: bool
    choice: str


@dataclass
class Layer:
    name: str
    kind: str  # the class
    network: str
    op: str
    shape: dict
    times: dict = field(default_factory=dict)

    def __getattr__(self, key):
        try:
            return self.__dict__['shape'][key]
        except KeyError:
            raise AttributeError(key) from None

    @property
    def pool(self):
        return self.op != 'conv'

    @property
    def column_bytes(self):
        """The column matrix of one image: all groups."""
        return 4 * self.ic * self.kh * self.kw * self.oh * self.ow

    @property
    def intensity(self):
        return 2 * self.taps / (self.reads + self.writes)

    def best_peer(self):
        """(variant, counted ms) of the fastest peer, or None."""
        peers = [(v, t.counted) for v, t in self.times.items() if is_peer(v)]
        return min(peers, key=lambda p: p[1]) if peers else None

    def speedup(self, variant, base=OURS):
        """How much faster `base` is than `variant`; None where one is missing."""
        if variant not in self.times or base not in self.times:
            return None
        return self.times[variant].counted / self.times[base].least


@dataclass
class Run:
    """One execution of the benchmark."""
    path: pathlib.Path
    context: dict
    layers: list
    wrong: list

    @property
    def threads(self):
        return int(self.context.get('threads', 1))

    @property
    def isa(self):
        return self.context.get('isa') or (self.isas() or ['?'])[0]

    def isas(self):
        return sorted((k[len('peak_gflops_'):] for k in self.context if k.startswith('peak_gflops_')),
                      key=lambda isa: -self.peak(isa))

    def peak(self, isa=None):
        return float(self.context.get('peak_gflops_' + (isa or self.isa), 'nan'))

    def rates(self):
        """[(footprint in bytes, copy GB/s, read GB/s)]"""
        return [tuple(map(float, item.split(':')))
                for item in self.context.get('memory_rates', '').split()]

    def variants(self):
        found = {v for l in self.layers for v in l.times}
        return [v for v in TITLES if v in found] + sorted(found - set(TITLES))

    def convolutions(self):
        return [l for l in self.layers if not l.pool]

    def by_name(self):
        return {l.name: l for l in self.layers}


def load(path, shapes=None):
    """A file of the benchmark. Files of versions before `layers` take their shapes from another."""
    path = pathlib.Path(path)
    data = json.loads(path.read_text(encoding='utf-8'))
    context = data['context']
    if shapes is not None:
        context.setdefault('layers', shapes.context['layers'])
    if 'layers' not in context:
        raise SystemExit('%s: no layers in its context; was it written by this swconv-bench?' % path)
    layers = {}
    for row in csv.DictReader(io.StringIO(context['layers'])):
        shape = {k: int(v) for k, v in row.items() if k not in ('name', 'class', 'network', 'op')}
        layers[row['name']] = Layer(row['name'], row['class'], row['network'], row['op'], shape)
    wrong = []
    for entry in data['benchmarks']:
        name, variant = entry['name'].rsplit('/', 1)
        if name not in layers:
            continue
        if entry.get('error_occurred'):
            wrong.append((name, variant, entry.get('error_message', '')))
        elif entry.get('min_ms', 0) > 0:
            layers[name].times[variant] = Time(
                entry['min_ms'], entry['median_ms'], entry.get('counted_ms', entry['min_ms']),
                entry['cold_ms'], entry['roofline'], entry['gflops'], entry['workspace_bytes'],
                entry['undisturbed'] < 0.97, bool(entry['handicapped']), entry.get('label', ''))
    return Run(path, context, [l for l in layers.values() if l.times], wrong)


def fastest(runs):
    """One run with the fastest time of each layer and variant in several."""
    best = runs[0]
    for run in runs[1:]:
        layers = run.by_name()
        for layer in best.layers:
            for variant, time in layers[layer.name].times.items() if layer.name in layers else ():
                if variant not in layer.times or time.least < layer.times[variant].least:
                    layer.times[variant] = time
    return best


@dataclass
class Target:
    kind: str
    stride: str  # '' for any
    geomean: float
    lowest: float

    @property
    def title(self):
        return self.kind + (', stride %s' % self.stride if self.stride else '')

    def applies(self, layer):
        return layer.kind == self.kind and self.stride in ('', str(max(layer.sh, layer.sw)))


def load_targets(path):
    with open(path, newline='', encoding='utf-8') as file:
        return [Target(r['class'], r['stride'], float(r['geomean']), float(r['lowest']))
                for r in csv.DictReader(file)]


def groups(run, targets):
    """[(title, layers, target or None)]: a row per target, then classes that have none."""
    rows, seen = [], set()
    for target in targets:
        layers = [l for l in run.layers if target.applies(l) and OURS in l.times]
        seen.update(l.name for l in layers)
        if layers:
            rows.append((target.title, layers, target))
    rest = {}
    for layer in run.layers:
        if layer.name not in seen and OURS in layer.times:
            rest.setdefault(layer.kind, []).append(layer)
    return rows + [(kind, layers, None) for kind, layers in rest.items()]
