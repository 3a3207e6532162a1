# SPDX-License-Identifier: MIT
"""What the tests share: the provider registered once, sessions with and without it, small models."""
import os
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

NAME = "SwconvExecutionProvider"
LIBRARY = os.environ["SWCONV_ORT_LIBRARY"]

ort.set_default_logger_severity(4)  # refusals are expected here
ort.register_execution_provider_library("swconv", LIBRARY)
DEVICES = [d for d in ort.get_ep_devices() if d.ep_name == NAME]
assert DEVICES, "the provider offers no device"


def with_swconv(model, pool=1, optimise=True, **options):
    """`pool` is ONNX Runtime's number of threads; `options` are the provider's."""
    so = ort.SessionOptions()
    so.intra_op_num_threads = pool
    so.log_severity_level = 4
    if not optimise:
        so.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    so.add_provider_for_devices(DEVICES, {k: str(v) for k, v in options.items()})
    return ort.InferenceSession(as_bytes(model), so)


def with_cpu(model, pool=1):
    so = ort.SessionOptions()
    so.intra_op_num_threads = pool
    so.log_severity_level = 4
    return ort.InferenceSession(as_bytes(model), so, providers=["CPUExecutionProvider"])


def as_bytes(model):
    return model if isinstance(model, bytes) else model.SerializeToString()


class Claims:
    """A session whose layers report what they are when it ends: (operators, nodes, spec) per layer."""

    def __init__(self, model, **options):
        self.path = tempfile.mktemp(suffix=".tsv")
        self.session = with_swconv(model, report=self.path, **options)

    def run(self, feeds):
        return self.session.run(None, feeds)

    def layers(self):
        self.session = None
        if not os.path.exists(self.path):
            return []
        with open(self.path) as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
        os.unlink(self.path)
        return [{"name": f[0], "operators": f[1], "nodes": int(f[2]), "spec": f[3], "shape": f[4],
                 "macs": float(f[5]), "calls": int(f[6]), "ns": int(f[7]), "plan": f[8]}
                for f in lines]


def graph(nodes, inputs, outputs, constants, opset=17):
    """`inputs` and `outputs` map names to shapes; `constants` names to arrays."""
    info = lambda items: [helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
                          for n, s in items.items()]
    g = helper.make_graph(nodes, "g", info(inputs), info(outputs),
                          [numpy_helper.from_array(np.asarray(a), n) for n, a in constants.items()])
    model = helper.make_model(g, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    return model


def error(got, wanted):
    """The largest difference relative to the largest value; shapes and infinities must agree."""
    assert got.shape == wanted.shape, (got.shape, wanted.shape)
    if got.size == 0:
        return 0.0
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0, np.abs(got - wanted))
    finite = np.abs(wanted[np.isfinite(wanted)])
    return float(difference.max()) / max(float(finite.max()) if finite.size else 0.0, 1e-30)
