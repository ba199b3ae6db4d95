"""Article A: a perceptron in three steps, what a derivative is, and a network of two nodes that learns.

Prints every system of the article with its numbers and draws them:

    python examples/article_a.py
    python examples/article_a.py --inputs 1 2 -1 4 --weights 0.2 0.3 0.1 -0.4 --bias 0.5 --activation tanh

Source: "Backpropagation", Roblox developer forum; its network of two nodes is by every sign that of
Mikael Laine's video "The Absolutely Simplest Neural Network Backpropagation Example".
"""

import argparse
from collections.abc import Sequence

from _article_a import (
    INPUT,
    PANEL,
    RATES,
    START,
    STEPS,
    TARGET,
    Perceptron,
    chain,
    chain_quotients,
    closed_form,
    cube,
    derivative_table,
    descend,
    difference_quotients,
    perceptron,
    rules,
    step,
    value_and_slope,
)
from _show import heading, parser, say, table

SHOWN = (0, 1, 2, 3, 10, 20)


def show_perceptron(options: argparse.Namespace) -> Perceptron:
    """Print the three steps, and the third with every activation."""
    heading("A-A  The perceptron, forwards, in three steps")
    xs, ws = options.inputs, options.weights
    neuron = perceptron(xs, ws, options.bias, options.activation)
    pairs = zip(xs, ws, strict=True)
    table(["i", "input x", "weight w", "x w"], [(i, x, w, x * w) for i, (x, w) in enumerate(pairs, start=1)])
    table(
        ["step", "what it does", "gives"],
        [
            ("1", "s = x1 w1 + ... + xn wn: weigh the inputs and add", neuron.s.data),
            ("2", "z = s + b: shift by the bias", neuron.z.data),
            ("3", f"y = f(z): the activation, here {options.activation}", neuron.y.data),
        ],
    )
    say(
        """Only the third step depends on the activation. The same z through each of them, and -z, with
        the slopes that backpropagation will need there:"""
    )
    z = neuron.z.data
    table(
        ["activation", f"f({z:.4g})", f"f'({z:.4g})", f"f({-z:.4g})", f"f'({-z:.4g})"],
        [(name, *value_and_slope(f, z), *value_and_slope(f, -z)) for name, f in PANEL.items()],
    )
    return neuron


def show_derivatives() -> None:
    """Print the difference quotient, the table of derivatives, the rules and the chain rule."""
    heading("A-B  The derivative and its rules")
    x = 1.5
    say(
        f"""Take y = x^3 at x0 = {x}, go a step Dx to x1 = x0 + Dx, and y moves by Dy = f(x1) - f(x0).
        Dy/Dx is the average rate of change over the step. As Dx shrinks it tends to the derivative, the
        instantaneous rate: the engine says {value_and_slope(cube, x)[1]:g}, which is 3 x0^2."""
    )
    table(["Dx", "Dy", "Dy/Dx", "|Dy/Dx - derivative|"], difference_quotients(cube, x, STEPS))
    say(
        """The last rows get worse again: Dy is then the difference of two nearly equal floats and keeps
        few correct digits. The chain rule subtracts nothing and has no such trouble."""
    )
    say(
        f"""The derivatives one knows by heart, at x = {x}: by formula, by the engine's backward(), and by
        a central difference, which knows nothing of either."""
    )
    known = derivative_table(x)
    table(["f", "f'", "formula", "backward()", "difference"], known)
    furthest = max(abs(row[3] - row[4]) for row in known)
    say(f"Largest distance between backward() and the difference: {furthest:.1e}.")
    say(f"The rules for combining them, at x = {x} with f = sin x and g = e^x:")
    table(["rule", "right-hand side", "backward()"], rules(x))

    whole = chain(x)
    say(
        f"""Chain rule: y = sin(u) with u = x^2, at x = {x}. Each slope alone, then one backward pass
        through both functions:"""
    )
    table(
        ["dy/du = cos u", "du/dx = 2 x", "product", "backward()"],
        [(whole.dy_du, whole.du_dx, whole.dy_du * whole.du_dx, whole.dy_dx)],
    )
    say("Before the limit the rule is plain cancelling of Du, and both sides tend to the same number:")
    table(["Dx", "Dy/Du", "Du/Dx", "product", "Dy/Dx"], chain_quotients(x, (0.1, 0.01, 1e-3, 1e-4, 1e-5)))


