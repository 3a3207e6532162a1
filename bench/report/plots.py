# SPDX-License-Identifier: MIT
"""The plots of the report. Each function returns SVG for the page, or None without data."""
import io
import math

import matplotlib
matplotlib.use('svg')
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)
from matplotlib.ticker import FuncFormatter, NullFormatter  # noqa: E402

from data import OURS, geomean, groups, is_peer, title

plt.rcParams.update({
    'svg.fonttype': 'none', 'font.family': 'sans-serif', 'font.size': 10,
    'font.sans-serif': ['system-ui', 'Segoe UI', 'Helvetica', 'Arial', 'DejaVu Sans'],
    'axes.spines.top': False, 'axes.spines.right': False, 'axes.grid': True,
    'axes.axisbelow': True, 'grid.color': '#e4e7eb', 'grid.linewidth': 0.8,
    'axes.edgecolor': '#9aa5b1', 'axes.labelcolor': '#3e4c59', 'text.color': '#1f2933',
    'xtick.color': '#52606d', 'ytick.color': '#52606d', 'legend.frameon': False,
    'legend.fontsize': 9, 'figure.dpi': 96, 'axes.titlesize': 11, 'axes.titleweight': 'bold',
    'axes.titlelocation': 'left',
})
COLOURS = {
    'swconv': '#0b69a3', 'swconv_header': '#62b0e8', 'swconv_fast': '#5b3fc4',
    'im2col_full': '#e12d39', 'im2col_segmented': '#f7944d', 'onednn_nchw': '#199473',
    'onednn_any': '#65c9a4', 'xnnpack': '#7b8794', 'opencv': '#b8860b',
}
LINES = {'im2col_full': '--', 'onednn_any': '--', 'opencv': '-.', 'xnnpack': ':'}
PALETTE = [*plt.get_cmap('tab20').colors[::2], *plt.get_cmap('tab20').colors[1::2]]
BYTES = (('GiB', 2**30), ('MiB', 2**20), ('KiB', 2**10))


def svg(figure, name):
    """The figure as an element of the page. `name` keeps the ids of several plots apart."""
    text = io.StringIO()
    with plt.rc_context({'svg.hashsalt': name}):
        figure.savefig(text, format='svg', bbox_inches='tight', transparent=True,
                       metadata={'Date': None, 'Creator': None})
    plt.close(figure)
    text = text.getvalue()
    text = text[text.index('<svg'):]
    for name_of in ('id="', 'url(#', 'href="#'):  # figure_1, axes_1 ... occur in every plot
        text = text.replace(name_of, '%s%s-' % (name_of, name))
    return text.replace('<svg ', '<svg role="img" ', 1)


def colour(variant):
    return COLOURS.get(variant, '#52606d')


def bytes_text(n, _=None):
    for unit, size in BYTES:
        if n >= size:
            return '%g %s' % (round(n / size, 1), unit)
    return '%g' % n


def times(axis):
    """A logarithmic axis of ratios: 0.5x, 1x, 2x, ..."""
    axis.set_major_formatter(FuncFormatter(lambda v, _: '%g×' % v))
    axis.set_minor_formatter(NullFormatter())


def log2_ticks(axes, which, values):
    axis = getattr(axes, which + 'axis')
    getattr(axes, 'set_%sscale' % which)('log', base=2)
    axis.set_major_formatter(FuncFormatter(lambda v, _: '%g' % v))
    axis.set_minor_formatter(NullFormatter())
    if values:
        axis.set_ticks(sorted(values))


def thinned(values, ratio=1.28):
    """Those of the sorted values that keep some distance on a logarithmic axis."""
    kept = []
    for value in sorted(values):
        if not kept or value >= ratio * kept[-1]:
            kept.append(value)
    return kept


def sweep(run, kind, network='sweep'):
    """Layers of a class that differ in the width of the filter only."""
    return sorted((l for l in run.layers if l.kind == kind and l.network == network
                   and l.dw == 1 and OURS in l.times), key=lambda l: l.kw)


def speedup_by_filter(run):
    """The paper's figure."""
    parts = [(text, sweep(run, kind)) for text, kind in (
        ('2-D: one channel, k × k', 'single'), ('1-D: one channel, k taps', 'signal'),
        ('2-D: 4 channels in and out, k × k', 'fewchan')) if len(sweep(run, kind)) > 2]
    if not parts:
        return None
    figure, axes = plt.subplots(1, len(parts), figsize=(4.3 * len(parts), 3.9), squeeze=False)
    handles = {}
    for axis, (text, layers) in zip(axes[0], parts):
        for variant in filter(is_peer, run.variants()):
            points = [(l.kw, l.speedup(variant)) for l in layers if l.speedup(variant)]
            if len(points) > 1:
                handles[variant], = axis.plot(*zip(*points), LINES.get(variant, '-'), marker='o',
                                              markersize=3.5, color=colour(variant),
                                              label=title(variant), linewidth=1.6)
        axis.axhline(1, color='#1f2933', linewidth=1)
        log2_ticks(axis, 'x', thinned({l.kw for l in layers}))
        log2_ticks(axis, 'y', None)
        times(axis.yaxis)
        axis.set_title(text)
        axis.set_xlabel('k')
        axis.tick_params(axis='x', labelsize=8)
    axes[0][0].set_ylabel('time of the other / time of swconv')
    figure.legend(handles.values(), map(title, handles), loc='lower center', ncol=len(handles),
                  bbox_to_anchor=(0.5, -0.08))
    figure.tight_layout()
    return svg(figure, 'speedup')


