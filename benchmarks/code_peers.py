"""The peers of goals.py in machine code: C by hand (by_hand.c), and heyoka, which compiles expressions."""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Answer
from workloads import ALPHA, SIZES

FLAGS = ["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", "-shared", "-fPIC"]


def library() -> Any:
    """Return by_hand.c as a library; None, and a line that says so, where there is no gcc."""
    compiler = shutil.which("gcc")
    if compiler is None:
        print("gcc is absent: no C by hand\n")
        return None
    folder = tempfile.mkdtemp()
    target = Path(folder) / "by_hand.so"
    source = Path(__file__).with_name("by_hand.c")
    subprocess.run([compiler, *FLAGS, str(source), "-o", str(target), "-lm"], check=True)
    loaded = ctypes.CDLL(str(target))
    shutil.rmtree(folder)
    for name in ("moons", "asian", "rosenbrock"):
        getattr(loaded, name).restype = ctypes.c_double
    return loaded


def in_c(function: Any, arguments: Sequence[Any], size: int) -> Callable[[], Answer]:
    """Return a call of a C function; arrays among the arguments stay where they are, the gradient is last."""
    gradient = np.zeros(size)
    held = [*arguments, gradient]
    passed = [
        ctypes.c_void_p(one.ctypes.data)
        if isinstance(one, np.ndarray)
        else ctypes.c_double(one)
        if isinstance(one, float)
        else ctypes.c_long(one)
        for one in held
    ]

    def call(keep: Any = held) -> Answer:
        return function(*passed), gradient

    return call


class Heyoka:
    """heyoka's cfunc of value and gradient, made once for each function."""

    def __init__(self, module: Any) -> None:
        self.m = module
        self.known: dict[str, Any] = {}

    def function(self, name: str, by: Sequence[Any], rest: Sequence[Any], value: Any) -> Any:
        """Return machine code for `value` and its derivatives; the other variables follow `by`."""
        if name not in self.known:
            found = self.m.diff_tensors([value], list(by), diff_order=1)
            self.known[name] = self.m.cfunc([value, *found.gradient], [*by, *rest])
        return self.known[name]

    def over_batch(self, function: Any, shared: Any, each: Any) -> Callable[[], Answer]:
        """Return a call for all samples, a column each, and the means over them."""
        n, samples = len(shared), each.shape[1]
        inputs, outputs = np.empty((n + len(each), samples)), np.empty((n + 1, samples))
        inputs[n:] = each

        def call() -> Answer:
            inputs[:n] = shared[:, None]
            function(inputs=inputs, outputs=outputs)
            means = outputs.sum(axis=1) / samples
            return means[0], means[1:]

        return call

    def moons(self, p: Any, x: Any, y: Any) -> Callable[[], Answer]:
        """Return the step of the moons; the penalty is added by NumPy."""
        h = self.m
        weights, point, side = (
            h.make_vars(*[f"p{i}" for i in range(len(p))]),
            h.make_vars("u", "v"),
            h.expression("t"),
        )
        at, held = 0, list(point)
        for depth, (width, count) in enumerate(pairwise(SIZES), 1):
            sums = []
            for _ in range(count):
                products = [w * value for w, value in zip(weights[at : at + width], held, strict=True)]
                sums.append(h.sum([*products, weights[at + width]]))
                at += width + 1
            held = sums if depth == len(SIZES) - 1 else [h.relu(z) for z in sums]
        function = self.function("moons", weights, [*point, side], h.relu(1.0 - side * held[0]))
        means = self.over_batch(function, p, np.vstack([x.T, y]))

        def call() -> Answer:
            value, gradient = means()
            return value + ALPHA * (p @ p), gradient + 2.0 * ALPHA * p

        return call

    def rosenbrock(self, x: Any) -> Callable[[], Answer]:
        """Return Rosenbrock's function."""
        names = self.m.make_vars(*[f"x{i}" for i in range(len(x))])
        terms = [100.0 * (b - a * a) ** 2.0 + (1.0 - a) ** 2.0 for a, b in pairwise(names)]
        function = self.function(f"rosenbrock {len(x)}", names, [], self.m.sum(terms))
        outputs = np.empty(len(x) + 1)

        def call() -> Answer:
            function(inputs=x, outputs=outputs)
            return outputs[0], outputs[1:]

        return call

    def asian(self, market: Any, z: Any) -> Callable[[], Answer]:
        """Return the Asian option."""
        h, steps = self.m, z.shape[1]
        spot, volatility, rate = by = h.make_vars("s", "v", "r")
        shocks = h.make_vars(*[f"z{i}" for i in range(steps)])
        price, prices = spot, []
        for shock in shocks:
            price = price * h.exp(
                (rate - 0.5 * volatility * volatility) / steps + volatility * steps**-0.5 * shock
            )
            prices.append(price)
        pay = h.exp(-rate) * h.relu(h.sum(prices) / steps - 100.0)
        return self.over_batch(
            self.function(f"asian {steps}", by, shocks, pay), market, np.ascontiguousarray(z.T)
        )