def show_two_nodes() -> None:
    """Print the first step in full, the sequence of weights and what the learning rate does."""
    heading("A-C  Two nodes and one weight: 0.8 -> 0.59 -> ... -> 0.3333")
    first = step(START)
    say(
        f"""The input node holds i = {INPUT}; the output node is a = i w, with no bias and the identity as
        activation. The weight starts at w = {START}, and an input of {INPUT} should give y = {TARGET}. The
        cost is the squared error C = (y - a)^2. (The article says the network should produce 4 from 0.8: a
        slip, 0.8 is the weight and 0.5 the target.)"""
    )
    table(
        ["quantity", "formula", "value"],
        [
            ("output", "a = i w", first.a),
            ("cost", "C = (y - a)^2", first.cost),
            ("how the cost answers to the output", "dC/da = 2 (a - y)", first.dcost_da),
            ("how the output answers to the weight", "da/dw = i", first.da_dw),
            ("chain rule: their product", "dC/dw = dC/da da/dw", first.dcost_dw),
            ("new weight, rate r = 0.1", "w - r dC/dw", first.new_w),
        ],
    )
    say(
        """Again and again. In one line a step is w <- 0.55 w + 0.15, so that w_n = 1/3 + (7/15) 0.55^n
        and C_n = 0.49 * 0.3025^n; the column on the right is that formula."""
    )
    rows = [
        (n, f"{s.w:.15g}", f"{s.w:.4f}", f"{s.a:.12g}", f"{s.cost:.10g}", f"{closed_form(n):.4f}")
        for n, s in enumerate(descend(19))
    ]
    table(["n", "w", "4 digits", "a = 1.5 w", "C", "formula"], rows)
    say(
        """The four-digit print says 0.3333 first at n = 18. The weight tends to 1/3 = y / i, where the
        cost is 0."""
    )
    say("What the learning rate r does: each step multiplies the distance to 1/3 by 1 - 2 r i^2 = 1 - 4.5 r.")
    table(
        ["r", "factor", *[f"w{n}" for n in SHOWN], ""],
        [
            (name, f"{1.0 - 4.5 * rate:.3f}", *[f"{descend(n + 1, rate)[n].w:.4f}" for n in SHOWN], behaviour)
            for name, rate, behaviour in RATES
        ],
    )


def show_slips() -> None:
    """Print where the article's words and formulas have to be read with care."""
    heading("Where article A slips")
    for slip in (
        "0.8 is the weight, not an input, and the target is 0.5, not 4.",
        "Dy/Dx is the average rate of change; the instantaneous one is its limit, the derivative.",
        'The "ydot" in the cost is the output a: (y - a)^2. And a = i w is a function of w: a(w).',
        "a = i w is called the activation function; it is the net input, and the activation is the identity.",
        "Backpropagation only finds the gradient, by the chain rule; gradient descent then moves the weight.",
    ):
        print(f"  - {slip}")


def options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line: which perceptron to show, and where the pictures go."""
    made = parser("article_a", "Article A: perceptron, derivative and a network of two nodes.")
    made.add_argument("--inputs", type=float, nargs="+", default=[0.5, -1.0, 2.0], metavar="X")
    made.add_argument("--weights", type=float, nargs="+", default=[0.8, 0.3, 0.4], metavar="W")
    made.add_argument("--bias", type=float, default=-0.3, metavar="B")
    made.add_argument(
        "--activation", choices=PANEL, default="sigmoid", help="of the perceptron (%(default)s)"
    )
    found = made.parse_args(argv)
    if len(found.inputs) != len(found.weights):
        made.error(f"{len(found.inputs)} inputs need as many weights, got {len(found.weights)}")
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Print all of it, and draw it where pictures are wanted."""
    chosen = options(argv)
    neuron = show_perceptron(chosen)
    show_derivatives()
    show_two_nodes()
    show_slips()
    if chosen.out is not None:
        from _article_a_pictures import draw_all  # the numbers need no matplotlib

        draw_all(chosen.out, neuron)
        print(f"\nPictures: {chosen.out}")


if __name__ == "__main__":
    main()
