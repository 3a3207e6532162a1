# SPDX-License-Identifier: MIT
"""Models with ONNX Runtime's CPU provider (all optimisations) and on swconv, side by side.

usage: bench.py PROVIDER_LIBRARY MODELS [--threads N] [--seconds S] [--layers N] [NAME...]

The three variants take turns in one process; the best time of each counts. Peak memory is that of a
process of its own. The share of multiply-adds is of those in Conv, ConvTranspose, MatMul and Gemm, read
off a profile of the model without optimisations. --layers: the layers that lose most.
"""
import argparse
import collections
import json
import math
import os
import subprocess
import sys
import tempfile
import time

import onnx
import onnxruntime as ort

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../models"))
from catalogue import catalogue  # noqa: E402

VARIANTS = {"cpu": None, "strict": {"math": "strict"}, "fast": {"math": "fast"}}


def session(content, variant, threads, optimise=True, profile=None, **options):
    so = ort.SessionOptions()
    so.intra_op_num_threads = threads
    so.log_severity_level = 3
    if not optimise:
        so.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if profile:
        so.enable_profiling, so.profile_file_prefix = True, profile
    if VARIANTS[variant] is None:
        return ort.InferenceSession(content, so, providers=["CPUExecutionProvider"])
    so.add_provider_for_devices([d for d in ort.get_ep_devices() if d.ep_name.startswith("Swconv")],
                                {"threads": str(threads), **VARIANTS[variant], **options})
    return ort.InferenceSession(content, so)


def events(content, feeds, optimise, runs):
    with tempfile.TemporaryDirectory() as folder:
        s = session(content, "cpu", 1, optimise, os.path.join(folder, "p"))
        for _ in range(runs):
            s.run(None, feeds)
        with open(s.end_profiling()) as file:
            return [e for e in json.load(file)
                    if e.get("cat") == "Node" and e["name"].endswith("_kernel_time")]


def shapes(event, which):
    return [list(s.values())[0] for s in event["args"][which]]


def filters(content):
    """The filter's shape of each convolution, for events do not name what was packed."""
    g = onnx.load_from_string(content).graph
    constants = {t.name: list(t.dims) for t in g.initializer}
    for n in g.node:
        if n.op_type == "Constant" and n.attribute[0].name == "value":
            constants[n.output[0]] = list(n.attribute[0].t.dims)
    return {n.name: constants.get(n.input[1]) for n in g.node if "Conv" in n.op_type}


def macs(event, known):
    kind, into = event["args"]["op_name"], shapes(event, "input_type_shape")
    if kind not in ("Conv", "ConvTranspose", "MatMul", "Gemm"):
        return 0
    out = shapes(event, "output_type_shape")[0]
    if kind in ("MatMul", "Gemm"):
        return math.prod(out) * into[0][-1]
    filter_ = into[1] if len(into) > 1 and len(into[1]) > 2 else \
        known.get(event["name"][:-len("_kernel_time")])
    if filter_ is None:
        raise ValueError("no filter of " + event["name"])
    return math.prod(out if kind == "Conv" else into[0]) * math.prod(filter_[1:])


def conv_key(x, w, out):
    """Input and filter with four axes each, and the size of the result, which tells the stride."""
    four = lambda s: tuple(s) if len(s) == 4 else (s[0], s[1], 1, s[2])
    return four(x), four(w), math.prod(out)


