"""What is measured of compiled functions: W2 to W6, written with plain scalars, and NumPy by hand for each.

W2 is the step of micrograd's demo, "digits" a network 784-128-10, W3 Rosenbrock's function, W4 a deep chain,
W5 an Asian option by Monte Carlo, W6 networks of any size. compiled.py and goals.py measure them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import dot, exp, logsumexp, relu, total
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.compile import Kernel

Floats = NDArray[np.float64]
Answer = tuple[Any, Any]
ALPHA = 1e-4
SIZES = (2, 16, 16, 1)


@dataclass
class Case:
    """One row of the table.

    kernel, arguments: what is called for value and derivatives.  peer: the same by hand.
    elsewhere: what the best other peer took.  operations: where times are shown for each of so many.
    """

    name: str
    kernel: Kernel
    arguments: tuple[Any, ...]
    peer: Callable[[], Answer]
    elsewhere: str
    operations: int = 0

    def ours(self) -> Answer:
        """Return value and derivatives."""
        return self.kernel.value_and_grad(*self.arguments)

    def alone(self) -> Callable[[], Any]:
        """Return a call of the machine code and next to nothing else, with its arrays in place."""
        return self.kernel.bind(*self.arguments)


# -- W2 and the digits network: networks over a batch ------------------------------------------------------


def outputs(p: Sequence[Any], x: Sequence[Any], sizes: Sequence[int]) -> list[Any]:
    """Return what a network of relu layers makes of x; parameters neuron by neuron, the bias last."""
    at, held = 0, list(x)
    for depth, (width, count) in enumerate(pairwise(sizes), 1):
        sums = []
        for _ in range(count):
            sums.append(dot(p[at : at + width], held, p[at + width]))
            at += width + 1
        held = sums if depth == len(sizes) - 1 else [relu(z) for z in sums]
    return held


def by_hand(
    p: Floats, x: Floats, sizes: Sequence[int], slope: Callable[[Floats], tuple[float, Floats]]
) -> Answer:
    """Return loss and gradient of such a network; slope: the loss and its derivative by the outputs."""
    blocks, at = [], 0
    for width, count in pairwise(sizes):
        blocks.append(p[at : at + count * (width + 1)].reshape(count, width + 1))
        at += blocks[-1].size
    held = [x.T]
    for depth, block in enumerate(blocks):
        z = block[:, :-1] @ held[-1]
        z += block[:, -1:]
        held.append(np.maximum(z, 0, out=z) if depth < len(blocks) - 1 else z)
    value, back = slope(held[-1])
    gradient = np.empty_like(p)
    for depth in reversed(range(len(blocks))):
        block = blocks[depth]
        at -= block.size
        mine = gradient[at : at + block.size].reshape(block.shape)
        np.matmul(back, held[depth].T, out=mine[:, :-1])
        mine[:, -1] = back.sum(axis=1)
        if depth:
            back = (block[:, :-1].T @ back) * (held[depth] > 0)
    return value, gradient


def moons_step(samples: int, elsewhere: str) -> Case:
    """The step of micrograd's demo: mean hinge loss and an L2 penalty, for a batch."""
    rng = np.random.default_rng(samples)
    x, y = rng.standard_normal((samples, 2)), np.sign(rng.standard_normal(samples))
    p = rng.uniform(-1.0, 1.0, 337)

    def loss(p: Any, x: Any, y: Any) -> Any:
        penalty = total([w * w for w in p])
        return relu(1.0 - y * outputs(p, x, SIZES)[0]) + ALPHA * penalty

    kernel = compile(loss, batch=("x", "y"), reduce="mean")

    def hinge(z: Floats) -> tuple[float, Floats]:
        margins = 1.0 - y * z[0]
        return np.maximum(margins, 0.0).mean(), ((margins > 0) * -y / samples)[None]

    def peer() -> Answer:
        value, gradient = by_hand(p, x, SIZES, hinge)
        return value + ALPHA * (p @ p), gradient + 2.0 * ALPHA * p

    return Case(f"W2 moons, batch {samples:,}", kernel, (p, x, y), peer, elsewhere)


def moons_in_one_graph(samples: int, elsewhere: str) -> Case:
    """The same step as a loop over the samples inside the function."""
    rng = np.random.default_rng(samples)
    x, y = rng.standard_normal((samples, 2)), np.sign(rng.standard_normal(samples))
    p = rng.uniform(-1.0, 1.0, 337)

    def loss(p: Any, x: Any, y: Any) -> Any:
        losses = [relu(1.0 - side * outputs(p, point, SIZES)[0]) for point, side in zip(x, y, strict=True)]
        return total(losses) / samples

    kernel = compile(loss)

    def hinge(z: Floats) -> tuple[float, Floats]:
        margins = 1.0 - y * z[0]
        return np.maximum(margins, 0.0).mean(), ((margins > 0) * -y / samples)[None]

    return Case(
        f"W2 moons, {samples} samples in one graph",
        kernel,
        (p, x, y),
        lambda: by_hand(p, x, SIZES, hinge),
        elsewhere,
    )