def roofline(run):
    layers = [l for l in run.convolutions() if OURS in l.times]
    if not layers:
        return None
    figure, axis = plt.subplots(figsize=(9.8, 5.6))
    peak = run.peak()
    low = min(l.intensity for l in layers) / 1.5
    high = max(l.intensity for l in layers) * 1.5
    bottom = min(l.times[OURS].gflops for l in layers) / 1.5
    axis.set_xscale('log')
    axis.set_yscale('log')
    axis.set_xlim(low, high)
    axis.set_ylim(bottom, 1.6 * peak)
    rates = run.rates()
    lines = []
    for size, dashes in ((2**14, ':'), (2**19, '--'), (math.inf, '-')):
        if not rates:
            break
        footprint, copy, _ = min(rates, key=lambda r: abs(math.log(r[0]) - math.log(min(size, 2**40))))
        ends = [low, max(low, min(peak / copy, high))]
        lines += axis.plot(ends, [min(e * copy, peak) for e in ends], dashes, color='#7b8794',
                           linewidth=1.4,
                           label='copy of %s: %.0f GB/s' % (bytes_text(footprint), copy))
    axis.plot([low, high], [peak, peak], color='#1f2933', linewidth=1.4)
    axis.annotate('FMA peak, %.0f GFLOP/s' % peak, (high, peak), ha='right', fontsize=9,
                  xytext=(0, 4), textcoords='offset points')
    dots = []
    for index, kind in enumerate(dict.fromkeys(l.kind for l in layers)):
        colour_of_kind = PALETTE[index % len(PALETTE)]
        own = [l for l in layers if l.kind == kind]
        dots.append(axis.scatter([l.intensity for l in own], [l.times[OURS].gflops for l in own], s=30,
                                 color=colour_of_kind, label=kind, zorder=3))
        own = [l for l in own if l.best_peer()]
        axis.scatter([l.intensity for l in own], [2e-6 * l.taps / l.best_peer()[1] for l in own], s=22,
                     marker='x', color=colour_of_kind, linewidth=0.8, alpha=0.55, zorder=2)
    plain = FuncFormatter(lambda v, _: '%g' % v)
    axis.xaxis.set_major_formatter(plain)
    axis.yaxis.set_major_formatter(plain)
    axis.set_xlabel('needed FLOPs per needed byte')
    axis.set_ylabel('GFLOP/s (needed FLOPs)')
    if lines:
        axis.add_artist(axis.legend(handles=lines, loc='lower right'))
    axis.legend(handles=dots, loc='center left', bbox_to_anchor=(1, 0.5))
    return svg(figure, 'roofline')


def shares(run, targets):
    """Share of the limit per class against the target."""
    rows = groups(run, targets)
    if not rows:
        return None
    figure, axis = plt.subplots(figsize=(9.8, 0.36 * len(rows) + 1.2))
    for y, (_, layers, target) in enumerate(rows):
        values = [100 * l.times[OURS].share for l in layers]
        axis.barh(y, geomean(values), height=0.62, color='#62b0e8', zorder=2)
        axis.plot(values, [y] * len(values), '|', color='#0b69a3', markersize=9, zorder=3)
        peers = [100 * l.times[OURS].share / l.speedup(l.best_peer()[0]) for l in layers
                 if l.best_peer()]
        if peers:
            axis.plot(geomean(peers), y, 'x', color='#199473', markersize=6, markeredgewidth=2,
                      zorder=5)
        if target:
            axis.plot([target.geomean] * 2, [y - 0.4, y + 0.4], color='#e12d39', linewidth=2.2,
                      zorder=4)
            axis.plot([target.lowest] * 2, [y - 0.4, y + 0.4], color='#e12d39', linewidth=1,
                      linestyle=':', zorder=4)
    axis.set_yticks(range(len(rows)), ['%s (%d)' % (t, len(ls)) for t, ls, _ in rows])
    axis.invert_yaxis()
    axis.grid(axis='y', visible=False)
    axis.set_xlim(0, 105)
    axis.set_xlabel('share of the limit of the machine, %')
    axis.legend(handles=[
        plt.Line2D([], [], color='#62b0e8', linewidth=7, label='swconv, geometric mean'),
        plt.Line2D([], [], color='#0b69a3', marker='|', linestyle='', markersize=9, label='a layer'),
        plt.Line2D([], [], color='#199473', marker='x', linestyle='', markeredgewidth=2,
                   label='best peer'),
        plt.Line2D([], [], color='#e12d39', linewidth=2.2, label='target'),
        plt.Line2D([], [], color='#e12d39', linewidth=1, linestyle=':', label='no layer below'),
    ], loc='lower center', ncol=5, bbox_to_anchor=(0.4, 1.0))
    return svg(figure, 'shares')


