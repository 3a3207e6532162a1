# SPDX-License-Identifier: MIT
"""Whole models, real ones and published networks: same results as the CPU provider.

usage: test_models.py MODELS [unittest arguments]    MODELS: the folder that integrations/fetch fills
"""
import os
import sys
import threading
import unittest

MODELS = sys.argv.pop(1)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../models"))

from catalogue import catalogue  # noqa: E402
from support import Claims, error, with_cpu  # noqa: E402

# Of the largest value of an output. A fast layer may add the error that docs/numerics.md publishes.
BOUND = 1e-4
FAST_LAYER = 256 * 2.0**-24
LONG = bool(os.environ.get("SWCONV_TEST_LONG"))


class Models(unittest.TestCase):
    def check(self, model):
        for size in model.sizes:
            feeds, content = model.feeds(size), model.bytes(size)
            wanted = with_cpu(content, pool=2).run(None, feeds)
            for math in "strict", "fast":
                # The first size is the one that is measured, and a large one.
                for pool in (1, 2) if LONG or size != model.sizes[0] else (2,):
                    claims = Claims(content, math=math, pool=pool)
                    results = [claims.run(feeds)]
                    if pool == 2 and size == model.sizes[-1]:
                        results += self.together(claims, feeds)
                    layers = claims.layers()
                    self.assertGreater(len(layers), 0)
                    fast = sum(l["plan"].startswith(("winograd", "fourier")) for l in layers)
                    self.assertTrue(math == "fast" or fast == 0)
                    for got in results:
                        for g, w in zip(got, wanted):
                            self.assertLessEqual(error(g, w), max(BOUND, fast * FAST_LAYER),
                                                 (size, math, pool))

    @staticmethod
    def together(claims, feeds):
        results = []
        threads = [threading.Thread(target=lambda: results.append(claims.run(feeds)))
                   for _ in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(results) == 2
        return results


def add(model):
    setattr(Models, "test_" + model.name, lambda self: self.check(model))


for m in catalogue(MODELS):
    add(m)

if __name__ == "__main__":
    unittest.main()
