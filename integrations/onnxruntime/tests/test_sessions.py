# SPDX-License-Identifier: MIT
"""Sessions as programs use them: changing shapes, many threads, options, models that mean harm."""
import threading
import unittest

import numpy as np
from onnx import helper

from support import Claims, error, graph, with_cpu, with_swconv

RNG = np.random.default_rng(6)


def random(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def three_layers():
    """Convolution, residual, depthwise convolution, pool: any image."""
    nodes = [helper.make_node("Conv", ["x", "w1"], ["a"], pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["a"], ["b"]),
             helper.make_node("Conv", ["b", "w2"], ["c"], pads=[1, 1, 1, 1]),
             helper.make_node("Add", ["c", "b"], ["d"]), helper.make_node("Relu", ["d"], ["e"]),
             helper.make_node("Conv", ["e", "w3"], ["f"], group=32, pads=[2, 2, 2, 2]),
             helper.make_node("MaxPool", ["f"], ["y"], kernel_shape=[2, 2], strides=[2, 2])]
    return graph(nodes, {"x": ["n", 3, "h", "w"]}, {"y": [None] * 4},
                 {"w1": random(32, 3, 3, 3), "w2": random(32, 32, 3, 3), "w3": random(32, 1, 5, 5)})


class Shapes(unittest.TestCase):
    def test_more_shapes_than_plans(self):
        model = three_layers()
        cpu = with_cpu(model)
        for math in ("strict", "fast"):
            claims = Claims(model, math=math, plan_cache=3)
            for i in list(range(8)) + [0, 5, 5, 2]:
                x = random(1 + i % 3, 3, 9 + 5 * i, 40 - 3 * i)
                self.assertLess(error(claims.run({"x": x})[0], cpu.run(None, {"x": x})[0]), 1e-4)
            # Shapes that differ in one axis only.
            for shape in ((1, 3, 24, 30), (2, 3, 24, 30), (2, 3, 24, 22), (2, 3, 26, 22)):
                x = random(*shape)
                self.assertLess(error(claims.run({"x": x})[0], cpu.run(None, {"x": x})[0]), 1e-4)
            self.assertEqual(len(claims.layers()), 4)

    def test_threads_give_the_same_bits(self):
        model = three_layers()
        x = random(2, 3, 61, 57)
        one = with_swconv(model).run(None, {"x": x})[0]
        for chosen in (0, 1, 2, 5):  # 0: as many as the pool has
            many = with_swconv(model, pool=2, threads=chosen)
            for _ in range(6):
                np.testing.assert_array_equal(many.run(None, {"x": x})[0], one)


class Concurrency(unittest.TestCase):
    def together(self, workers):
        failures = []

        def guarded(work):
            try:
                work()
            except BaseException as e:  # noqa: B902  reported by the main thread
                failures.append(e)
        threads = [threading.Thread(target=guarded, args=(w,)) for w in workers]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])

    def check(self, session_of, inputs, wanted):
        def worker(k):
            def work():
                session = session_of(k)
                for i in range(12):
                    j = (i * (k + 1)) % len(inputs)
                    self.assertLess(error(session.run(None, {"x": inputs[j]})[0], wanted[j]), 1e-4)
            return work
        self.together([worker(k) for k in range(4)])

    def test_one_session_and_many(self):
        model = three_layers()
        inputs = [random(1, 3, 20 + 7 * i, 33) for i in range(5)]
        cpu = with_cpu(model)
        wanted = [cpu.run(None, {"x": x})[0] for x in inputs]
        for math in ("strict", "fast"):
            shared = with_swconv(model, pool=2, math=math, plan_cache=2)
            self.check(lambda k: shared, inputs, wanted)
            own = [with_swconv(model, pool=1 + k % 2, math=math) for k in range(4)]
            self.check(lambda k: own[k], inputs, wanted)


class Options(unittest.TestCase):
    MODEL = three_layers()

    def layers(self, **options):
        claims = Claims(self.MODEL, **options)
        claims.run({"x": random(1, 3, 20, 20)})
        return [layer["operators"] for layer in claims.layers()]

    def test_operators(self):
        self.assertEqual(self.layers(operators="MaxPool"), ["MaxPool"])
        self.assertEqual(self.layers(operators="Conv"), ["Conv+Relu", "Conv+Add+Relu", "Conv"])

    def test_min_macs(self):
        node = helper.make_node("Conv", ["x", "w"], ["y"])
        model = graph([node], {"x": [1, 3, 10, 10]}, {"y": [None] * 4}, {"w": random(4, 3, 3, 3)})
        feeds = {"x": random(1, 3, 10, 10)}
        macs = 4 * 8 * 8 * 3 * 3 * 3
        for least, count in ((macs, 1), (macs + 1, 0)):
            claims = Claims(model, min_macs=least)
            claims.run(feeds)
            self.assertEqual(len(claims.layers()), count)

    def test_mistakes_are_named(self):
        for options, part in (({"maths": "fast"}, "maths"), ({"math": "quick"}, "quick"),
                              ({"threads": "-1"}, "threads"), ({"threads": "two"}, "two"),
                              ({"operators": "Conv,Gemm"}, "Gemm"), ({"verbose": "9"}, "verbose")):
            with self.assertRaisesRegex(Exception, part):
                with_swconv(self.MODEL, **options)


