# SPDX-License-Identifier: MIT
"""Layers one at a time: every attribute, every fusion, against ONNX Runtime's own CPU provider."""
import itertools
import unittest

import numpy as np
from onnx import helper

from support import Claims, error, graph, with_cpu

RNG = np.random.default_rng(5)


def random(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


class Compared(unittest.TestCase):
    def compare(self, model, feeds, operators, strict=1e-5, fast=1e-3, **options):
        """Same results, strict and fast, in exactly the layers that were expected."""
        wanted = with_cpu(model).run(None, feeds)
        for math, bound in (("strict", strict), ("fast", fast)):
            claims = Claims(model, math=math, **options)
            got = claims.run(feeds)
            for g, w in zip(got, wanted):
                self.assertLessEqual(error(g, w), bound, math)
            self.assertEqual([layer["operators"] for layer in claims.layers()], operators)


class Conv(Compared):
    def conv(self, shape, filter_shape, known=True, bias=True, **attributes):
        constants = {"w": random(*filter_shape)}
        if bias:
            constants["b"] = random(filter_shape[0])
        node = helper.make_node("Conv", ["x", *constants], ["y"], **attributes)
        x = list(shape) if known else [f"d{i}" for i in range(len(shape))]
        self.compare(graph([node], {"x": x}, {"y": [None] * len(shape)}, constants),
                     {"x": random(*shape)}, ["Conv"])

    def test_attributes_2d(self):
        for stride, dilation, pads, groups, known in itertools.product(
                [[1, 1], [2, 1], [3, 3]], [[1, 1], [2, 3]], [[0, 0, 0, 0], [1, 0, 2, 3]], [1, 2, 6],
                [True, False]):
            with self.subTest(stride=stride, dilation=dilation, pads=pads, groups=groups):
                self.conv((2, 6, 13, 17), (12, 6 // groups, 3, 2), known, strides=stride,
                          dilations=dilation, pads=pads, group=groups)

    def test_attributes_1d(self):
        for stride, dilation, pads, groups in itertools.product([1, 2], [1, 3], [[0, 0], [2, 5]],
                                                                [1, 4]):
            with self.subTest(stride=stride, dilation=dilation, pads=pads, groups=groups):
                self.conv((2, 4, 50), (8, 4 // groups, 5), strides=[stride], dilations=[dilation],
                          pads=pads, group=groups)

    def test_auto_pad(self):
        for auto_pad, stride, size in itertools.product(["SAME_UPPER", "SAME_LOWER", "VALID"],
                                                        [1, 2, 3], [12, 13]):
            with self.subTest(auto_pad=auto_pad, stride=stride, size=size):
                self.conv((1, 3, size, size + 1), (4, 3, 4, 3), auto_pad=auto_pad,
                          strides=[stride, stride])

    def test_without_bias(self):
        self.conv((1, 3, 20, 20), (16, 3, 3, 3), bias=False, pads=[1, 1, 1, 1])

    def test_batches_of_nothing(self):
        node = helper.make_node("Conv", ["x", "w"], ["y"])
        model = graph([node], {"x": ["n", 3, 8, 8]}, {"y": [None] * 4}, {"w": random(4, 3, 3, 3)})
        claims = Claims(model)
        self.assertEqual(claims.run({"x": np.zeros((0, 3, 8, 8), np.float32)})[0].shape, (0, 4, 6, 6))
        self.assertEqual(len(claims.layers()), 1)


class Pool(Compared):
    def pool(self, kind, shape, known=True, opset=17, **attributes):
        node = helper.make_node(kind, ["x"], ["y"], **attributes)
        x = list(shape) if known else [f"d{i}" for i in range(len(shape))]
        self.compare(graph([node], {"x": x}, {"y": [None] * len(shape)}, {}, opset),
                     {"x": random(*shape)}, [kind])

    def test_windows(self):
        for kind, stride, pads, known in itertools.product(
                ["MaxPool", "AveragePool"], [[1, 1], [2, 2], [3, 1]], [[0, 0, 0, 0], [1, 0, 1, 1]],
                [True, False]):
            with self.subTest(kind=kind, stride=stride, pads=pads):
                self.pool(kind, (2, 5, 14, 19), known, kernel_shape=[3, 2], strides=stride, pads=pads)

    def test_options(self):
        self.pool("MaxPool", (1, 3, 14, 15), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        self.pool("MaxPool", (1, 3, 14, 15), kernel_shape=[3, 3], dilations=[2, 3])
        self.pool("AveragePool", (1, 3, 14, 15), kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                  count_include_pad=1)
        self.pool("MaxPool", (2, 3, 50), kernel_shape=[7], strides=[3], pads=[2, 3])
        for auto_pad in ("SAME_UPPER", "SAME_LOWER"):
            self.pool("AveragePool", (1, 3, 14, 15), kernel_shape=[3, 4], strides=[2, 2],
                      auto_pad=auto_pad)

    def test_global(self):
        for kind in ("GlobalMaxPool", "GlobalAveragePool"):
            for shape in ((2, 70, 7, 9), (2, 8, 130)):
                self.pool(kind, shape)


class Fusion(Compared):
    """A convolution and what follows it is one layer."""

    FILTER = random(16, 8, 3, 3)

    def chain(self, tail, operators, inputs=(), constants=None, x_shape=(1, 8, 15, 18), dims=None,
              opset=17, **options):
        """`tail(c)` gives the nodes after the convolution's result c; the last makes y."""
        conv = helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1])
        feeds = {"x": random(*x_shape), **{n: random(*s) for n, s in inputs}}
        shapes = {"x": dims or list(x_shape), **{n: list(s) for n, s in inputs}}
        model = graph([conv, *tail("c")], shapes, {"y": [None] * 4},
                      {"w": self.FILTER, **(constants or {})}, opset)
        self.compare(model, feeds, operators, **options)

    def one(self, kind, attributes=None, inputs=("c",), constants=None, opset=17):
        self.chain(lambda c: [helper.make_node(kind, list(inputs), ["y"], **(attributes or {}))],
                   ["Conv+" + kind], constants=constants, opset=opset)

    def test_simple(self):
        for kind in ("Relu", "Sigmoid", "Tanh"):
            self.one(kind)
        self.one("LeakyRelu", {"alpha": 0.3})
        self.one("LeakyRelu")
        self.one("HardSigmoid", {"alpha": 0.17, "beta": 0.4})
        self.one("HardSwish")
        low, high = {"low": np.float32(-0.5)}, {"high": np.float32(1.5)}
        self.one("Clip", inputs=("c", "low", "high"), constants={**low, **high})
        self.one("Clip", inputs=("c", "low"), constants=low)
        self.one("Clip", inputs=("c", "", "high"), constants=high)
        self.one("Clip", {"min": -0.25, "max": 2.0}, opset=10)

    def test_gates(self):
        def gate(kind, **attributes):
            return lambda c: [helper.make_node(kind, [c], ["g"], **attributes),
                              helper.make_node("Mul", ["g", c], ["y"])]
        self.chain(gate("Sigmoid"), ["Conv+Sigmoid+Mul"])
        self.chain(gate("HardSigmoid", alpha=1 / 6, beta=0.5), ["Conv+HardSigmoid+Mul"])
        # Not hard_swish: the gate stays outside.
        self.chain(gate("HardSigmoid", alpha=0.25, beta=0.5), ["Conv"])

    def test_written_out_hard_swish(self):
        def tail(c):
            return [helper.make_node("Add", [c, "three"], ["a"]),
                    helper.make_node("Clip", ["a", "zero", "six"], ["g"]),
                    helper.make_node("Mul", [c, "g"], ["m"]),
                    helper.make_node("Div", ["m", "six"], ["y"])]
        values = {"zero": np.float32(0), "three": np.float32(3), "six": np.float32(6)}
        self.chain(tail, ["Conv+Add+Clip+Mul+Div"], constants=values)
        # Another constant is another function.
        self.chain(tail, ["Conv"], constants={**values, "three": np.float32(2.5)})

    def test_residual(self):
        shape = (1, 16, 15, 18)
        for order in (["c", "r"], ["r", "c"]):
            add = helper.make_node("Add", order, ["y"])
            self.chain(lambda c: [add], ["Conv+Add"], [("r", shape)])
        self.chain(lambda c: [helper.make_node("Add", [c, "r"], ["a"]),
                              helper.make_node("Relu", ["a"], ["y"])],
                   ["Conv+Add+Relu"], [("r", shape)])

    def test_residual_of_another_shape(self):
        """Known to differ: not fused. Unknown: found out at run time, and right all the same."""
        add_relu = lambda c: [helper.make_node("Add", [c, "r"], ["a"]),
                              helper.make_node("Relu", ["a"], ["y"])]
        self.chain(add_relu, ["Conv"], [("r", (1, 16, 1, 1))])
        unknown = ["n", 8, "h", "w"]
        for shape in ((1, 16, 1, 1), (16, 1, 1), (1, 1, 15, 18), (3, 16, 15, 18), (1,)):
            with self.subTest(shape=shape):
                conv = helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1])
                r = [f"r{i}" for i in range(len(shape))]
                model = graph([conv, *add_relu("c")], {"x": unknown, "r": r}, {"y": None},
                              {"w": self.FILTER})
                feeds = {"x": random(1, 8, 15, 18), "r": random(*shape)}
                self.compare(model, feeds, ["Conv+Add+Relu"] if len(shape) == 4 else ["Conv"])

    def test_seen_by_others(self):
        """A result that somebody else reads must exist."""
        conv = helper.make_node("Conv", ["x", "w"], ["c"])
        relu = helper.make_node("Relu", ["c"], ["y"])
        tanh = helper.make_node("Tanh", ["c"], ["z"])
        shapes = {"x": [1, 8, 9, 9]}
        model = graph([conv, relu, tanh], shapes, {"y": [None] * 4, "z": [None] * 4},
                      {"w": self.FILTER})
        self.compare(model, {"x": random(1, 8, 9, 9)}, ["Conv"])
        model = graph([conv, relu], shapes, {"y": [None] * 4, "c": [None] * 4}, {"w": self.FILTER})
        self.compare(model, {"x": random(1, 8, 9, 9)}, ["Conv"])

    def test_two_convolutions_meet(self):
        """Either may take the Add, but only one."""
        nodes = [helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
                 helper.make_node("Conv", ["x", "v"], ["b"], pads=[1, 1, 1, 1]),
                 helper.make_node("Add", ["a", "b"], ["s"]), helper.make_node("Relu", ["s"], ["y"])]
        model = graph(nodes, {"x": [1, 8, 20, 20]}, {"y": [None] * 4},
                      {"w": self.FILTER, "v": random(16, 8, 3, 3)})
        feeds = {"x": random(1, 8, 20, 20)}
        wanted = with_cpu(model).run(None, feeds)[0]
        claims = Claims(model)
        self.assertLess(error(claims.run(feeds)[0], wanted), 1e-5)
        self.assertEqual(sorted(layer["operators"] for layer in claims.layers()),
                         ["Conv", "Conv+Add+Relu"])


if __name__ == "__main__":
    unittest.main()
