"""The functions and derivatives of other systems, by the names of our table; see random_graphs.py."""

import math
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from importlib import import_module
from typing import Any

from chainrule.engine import TABLE, Primitive

Operation = Callable[..., Any]
Derivatives = tuple[float, list[float], list[list[float]]]

FORMULAS: dict[str, Callable[..., Any]] = {
    # Where a peer has no function of that name, what it means: m is the peer's NumPy.
    "total": lambda m, *xs: sum(xs),
    "dot": lambda m, *xs: sum(map(operator.mul, xs, halves(xs)[1]), xs[-1] if len(xs) % 2 else 0.0),
    "prod": lambda m, *xs: reduce(operator.mul, xs),
    "mean": lambda m, *xs: sum(xs) / len(xs),
    "variance": lambda m, *xs: sum((x - sum(xs) / len(xs)) ** 2 for x in xs) / len(xs),
    "norm": lambda m, *xs: m.sqrt(sum(x * x for x in xs)),
    "hypot": lambda m, *xs: m.sqrt(sum(x * x for x in xs)),
    "logsumexp": lambda m, *xs: m.log(sum(m.exp(x) for x in xs)),
    "square": lambda m, x: x * x,
    "reciprocal": lambda m, x: 1.0 / x,
    "exp2": lambda m, x: 2.0**x,
    "expm1": lambda m, x: m.exp(x) - 1.0,
    "cbrt": lambda m, x: m.sign(x) * m.abs(x) ** (1.0 / 3.0),
    "log2": lambda m, x: m.log(x) / math.log(2.0),
    "log10": lambda m, x: m.log(x) / math.log(10.0),
    "sigmoid": lambda m, x: 1.0 / (1.0 + m.exp(-x)),
    "log_sigmoid": lambda m, x: -m.log(1.0 + m.exp(-x)),
    "softplus": lambda m, x: m.log(1.0 + m.exp(x)),
    "logaddexp": lambda m, x, y: m.log(m.exp(x) + m.exp(y)),
    "softsign": lambda m, x: x / (1.0 + m.abs(x)),
    "silu": lambda m, x: x / (1.0 + m.exp(-x)),
    "relu": lambda m, x: m.maximum(x, 0.0 * x),
    "leaky_relu": lambda m, x, y: m.where(x > 0.0, x, y * x),
    "elu": lambda m, x, y: m.where(x > 0.0, x, y * (m.exp(x) - 1.0)),
    "clip": lambda m, x, low, high: m.minimum(m.maximum(x, low), high),
    "where": lambda m, c, x, y: m.where(c != 0.0, x, y),
    "erf": lambda m, x: m.erf(x),
    "erfc": lambda m, x: 1.0 - m.erf(x),
    "norm_cdf": lambda m, x: 0.5 + 0.5 * m.erf(x / math.sqrt(2.0)),
    "norm_pdf": lambda m, x: m.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi),
    "gelu": lambda m, x: x * (0.5 + 0.5 * m.erf(x / math.sqrt(2.0))),
    "lgamma": lambda m, x: m.gammaln(x),
    "digamma": lambda m, x: m.psi(x),
}


def halves(xs: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    n = len(xs) // 2
    return xs[:n], xs[n : 2 * n]


class Namespace:
    """Several modules as one: a name is looked for in each."""

    def __init__(self, *modules: str) -> None:
        self.modules = [import_module(name) for name in modules]

    def __getattr__(self, name: str) -> Any:
        for module in self.modules:
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)


class Peer:
    """A system that differentiates: its counterparts of our rows, and its derivatives of a graph."""

    title = ""

    def __init__(self, *modules: str) -> None:
        self.m = Namespace(*modules)
        self.rows: dict[str, Operation] = {}
        self.missing: dict[str, str] = {}
        for row in TABLE.values():
            candidates = list(self.candidates(row))
            fitting = [operation for operation in candidates if self.fits(row, operation)]
            if fitting:
                self.rows[row.name] = fitting[0]
            else:
                self.missing[row.name] = "another function" if candidates else "no such function"

    def candidates(self, row: Primitive) -> Iterator[Operation]:
        """Give what may be the same function: the operator, the function of that name, the formula."""
        if row.name == "polygamma":  # whose order must be whole, where ours is rounded
            return
        if row.dunder:
            yield getattr(operator, row.dunder)
        if not row.variadic and hasattr(self.m, row.name):
            yield getattr(self.m, row.name)
        if row.name in FORMULAS:
            yield lambda *xs: FORMULAS[row.name](self.m, *xs)

    def fits(self, row: Primitive, operation: Operation) -> bool:
        """Return whether it has the row's values where tests look at the row."""
        try:
            return all(
                math.isclose(
                    self.number(operation(*map(self.leaf, point))), row(*point), rel_tol=1e-9, abs_tol=1e-9
                )
                for point in row.points
                if point
            )
        except (TypeError, AttributeError, ValueError, RuntimeError):
            return False

    def leaf(self, number: float) -> Any:
        return number

    def number(self, value: Any) -> float:
        return float(value)

    def apply(self, name: str, *operands: Any) -> Any:
        return self.rows[name](*operands)

    def derivatives(self, graph: Any) -> Derivatives:
        """Return value, gradient and Hessian of the graph by its leaves."""
        raise NotImplementedError