def memory(run):
    layers = sorted((l for l in run.convolutions() if OURS in l.times),
                    key=lambda l: l.column_bytes)
    if not layers:
        return None
    figure, axis = plt.subplots(figsize=(10.3, 4))
    x = range(len(layers))
    axis.plot(x, [l.column_bytes for l in layers], color=colour('im2col_full'),
              label='full im2col matrix')
    for variant, mark in (('im2col_segmented', '.'), (OURS, 'o')):
        held = [(i, l.times[variant].workspace) for i, l in enumerate(layers) if variant in l.times]
        if held:
            axis.plot(*zip(*held), mark, color=colour(variant), markersize=4,
                      label='workspace of ' + title(variant))
    axis.plot(x, [4 * l.n * l.ic * l.h * l.w for l in layers], color='#9aa5b1', linewidth=1,
              label='the input itself')
    axis.set_yscale('symlog', linthresh=1024, base=2)
    axis.set_yticks([0] + [2**n for n in range(10, 33, 4)])
    axis.yaxis.set_major_formatter(FuncFormatter(bytes_text))
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.set_xlim(-1, len(layers))
    axis.set_ylim(-200, None)
    axis.set_xlabel('layers, by size of the column matrix')
    axis.legend(loc='upper left')
    return svg(figure, 'memory')


def bars(names, series, label, name, reference=None, formatter=None):
    """Groups of bars: series is [(title, colour, values)], a value may be nan."""
    figure, axis = plt.subplots(figsize=(max(6, 0.75 * len(names) + 1.5), 3.6))
    width = 0.8 / len(series)
    for i, (text, shade, values) in enumerate(series):
        axis.bar([x + (i - (len(series) - 1) / 2) * width for x in range(len(names))], values,
                 width * 0.92, color=shade, label=text)
    if reference is not None:
        axis.axhline(reference, color='#1f2933', linewidth=1, linestyle='--')
    axis.set_xticks(range(len(names)), names, rotation=35, ha='right')
    axis.grid(axis='x', visible=False)
    axis.set_ylabel(label)
    if formatter:
        axis.yaxis.set_major_formatter(FuncFormatter(formatter))
    axis.legend(loc='lower center', ncol=len(series), bbox_to_anchor=(0.5, 1.0))
    return svg(figure, name)


def by_class(run, value):
    """{class: geometric mean of value(layer) over its convolutions}"""
    found = {}
    for layer in run.convolutions():
        v = value(layer)
        if v:
            found.setdefault(layer.kind, []).append(v)
    return {kind: geomean(values) for kind, values in found.items()}


def threads(run, others):
    """How much faster with more threads, per class and variant."""
    base = run.by_name()
    parts = []
    for other in sorted(others, key=lambda r: r.threads):
        series, names = [], []
        for variant in other.variants():
            gains = by_class(other, lambda l: base[l.name].times[variant].least /
                             l.times[variant].least if variant in l.times and l.name in base
                             and variant in base[l.name].times else None)
            names = names or list(gains)
            if gains:
                series.append((title(variant), colour(variant),
                               [gains.get(n, math.nan) for n in names]))
        if series:
            parts.append(bars(names, series, 'gain of %d threads over one' % other.threads,
                              'threads%d' % other.threads, other.threads,
                              lambda v, _: '%g×' % v))
    return ''.join(parts) or None


def isas(runs):
    """Share of each instruction set's own limit, and GFLOP/s relative to the best."""
    runs = sorted(runs, key=lambda r: -r.peak())
    if len(runs) < 2:
        return None
    shades = ['#0b69a3', '#62b0e8', '#b3d9f5', '#7b8794']
    names = list(by_class(runs[0], lambda l: l.times[OURS].share if OURS in l.times else None))
    series = []
    for run, shade in zip(runs, shades):
        means = by_class(run, lambda l: 100 * l.times[OURS].share if OURS in l.times else None)
        series.append(('%s (peak %.0f GFLOP/s)' % (run.isa, run.peak()), shade,
                       [means.get(n, math.nan) for n in names]))
    return bars(names, series, 'share of its own limit, %', 'isas', 100)