class Hostile(unittest.TestCase):
    """Every one of these ends in an exception of ONNX Runtime or in a result, never in a signal."""

    def attempt(self, node, x, constants, dims=None, must_fail=False):
        declared = dims or list(x.shape)
        model = graph([node], {"x": declared}, {"y": None}, constants)
        for optimise in (True, False):
            try:
                got = with_swconv(model, optimise=optimise).run(None, {"x": x})[0]
            except Exception as e:  # a status, by way of the binding
                self.assertTrue(str(e))
                continue
            self.assertFalse(must_fail, f"gave a result of shape {got.shape}")
            wanted = with_cpu(model).run(None, {"x": x})[0]
            self.assertLess(error(got, wanted), 1e-4)

    def test_convolutions(self):
        x, w = random(1, 4, 10, 12), {"w": random(8, 4, 3, 3)}
        unknown = ["n", "c", "h", "w"]
        conv = lambda **a: helper.make_node("Conv", ["x", "w"], ["y"], **a)
        huge = 2**62
        for attributes in (
                {"pads": [-1, -1, -1, -1]}, {"pads": [0, -3, 0, 1]}, {"pads": [huge, 0, 0, 0]},
                {"pads": [huge, huge, huge, huge]}, {"pads": [1, 1]}, {"pads": []},
                {"dilations": [huge, huge]}, {"dilations": [2**31, 1]}, {"dilations": [0, 1]},
                {"dilations": [-1, 1]}, {"strides": [0, 0]}, {"strides": [-2, 1]},
                {"strides": [huge, huge]}, {"strides": [1]}, {"group": 0}, {"group": -4},
                {"group": 3}, {"group": huge}, {"group": 2}, {"kernel_shape": [0, 3]},
                {"kernel_shape": [5, 5]}, {"kernel_shape": [3]}, {"auto_pad": "SAME_SIDEWAYS"},
                {"auto_pad": "SAME_UPPER", "strides": [huge, 1]},
                {"auto_pad": "x" * 300}):
            with self.subTest(**attributes):
                self.attempt(conv(**attributes), x, w)
                self.attempt(conv(**attributes), x, w, unknown)

    def test_windows_beyond_the_input(self):
        w = {"w": random(8, 4, 5, 5)}
        conv = helper.make_node("Conv", ["x", "w"], ["y"])
        self.attempt(conv, random(1, 4, 3, 12), w, must_fail=True)
        self.attempt(conv, random(1, 4, 3, 12), w, ["n", 4, "h", "w"], must_fail=True)
        pool = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[5, 5])
        self.attempt(pool, random(1, 4, 3, 12), {}, ["n", 4, "h", "w"])

    def test_shapes_that_do_not_fit(self):
        w = {"w": random(8, 4, 3, 3)}
        conv = helper.make_node("Conv", ["x", "w"], ["y"])
        unknown = ["n", "c", "h", "w"]
        for shape in ((1, 3, 9, 9), (1, 0, 9, 9), (1, 4, 0, 9), (1, 4, 9, 0)):
            with self.subTest(shape=shape):
                self.attempt(conv, random(*shape), w, unknown, must_fail=True)
        self.attempt(conv, random(0, 4, 9, 9), w, unknown)
        self.attempt(conv, random(4, 9, 9), w, ["c", "h", "w"])
        self.attempt(conv, random(1, 4, 9, 9), {"w": np.zeros((8, 4, 0, 3), np.float32)})
        self.attempt(conv, random(1, 4, 9, 9), {"w": np.zeros((0, 4, 3, 3), np.float32)})

    def test_pools(self):
        pool = lambda **a: helper.make_node("AveragePool", ["x"], ["y"], **a)
        for attributes in ({"kernel_shape": [0, 0]}, {"kernel_shape": []}, {"kernel_shape": [-3, 2]},
                           {"kernel_shape": [2**62, 2**62]},
                           {"kernel_shape": [2, 2], "pads": [3, 3, 3, 3]},
                           {"kernel_shape": [2, 2], "pads": [-1, 0, 0, 0]},
                           {"kernel_shape": [2, 2], "strides": [0, 1]},
                           {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}):
            with self.subTest(**attributes):
                self.attempt(pool(**attributes), random(1, 4, 10, 12), {})
        for shape in ((0, 4, 5, 5), (1, 0, 5, 5), (1, 4, 0, 5)):
            self.attempt(helper.make_node("GlobalAveragePool", ["x"], ["y"]), random(*shape), {},
                         ["n", "c", "h", "w"])

    def test_what_nobody_reads(self):
        nodes = [helper.make_node("Conv", ["x", "w"], ["dead"]),
                 helper.make_node("Conv", ["x", "w"], ["y"])]
        model = graph(nodes, {"x": [1, 4, 9, 9]}, {"y": [None] * 4}, {"w": random(8, 4, 3, 3)})
        x = random(1, 4, 9, 9)
        wanted = with_cpu(model).run(None, {"x": x})[0]
        for optimise in (True, False):
            got = with_swconv(model, optimise=optimise).run(None, {"x": x})[0]
            self.assertLess(error(got, wanted), 1e-5)

    def test_what_is_not_ours(self):
        """A filter that is computed, three dimensions, indices: left to ONNX Runtime."""
        cases = [
            (helper.make_node("Conv", ["x", "v"], ["y"]), {"x": (1, 2, 8, 8), "v": (3, 2, 3, 3)}, {}),
            (helper.make_node("Conv", ["x", "w"], ["y"]), {"x": (1, 2, 6, 6, 6)},
             {"w": random(3, 2, 3, 3, 3)}),
            (helper.make_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2]),
             {"x": (1, 2, 8, 8)}, {})]
        for node, inputs, constants in cases:
            model = graph([node], {n: list(s) for n, s in inputs.items()}, {"y": None}, constants)
            feeds = {n: random(*s) for n, s in inputs.items()}
            claims = Claims(model)
            self.assertLess(error(claims.run(feeds)[0], with_cpu(model).run(None, feeds)[0]), 1e-6)
            self.assertEqual(claims.layers(), [])


if __name__ == "__main__":
    unittest.main()