def digits_step(samples: int) -> Case:
    """A network 784-128-10 with softmax and cross-entropy, against BLAS."""
    sizes = (784, 128, 10)
    rng = np.random.default_rng(samples)
    x, labels = rng.standard_normal((samples, 784)), rng.integers(0, 10, samples)
    targets = np.eye(10)[labels]
    p = rng.uniform(-1.0, 1.0, 784 * 128 + 128 + 1290) / 28.0

    def loss(p: Any, x: Any, target: Any) -> Any:
        logits = outputs(p, x, sizes)
        return logsumexp(logits) - dot(target, logits)

    kernel = compile(loss, batch=("x", "target"), reduce="mean")

    def cross_entropy(z: Floats) -> tuple[float, Floats]:
        powers = np.exp(z - z.max(axis=0))
        shares = powers / powers.sum(axis=0)
        value = -np.log(shares[labels, np.arange(samples)]).mean()
        return value, (shares - targets.T) / samples

    return Case(
        f"784-128-10, batch {samples:,}",
        kernel,
        (p, x, targets),
        lambda: by_hand(p, x, sizes, cross_entropy),
        "",
    )


# -- W3: a small function ----------------------------------------------------------------------------------


def rosenbrock_case(n: int, elsewhere: str) -> Case:
    """Rosenbrock's function of n numbers."""
    x = np.random.default_rng(n).uniform(-1.0, 1.0, n)
    kernel = compile(lambda x: sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)))

    def peer() -> Answer:
        a, b = x[:-1], x[1:]
        t, u = b - a * a, 1.0 - a
        gradient = np.zeros_like(x)
        gradient[:-1] = -400.0 * a * t - 2.0 * u
        gradient[1:] += 200.0 * t
        return float((100.0 * t * t + u * u).sum()), gradient

    return Case(f"W3 Rosenbrock, n = {n}", kernel, (x,), peer, elsewhere)


# -- W4: a deep chain --------------------------------------------------------------------------------------


def chain_case(links: int, elsewhere: str) -> Case:
    """The map sin(x) * a + b, many times over; the peer is a loop over floats with the derivative by hand."""

    def chain(p: Any) -> Any:
        x, a, b = p
        for _ in range(links):
            x = x.sin() * a + b
        return x

    start = np.array([0.3, 0.9, 0.2])
    kernel = compile(chain)

    def peer() -> Answer:
        x, a, b = start.tolist()
        states = []
        for _ in range(links):
            states.append(x)
            x = math.sin(x) * a + b
        flow, by_a, by_b = 1.0, 0.0, 0.0
        for state in reversed(states):
            by_a += flow * math.sin(state)
            by_b += flow
            flow *= a * math.cos(state)
        return x, np.array([flow, by_a, by_b])

    return Case(
        f"W4 chain, {links:,} links (ns an operation)",
        kernel,
        (start,),
        peer,
        elsewhere,
        3 * links,
    )


# -- W5: Monte Carlo ---------------------------------------------------------------------------------------


def asian_case(steps: int, elsewhere: str) -> Case:
    """An Asian call's price and its derivatives by spot, volatility and rate over 10,000 paths."""
    z = np.random.default_rng(7).standard_normal((10_000, steps))
    market = np.array([100.0, 0.2, 0.05])
    dt = 1.0 / steps

    def payoff(market: Any, z: Any) -> Any:
        spot, volatility, rate = market
        drift, scale = (rate - 0.5 * volatility * volatility) * dt, volatility * math.sqrt(dt)
        price, prices = spot, []
        for shock in z:
            price = price * exp(drift + scale * shock)
            prices.append(price)
        return exp(-rate) * relu(total(prices) / steps - 100.0)

    kernel = compile(payoff, batch="z", reduce="mean")

    def peer() -> Answer:
        spot, volatility, rate = market
        t = dt * np.arange(1, steps + 1)
        walk = math.sqrt(dt) * np.cumsum(z, axis=1)
        prices = spot * np.exp((rate - 0.5 * volatility * volatility) * t + volatility * walk)
        average, discount = prices.mean(axis=1), math.exp(-rate)
        pay = discount * np.maximum(average - 100.0, 0.0)
        on = np.where(average > 100.0, discount, 0.0)
        by_volatility = (on * (prices * (walk - volatility * t)).mean(axis=1)).mean()
        by_rate = (on * (prices * t).mean(axis=1) - pay).mean()
        return pay.mean(), np.array([(on * average / spot).mean(), by_volatility, by_rate])

    return Case(f"W5 Asian option, {steps} steps", kernel, (market, z), peer, elsewhere)


# -- W6: growth --------------------------------------------------------------------------------------------


def growth_case(width: int, elsewhere: str) -> Case:
    """A network 8-h-h-1, one sample, written with + and *, differentiated by all parameters."""
    sizes = (8, width, width, 1)
    count = sum((a + 1) * b for a, b in pairwise(sizes))
    rng = np.random.default_rng(width)
    p, x = rng.uniform(-1.0, 1.0, count) / math.sqrt(width), rng.standard_normal((1, 8))

    def network(p: Any, x: Any) -> Any:
        at, held = 0, list(x)
        for depth, (n, m) in enumerate(pairwise(sizes), 1):
            sums = []
            for _ in range(m):
                z = p[at + n]
                for w, h in zip(p[at : at + n], held, strict=True):
                    z = z + w * h
                sums.append(z)
                at += n + 1
            held = sums if depth == 3 else [z.relu() for z in sums]
        return held[0] * held[0]

    kernel = compile(network)

    def square(z: Floats) -> tuple[float, Floats]:
        return float(z[0, 0]) ** 2, 2.0 * z

    operations = sum(2 * a * b for a, b in pairwise(sizes)) + 2 * width + 1
    return Case(
        f"W6 network of {operations:,} operations (ns an operation)",
        kernel,
        (p, x[0]),
        lambda: by_hand(p, x, sizes, square),
        elsewhere,
        operations,
    )