def pooling(run):
    """Time against the window, where only the window grows."""
    parts = [(text, kind, test) for text, kind, test in (
        ('Maximum of k × k, 512×512', 'max_pool', lambda l: l.h > 1),
        ('Average of k × k, 512×512', 'avg_pool', lambda l: l.h > 1),
        ('Maximum of k, signal of 262144', 'max_pool', lambda l: l.h == 1))]
    figure, axes = plt.subplots(1, 3, figsize=(12.9, 3.7))
    handles, drawn = {}, 0
    for axis, (text, kind, test) in zip(axes, parts):
        layers = [l for l in sweep(run, kind) if test(l)]
        drawn += len(layers)
        for variant in run.variants():
            points = [(l.kw, l.times[variant].least) for l in layers if variant in l.times]
            if variant != 'swconv_header' and len(points) > 1:
                handles[variant], = axis.plot(*zip(*points), LINES.get(variant, '-'), marker='o',
                                              markersize=3.5, color=colour(variant))
        if layers:
            axis.plot([l.kw for l in layers],
                      [l.times[OURS].least * l.times[OURS].share for l in layers],
                      color='#9aa5b1', linewidth=1)
            log2_ticks(axis, 'x', thinned({l.kw for l in layers}))
        axis.set_yscale('log')
        axis.yaxis.set_major_formatter(FuncFormatter(lambda v, _: '%g' % v))
        axis.set_title(text)
        axis.set_xlabel('k')
    if not drawn:
        plt.close(figure)
        return None
    axes[0].set_ylabel('ms')
    figure.legend([*handles.values(), plt.Line2D([], [], color='#9aa5b1')],
                  [*map(title, handles), 'bytes moved once'], loc='lower center',
                  ncol=len(handles) + 1, bbox_to_anchor=(0.5, -0.08))
    figure.tight_layout()
    return svg(figure, 'pooling')


def ablation(runs):
    """GFLOP/s of one kernel against another over the sweeps, per instruction set."""
    parts = []
    for kind, text in (('signal', '1-D, k taps'), ('single', '2-D, k × k')):
        for isa in sorted({r.isa for r in runs}):
            lines = [(r.context.get('kernel', r.path.stem),
                      [(l.kw, l.times[OURS].gflops) for l in sweep(r, kind, 'ablation')])
                     for r in runs if r.isa == isa]
            lines = [(name, points) for name, points in lines if len(points) > 1]
            if len(lines) > 1:
                parts.append(('%s, %s' % (text, isa), lines))
    if not parts:
        return None
    columns = min(3, len(parts))
    rows = math.ceil(len(parts) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4.3 * columns, 3.6 * rows), squeeze=False)
    names = list(dict.fromkeys(name for _, lines in parts for name, _ in lines))
    handles = {}
    for axis, (text, lines) in zip(axes.flat, parts):
        for name, points in lines:
            handles[name], = axis.plot(*zip(*points), marker='o', markersize=3.5,
                                       color=PALETTE[names.index(name) % len(PALETTE)])
        log2_ticks(axis, 'x', thinned({k for _, points in lines for k, _ in points}))
        axis.set_ylim(0, None)
        axis.set_title(text)
        axis.set_xlabel('k')
    for axis in list(axes.flat)[len(parts):]:
        axis.set_visible(False)
    axes[0][0].set_ylabel('GFLOP/s')
    figure.legend(handles.values(), handles, loc='lower center', ncol=min(5, len(handles)),
                  bbox_to_anchor=(0.5, -0.06))
    figure.tight_layout()
    return svg(figure, 'ablation')


def changes(rows):
    """Ratios old / new of every layer, by class: right of 1 is faster now."""
    if not rows:
        return None
    kinds = list(dict.fromkeys(r.kind for r in rows))
    shades = {'faster': '#199473', 'slower': '#e12d39', 'unchanged': '#9aa5b1',
              'uncertain': '#e9b949'}
    figure, axis = plt.subplots(figsize=(9.8, 0.33 * len(kinds) + 1.2))
    for verdict, shade in shades.items():
        own = [r for r in rows if r.verdict == verdict]
        axis.scatter([r.ratio for r in own], [kinds.index(r.kind) for r in own], s=26, color=shade,
                     alpha=0.75, label='%s (%d)' % (verdict, len(own)), linewidth=0)
    axis.axvline(1, color='#1f2933', linewidth=1)
    log2_ticks(axis, 'x', None)
    times(axis.xaxis)
    axis.set_yticks(range(len(kinds)), kinds)
    axis.invert_yaxis()
    axis.set_xlabel('time before / time now: right of 1 is faster now')
    axis.legend(loc='lower center', ncol=4, bbox_to_anchor=(0.5, 1.0))
    return svg(figure, 'changes')
