# SPDX-License-Identifier: MIT
"""A program that runs a model with ONNX Runtime, switched over to swconv.

usage: switch_over.py PROVIDER_LIBRARY MODEL.onnx
"""
import sys

import numpy as np
import onnxruntime as ort

library, model = sys.argv[1:]

# What is new: a library, its device, options with it. The last line only got `options`.
ort.register_execution_provider_library("swconv", library)
devices = [d for d in ort.get_ep_devices() if d.ep_name == "SwconvExecutionProvider"]
options = ort.SessionOptions()
options.add_provider_for_devices(devices, {"math": "fast"})
session = ort.InferenceSession(model, options)

# The rest is as it was.
first = session.get_inputs()[0]
shape = [d if isinstance(d, int) else 1 for d in first.shape]
result = session.run(None, {first.name: np.ones(shape, np.float32)})[0]
print("result", result.shape, "on", session.get_providers())