class Autograd(Peer):
    title = "HIPS autograd"

    def __init__(self) -> None:
        super().__init__("autograd.numpy", "autograd.scipy.special")

    def fits(self, row: Primitive, operation: Operation) -> bool:
        """Return whether it also has a derivative: it has NumPy's functions without their rules."""
        if not super().fits(row, operation):
            return False
        autograd, np = import_module("autograd"), import_module("numpy")

        def f(x: Any) -> Any:
            return operation(*[x[i] for i in range(len(x))])

        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Output seems independent of input")
                for point in filter(None, row.points):
                    autograd.jacobian(autograd.grad(f))(np.array(point))
        except (NotImplementedError, KeyError, TypeError):
            return False
        return True

    def derivatives(self, graph: Any) -> Derivatives:
        autograd, np = import_module("autograd"), import_module("numpy")

        def f(leaves: Any) -> Any:
            return graph.run([leaves[i] for i in range(len(graph.leaves))], self.apply)

        x = np.array(graph.leaves)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Output seems independent of input")
            value, gradient = autograd.value_and_grad(f)(x)
            rows = autograd.jacobian(autograd.grad(f))(x)
        return float(value), gradient.tolist(), rows.tolist()


class Torch(Peer):
    title = "PyTorch"

    def __init__(self) -> None:
        self.torch = import_module("torch")
        super().__init__("torch", "torch.special", "torch.nn.functional")

    def leaf(self, number: float) -> Any:
        return self.torch.tensor(number, dtype=self.torch.float64, requires_grad=True)

    def number(self, value: Any) -> float:
        return float(value.item())

    def apply(self, name: str, *operands: Any) -> Any:
        # Python's operators take numbers beside tensors, torch's functions of two operands do not.
        tensors = [x if isinstance(x, self.torch.Tensor) else self.leaf(x).detach() for x in operands]
        return self.rows[name](*tensors)

    def derivatives(self, graph: Any) -> Derivatives:
        torch = self.torch
        leaves = [self.leaf(x) for x in graph.leaves]
        root = graph.run(leaves, self.apply)

        def by_leaves(result: Any, create_graph: bool = False) -> Any:
            if not result.requires_grad:
                return [torch.zeros((), dtype=torch.float64)] * len(leaves)
            found = torch.autograd.grad(
                result, leaves, create_graph=create_graph, retain_graph=True, materialize_grads=True
            )
            return list(found)

        gradient = by_leaves(root, create_graph=True)
        rows = [[h.item() for h in by_leaves(g)] for g in gradient]
        return root.item(), [g.item() for g in gradient], rows


class Jax(Peer):
    """JAX, which is slow to trace a graph and fast to run one.

    So it traces one program, which reads a graph step by step, and differentiates that: once for graphs up
    to a quarter of the size, and once for the others.
    """

    title = "JAX"

    def __init__(self) -> None:
        self.jax = import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        super().__init__("jax.numpy", "jax.nn", "jax.scipy.special", "jax.lax")
        graphs = import_module("random_graphs")
        self.constants, self.nodes, self.operands = graphs.CONSTANTS, graphs.NODES, graphs.OPERANDS
        kinds = [(name, count, None) for name in self.rows for count in graphs.counts(name)]
        # A negative base has no derivative by its exponent: a constant one is part of the operation.
        kinds += [("pow", 2, exponent) for exponent in self.constants]
        self.kinds = {kind: i for i, kind in enumerate(kinds)}
        self.branches = [self.branch(*kind) for kind in kinds]
        self.compiled = self.jax.jit(self.all_derivatives)

    def kind(self, step: Any) -> int:
        """Return which branch a step takes."""
        name, places = step
        fixed = name == "pow" and places[1] < len(self.constants)
        return self.kinds[name, len(places), self.constants[places[1]] if fixed else None]

    def branch(self, name: str, count: int, exponent: float | None) -> Operation:
        operation, as_float = self.rows[name], self.jax.numpy.float64
        if exponent is not None:
            return lambda xs: operation(xs[0], exponent)
        return lambda xs: as_float(operation(*[xs[i] for i in range(count)]))

    def all_derivatives(self, leaves: Any, kinds: Any, operands: Any, last: Any) -> Any:
        jax, np = self.jax, self.jax.numpy

        def f(leaves: Any) -> Any:
            begin = np.concatenate([np.array(self.constants), leaves])
            numbers = np.concatenate([begin, np.zeros(len(kinds))])

            def step(numbers: Any, given: Any) -> Any:
                kind, places, k = given
                out = jax.lax.switch(kind, self.branches, numbers[places])
                return numbers.at[k].set(out), None

            places = len(begin) + np.arange(len(kinds))
            return jax.lax.scan(step, numbers, (kinds, operands, places))[0][last]

        return (*jax.value_and_grad(f)(leaves), jax.hessian(f)(leaves))

    def derivatives(self, graph: Any) -> Derivatives:
        np = import_module("numpy")
        n, size = len(graph.leaves), len(graph.steps)
        length = next(length for length in (self.nodes // 4, self.nodes + 4) if size <= length)
        # Four leaves always; those a graph does not have stand after its own and are not used.
        shifted = [
            [i if i < len(self.constants) + n else i + 4 - n for i in step.operands] for step in graph.steps
        ]
        kinds = np.zeros(length, dtype=int)
        operands = np.zeros((length, self.operands), dtype=int)
        for k, (step, places) in enumerate(zip(graph.steps, shifted, strict=True)):
            kinds[k] = self.kind(step)
            operands[k, : len(places)] = places
        last = len(self.constants) + 4 + size - 1
        leaves = np.array([*graph.leaves, *[0.0] * (4 - n)])
        value, gradient, rows = self.compiled(leaves, kinds, operands, last)
        return float(value), np.asarray(gradient)[:n].tolist(), np.asarray(rows)[:n, :n].tolist()


PEERS: dict[str, Callable[[], Peer]] = {"jax": Jax, "torch": Torch, "autograd": Autograd}