def report_key(line):
    """The same from a line of the provider's report; None for pools."""
    spec, shape = line[3].split(), line[4]
    if "->" not in spec[0]:
        return None
    groups = next((int(s[1:]) for s in spec[1:] if s[0] == "g"), 1)
    into, out = map(int, spec[0].split("->"))
    filter_ = (out, into // groups, *map(int, spec[1].split("x")))
    return tuple(map(int, shape.split("x"))), filter_, round(float(line[5])) // math.prod(filter_[1:])


def peak_memory(arguments, name, variant):
    command = [sys.executable, __file__, arguments.library, arguments.models, "--memory", variant, name]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(model, arguments):
    content, feeds = model.bytes(model.sizes[0]), model.feeds(model.sizes[0])
    reports = {v: tempfile.mktemp() for v in VARIANTS if v != "cpu"}
    sessions = {v: session(content, v, arguments.threads,
                           **({"report": reports[v]} if v in reports else {})) for v in VARIANTS}
    best = dict.fromkeys(VARIANTS, 1e30)
    for s in sessions.values():
        s.run(None, feeds)
    end, rounds = time.time() + 3 * arguments.seconds, 0
    while time.time() < end or rounds < 4:
        rounds += 1
        for variant, s in sessions.items():
            start = time.perf_counter()
            s.run(None, feeds)
            best[variant] = min(best[variant], time.perf_counter() - start)
    sessions.clear()
    s = None
    lines = {}
    for variant, path in reports.items():
        with open(path) as file:
            lines[variant] = [line.rstrip("\n").split("\t") for line in file]
        os.unlink(path)

    plain = events(content, feeds, False, 1)
    nodes, known = len(plain), filters(content)
    claimed = sum(int(line[2]) for line in lines["strict"])
    mine = sum(float(line[5]) for line in lines["strict"] if report_key(line))
    share = mine / max(1, sum(macs(e, known) for e in plain))
    optimised = events(content, feeds, True, 6)
    in_conv = sum(e["dur"] for e in optimised if e["args"]["op_name"] in ("Conv", "FusedConv"))
    conv_share = in_conv / sum(e["dur"] for e in optimised)
    memory = {v: peak_memory(arguments, model.name, v) for v in VARIANTS}
    print(f"| {model.name} | {best['cpu'] * 1e3:.2f} | {best['strict'] * 1e3:.2f} | "
          f"{best['fast'] * 1e3:.2f} | {best['cpu'] / best['strict']:.2f} | "
          f"{best['cpu'] / best['fast']:.2f} | {100 * conv_share:.0f} % | {claimed}/{nodes} | "
          f"{100 * share:.0f} % | {memory['cpu']} | {memory['strict']} | {memory['fast']} |", flush=True)
    if arguments.layers:
        losses(optimised, lines["strict"], arguments.layers)


def losses(optimised, lines, most):
    """Layers by what they cost more than in the CPU provider, per run."""
    theirs, ours = collections.defaultdict(list), collections.defaultdict(list)
    for e in optimised:
        into = shapes(e, "input_type_shape")
        if e["args"]["op_name"] in ("Conv", "FusedConv") and len(into[1]) in (3, 4):
            out = shapes(e, "output_type_shape")[0]
            theirs[conv_key(into[0], into[1], out)].append(e["dur"] * 1e-3)
    for line in lines:
        if report_key(line):
            ours[report_key(line)].append((int(line[7]) * 1e-6, line))
    rows = []
    for key, layers in ours.items():
        if key in theirs:
            # The best of the profile's runs of this layer, as often as it occurs in the model.
            cpu = min(theirs[key]) * len(layers)
            swconv = sum(t for t, _ in layers)
            rows.append((swconv - cpu, cpu, swconv, len(layers), layers[0][1]))
    for _, cpu, swconv, count, line in sorted(rows, key=lambda r: -r[0])[:most]:
        print(f"    {line[3]} at {line[4]} x{count} {line[1]}: {cpu:.3f} ms, swconv {swconv:.3f}; "
              f"{line[8].split(':')[0]}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("models")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--layers", type=int, default=0)
    parser.add_argument("--memory", choices=VARIANTS)
    arguments = parser.parse_intermixed_args()
    ort.set_default_logger_severity(3)
    arguments.library = os.path.abspath(arguments.library)  # relative, it would be so to ONNX Runtime
    ort.register_execution_provider_library("swconv", arguments.library)
    models = [m for m in catalogue(arguments.models)
              if not arguments.names or m.name in arguments.names]
    if arguments.memory:
        for m in models:
            s = session(m.bytes(m.sizes[0]), arguments.memory, 1)
            for _ in range(2):
                s.run(None, m.feeds(m.sizes[0]))
        # Not getrusage: it would count the parent's peak.
        with open("/proc/self/status") as file:
            print(next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) // 1024)
        return
    if not arguments.names:
        print("| model | CPU ms | strict ms | fast ms | strict, times faster | fast, times faster | "
              "CPU time in Conv | nodes | multiply-adds | peak MiB CPU | strict | fast |")
        print("|" + "---|" * 12)
    for m in models:
        measure(m, arguments)


if __name__ == "__main__":
    main()
