# SPDX-License-Identifier: MIT
"""Published networks as ONNX graphs: their true sizes, seeded random weights.

Batch normalisation is folded into the convolutions, as every engine does at load.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Tensor:
    def __init__(self, name, channels):
        self.name, self.channels = name, channels


class Net:
    """Adds nodes one by one; every method takes and gives a Tensor."""

    def __init__(self, name, seed=1):
        self.name, self.rng = name, np.random.default_rng(seed)
        self.nodes, self.constants, self.inputs, self.count = [], [], [], 0

    def input(self, name, shape):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return Tensor(name, shape[1])

    def constant(self, array):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def op(self, kind, *inputs, channels=None, outputs=1, **attributes):
        self.count += 1
        names = [f"t{self.count}_{i}" for i in range(outputs)]
        sources = [t.name if isinstance(t, Tensor) else t for t in inputs]
        self.nodes.append(
            helper.make_node(kind, sources, names, name=f"{kind}_{self.count}", **attributes))
        channels = channels or inputs[0].channels
        tensors = [Tensor(n, channels) for n in names]
        return tensors[0] if outputs == 1 else tensors

    def weights(self, *shape, fan):
        return (self.rng.standard_normal(shape) * np.sqrt(2 / fan)).astype(np.float32)

    def conv(self, x, out, k, stride=1, pad=None, groups=1, dilation=1, act=None, dims=2, gain=1):
        pad = dilation * (k - 1) // 2 if pad is None else pad
        fan = x.channels // groups * k**dims
        filter_ = self.weights(out, x.channels // groups, *[k] * dims, fan=fan / gain**2)
        bias = (self.rng.standard_normal(out) * 0.05).astype(np.float32)
        y = self.op("Conv", x, self.constant(filter_), self.constant(bias), channels=out,
                    kernel_shape=[k] * dims, strides=[stride] * dims, pads=[pad] * 2 * dims,
                    dilations=[dilation] * dims, group=groups)
        return self.act(y, act)

    def up(self, x, out, k, stride, dims=2):
        pad = (k - stride) // 2
        filter_ = self.weights(x.channels, out, *[k] * dims, fan=x.channels * k**dims / stride**dims)
        return self.op("ConvTranspose", x, self.constant(filter_), channels=out,
                       kernel_shape=[k] * dims, strides=[stride] * dims, pads=[pad] * 2 * dims)

    def act(self, x, kind):
        if kind is None:
            return x
        if kind == "Relu6":
            return self.op("Clip", x, self.constant(np.float32(0)), self.constant(np.float32(6)))
        if kind == "HardSigmoid":
            return self.op(kind, x, alpha=1 / 6, beta=0.5)
        if kind == "HardSwish":  # as most exporters write it
            return self.op("Mul", x, self.act(x, "HardSigmoid"))
        if kind == "Silu":
            return self.op("Mul", x, self.op("Sigmoid", x))
        return self.op(kind, x)

    def max_pool(self, x, k, stride, pad=0):
        return self.op("MaxPool", x, kernel_shape=[k, k], strides=[stride] * 2, pads=[pad] * 4)

    def squeeze_excite(self, x, middle, gate):
        s = self.conv(self.op("GlobalAveragePool", x), middle, 1, act="Relu")
        return self.op("Mul", x, self.conv(s, x.channels, 1, act=gate))

    def head(self, x, classes=1000):
        x = self.op("Flatten", self.op("GlobalAveragePool", x))
        weight = self.weights(classes, x.channels, fan=x.channels)
        return self.op("Gemm", x, self.constant(weight), channels=classes, transB=1)

    def model(self, y, dims):
        self.nodes[-1].output[0] = "out"
        output = helper.make_tensor_value_info("out", TensorProto.FLOAT, [None] * dims)
        graph = helper.make_graph(self.nodes, self.name, self.inputs, [output], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model


def mobilenet_v3_large(size=224):
    n = Net("mobilenet_v3_large")
    x = n.conv(n.input("in", ["n", 3, size, size]), 16, 3, 2, act="HardSwish")
    for k, hidden, out, se, act, stride in [
            (3, 16, 16, 0, "Relu", 1), (3, 64, 24, 0, "Relu", 2), (3, 72, 24, 0, "Relu", 1),
            (5, 72, 40, 24, "Relu", 2), (5, 120, 40, 32, "Relu", 1), (5, 120, 40, 32, "Relu", 1),
            (3, 240, 80, 0, "HardSwish", 2), (3, 200, 80, 0, "HardSwish", 1),
            (3, 184, 80, 0, "HardSwish", 1), (3, 184, 80, 0, "HardSwish", 1),
            (3, 480, 112, 120, "HardSwish", 1), (3, 672, 112, 168, "HardSwish", 1),
            (5, 672, 160, 168, "HardSwish", 2), (5, 960, 160, 240, "HardSwish", 1),
            (5, 960, 160, 240, "HardSwish", 1)]:
        y = n.conv(x, hidden, 1, act=act) if hidden != x.channels else x
        y = n.conv(y, hidden, k, stride, groups=hidden, act=act)
        if se:
            y = n.squeeze_excite(y, se, "HardSigmoid")
        y = n.conv(y, out, 1)
        x = n.op("Add", y, x) if stride == 1 and out == x.channels else y
    x = n.conv(x, 960, 1, act="HardSwish")
    x = n.conv(n.op("GlobalAveragePool", x), 1280, 1, act="HardSwish")
    return n.model(n.head(x), 2)


def shufflenet_v2(size=224):
    n = Net("shufflenet_v2_x1_0")

    def shuffle(a, b, half):
        x = n.op("Concat", a, b, axis=1, channels=2 * half)
        spatial = [0, 2, half, -1]
        x5 = n.op("Reshape", x, n.constant(np.array(spatial, np.int64)))
        x5 = n.op("Transpose", x5, perm=[0, 2, 1, 3])
        return x5

    x = n.conv(n.input("in", ["n", 3, size, size]), 24, 3, 2, act="Relu")
    x = n.max_pool(x, 3, 2, 1)
    extent = size // 4
    for repeats, out in [(4, 116), (8, 232), (4, 464)]:
        half = out // 2
        extent //= 2
        back = n.constant(np.array([0, out, extent, extent], np.int64))
        for i in range(repeats):
            if i == 0:
                a = n.conv(n.conv(x, x.channels, 3, 2, groups=x.channels), half, 1, act="Relu")
                b = x
            else:
                a, b = n.op("Split", x, n.constant(np.array([half, half], np.int64)), axis=1,
                            outputs=2, channels=half)
            b = n.conv(b, half, 1, act="Relu")
            b = n.conv(n.conv(b, half, 3, 2 if i == 0 else 1, groups=half), half, 1, act="Relu")
            x = n.op("Reshape", shuffle(a, b, half), back, channels=out)
    x = n.conv(x, 1024, 1, act="Relu")
    return n.model(n.head(x), 2)


def resnet50(size=224):
    n = Net("resnet50")
    x = n.conv(n.input("in", ["n", 3, size, size]), 64, 7, 2, act="Relu")
    x = n.max_pool(x, 3, 2, 1)
    for stage, (repeats, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)]):
        for i in range(repeats):
            stride = 2 if i == 0 and stage > 0 else 1
            y = n.conv(x, width, 1, act="Relu")
            y = n.conv(n.conv(y, width, 3, stride, act="Relu"), 4 * width, 1)
            x = n.conv(x, 4 * width, 1, stride) if i == 0 else x
            x = n.act(n.op("Add", y, x), "Relu")
    return n.model(n.head(x), 2)


def regnet_y_800mf(size=224):
    n = Net("regnet_y_800mf")
    x = n.conv(n.input("in", ["n", 3, size, size]), 32, 3, 2, act="Relu")
    for repeats, width in [(1, 64), (3, 144), (8, 320), (2, 784)]:
        for i in range(repeats):
            stride = 2 if i == 0 else 1
            y = n.conv(n.conv(x, width, 1, act="Relu"), width, 3, stride, groups=width // 16, act="Relu")
            y = n.conv(n.squeeze_excite(y, max(1, round(x.channels / 4)), "Sigmoid"), width, 1)
            x = n.conv(x, width, 1, stride) if i == 0 else x
            x = n.act(n.op("Add", y, x), "Relu")
    return n.model(n.head(x), 2)


def starnet_s4(size=224):
    n = Net("starnet_s4")
    x = n.conv(n.input("in", ["n", 3, size, size]), 32, 3, 2, act="Relu6")
    for stage, repeats in enumerate([3, 3, 12, 5]):
        width = 32 << stage
        x = n.conv(x, width, 3, 2)
        for _ in range(repeats):
            y = n.conv(x, width, 7, groups=width)
            y = n.op("Mul", n.conv(y, 4 * width, 1, act="Relu6"), n.conv(y, 4 * width, 1))
            # Products of activations grow; trained weights do not let them.
            y = n.conv(n.conv(y, width, 1, gain=0.02), width, 7, groups=width)
            x = n.op("Add", x, y)
    return n.model(n.head(x), 2)


def unet(size=256):
    n = Net("unet")

    def double(x, width):
        return n.conv(n.conv(x, width, 3, act="Relu"), width, 3, act="Relu")

    x, kept = n.input("in", ["n", 1, size, size]), []
    for width in [64, 128, 256, 512]:
        x = double(x, width)
        kept.append(x)
        x = n.max_pool(x, 2, 2)
    x = double(x, 1024)
    for left in reversed(kept):
        up = n.up(x, left.channels, 2, 2)
        x = double(n.op("Concat", left, up, axis=1, channels=2 * left.channels), left.channels)
    return n.model(n.conv(x, 2, 1), 4)


def hifi_gan(frames=32):
    n = Net("hifi_gan_v1")
    x = n.conv(n.input("in", [1, 80, frames]), 512, 7, dims=1)
    leaky = lambda t: n.op("LeakyRelu", t, alpha=0.1)
    for k, stride in [(16, 8), (16, 8), (4, 2), (4, 2)]:
        x = n.up(leaky(x), x.channels // 2, k, stride, dims=1)
        total = None
        for kernel in [3, 7, 11]:
            y = x
            for dilation in [1, 3, 5]:
                z = n.conv(leaky(y), y.channels, kernel, dilation=dilation, dims=1)
                z = n.conv(leaky(z), y.channels, kernel, dims=1)
                y = n.op("Add", z, y)
            total = y if total is None else n.op("Add", total, y)
        x = n.op("Div", total, n.constant(np.float32(3)))
    return n.model(n.op("Tanh", n.conv(leaky(x), 1, 7, dims=1)), 3)


def conv_tasnet(samples=16000):
    n = Net("conv_tasnet")

    def normalise(x):  # over channels and time
        mean = n.op("ReduceMean", x, axes=[1, 2])
        centred = n.op("Sub", x, mean)
        variance = n.op("ReduceMean", n.op("Mul", centred, centred), axes=[1, 2])
        scale = n.op("Sqrt", n.op("Add", variance, n.constant(np.float32(1e-8))))
        y = n.op("Div", centred, scale, channels=x.channels)
        gain = (1 + 0.05 * n.rng.standard_normal((1, x.channels, 1))).astype(np.float32)
        return n.op("Mul", y, n.constant(gain))

    prelu = lambda t: n.op("PRelu", t, n.constant(np.full((1, 1), 0.25, np.float32)))
    wave = n.input("in", [1, 1, samples])
    encoded = n.conv(wave, 512, 16, 8, pad=0, act="Relu", dims=1)
    x = n.conv(normalise(encoded), 128, 1, dims=1)
    skips = None
    for _ in range(3):
        for layer in range(8):
            y = normalise(prelu(n.conv(x, 512, 1, dims=1)))
            y = normalise(prelu(n.conv(y, 512, 3, groups=512, dilation=1 << layer, dims=1)))
            skip = n.conv(y, 128, 1, dims=1)
            skips = skip if skips is None else n.op("Add", skips, skip)
            x = n.op("Add", n.conv(y, 128, 1, dims=1), x)
    mask = n.conv(prelu(skips), 512, 1, act="Sigmoid", dims=1)
    return n.model(n.up(n.op("Mul", encoded, mask), 1, 16, 8, dims=1), 3)


ALL = {
    "mobilenet_v3_large": mobilenet_v3_large,
    "shufflenet_v2": shufflenet_v2,
    "resnet50": resnet50,
    "regnet_y_800mf": regnet_y_800mf,
    "starnet_s4": starnet_s4,
    "unet": unet,
    "hifi_gan": hifi_gan,
    "conv_tasnet": conv_tasnet,
}
