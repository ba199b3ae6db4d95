"""Article B: backpropagation step by step, from the forward pass to vanishing gradients.

Prints every system of the article with its numbers and draws them:

    python examples/article_b.py

Source: Roi Yehoshua, "Backpropagation: Step-By-Step Derivation", Towards Data Science, April 2023. The
weights of its numerical example are those of the author's notebook NumericalExample.ipynb (repository
roiyeho/medium).
"""

from collections.abc import Sequence
from math import isnan

from _article_b_descent import (
    DEPTH,
    EPOCHS,
    EXAMPLES,
    LEFT_START,
    NETWORKS,
    POINTS,
    WIDTH,
    error_at,
    learn_xor,
    macleod,
    modes,
    roll,
    turning_points,
    vanishing,
)
from _article_b_example import (
    FORWARD_PRINTED,
    SLIPS,
    furthest_from_differences,
    readings,
    slipped_step,
    step,
    trace,
)
from _article_b_gradient import (
    CASES,
    LOSSES,
    both_bias_forms,
    cross_entropy,
    deltas,
    loss_and_slope,
    output_deltas,
    ready_made_softmax_deltas,
    sum_of_gradients,
)
from _show import arguments, heading, say, table

from chainrule.engine import Value


def show_forward() -> None:
    """Print the forward pass with the bias as a bias, and as the weight of an input that is 1."""
    heading("B-A  The forward pass, and the bias as one more weight")
    say(
        """A neuron i takes z_i = sum_j w_ij a_j + b_i and passes on a_i = f(z_i). The bias may also be
        written as a weight w_0 of one more input x_0 = 1. Both forms, in a 2-3-2-1 sigmoid network:"""
    )
    rows = both_bias_forms(CASES[0].model(), CASES[0].x, 0.5)
    table(["quantity", "with b", "with w_0 x_0"], rows)
    say(f"Largest distance: {max(abs(one - other) for _, one, other in rows):.1e}.")


def show_losses() -> None:
    """Print each loss with its slope, and that the gradient of a sum is the sum of the gradients."""
    heading("B-B  Losses, and an error with more than one minimum")
    say("The loss J and its slope dJ/do at some outputs o. A confident wrong answer costs most in log loss:")
    rows = [
        [o, *[number for loss in LOSSES.values() for number in loss_and_slope(loss, o)]]
        for o in (0.01, 0.25, 0.5, 0.75, 0.99)
    ]
    table(["o", *[column for name in LOSSES for column in (name, "dJ/do")]], rows)
    say(
        """Cross-entropy over k = 3 classes is minus the logarithm of the probability of the right class,
        here the 2nd:"""
    )
    shares = ((0.2, 0.7, 0.1), (0.3, 0.4, 0.3), (0.8, 0.1, 0.1))
    table(
        ["o1", "o2", "o3", "J"],
        [(*share, cross_entropy([Value(o) for o in share], (0.0, 1.0, 0.0)).data) for share in shares],
    )
    whole, parts = sum_of_gradients(CASES[0].model(), ((0.7, -1.2), (0.1, 0.4), (-0.6, 1.0)), (1.0, 0.0, 1.0))
    say(
        f"""E adds the losses of the examples, and its derivative is the sum of theirs: for one weight and
        three examples {whole:.10f} from the sum, {parts:.10f} from the parts."""
    )
    show_valleys()


def show_valleys() -> None:
    """Print the two valleys of a small network's error, and which of them momentum ends in."""
    examples = ", ".join(f"({x:g}, {y:g})" for x, y in EXAMPLES)
    say(
        f"""E need not be convex. Here is one with two valleys: the network x -> tanh(w x - 1) -> o with
        the single weight w, squared error, and the examples (x, y) = {examples}."""
    )
    table(["E(w) has a", "at w", "where E is"], turning_points(error_at, -4.0, 4.0))
    rows = [
        (momentum, *roll(LEFT_START, momentum)[-1]) for momentum in (0.0, 0.8, 0.9)
    ]  # fmt: skip
    say(f"Gradient descent from w = {LEFT_START}, 150 steps at rate 0.02, with and without momentum:")
    table(["momentum", "ends at w", "E"], rows)
    say(
        """Without momentum, or with little, it stays in the first valley. With enough it rolls on over
        the top and finds the deeper one. That is luck as much as skill: it may roll out of a good valley
        too."""
    )


def show_deltas() -> None:
    """Print the deltas of networks of several depths, widths, activations and losses, three ways."""
    heading("B-C  The gradient by deltas")
    say(
        """delta = dE/dz is what the error asks of a neuron's net input. At the output it is dJ/do f'(z);
        below, (sum_j delta_j w_ji) f'(z_i) over the neurons j above. A weight's gradient is then delta_i
        a_j. The engine knows none of this: the deltas are simply the grad of the Values z. For the first
        network, from the output back:"""
    )
    first = deltas(CASES[0])
    layers = range(len(first.engine), 0, -1)
    table(
        ["layer", "neuron", "backward()", "delta rule", "difference"],
        [
            (n, i + 1, delta, first.rule[n - 1][i], first.difference[n - 1][i])
            for n in layers
            for i, delta in enumerate(first.engine[n - 1])
        ],
    )
    say("Any depth, width, activation and loss; the largest distances between the three ways:")
    rows = []
    for case in CASES:
        found = deltas(case)
        distances = (found.apart(found.rule), found.apart(found.difference), found.weights_apart)
        rows.append((case.name, *[f"{distance:.1e}" for distance in distances]))
    table(["network and loss", "to the delta rule", "to differences", "dE/dw to delta a"], rows)


def show_output_deltas() -> None:
    """Print the short formulas for output deltas against the products they come from."""
    heading("B-D  Deltas of the output")
    rows = output_deltas()
    table(
        ["output and loss", "formula", "by formula", "dJ/do f'(z), in full", "backward()"],
        [(row.case, row.formula, row.short, row.product, row.engine) for row in rows],
    )
    ready = ", ".join(f"{delta:.6f}" for delta in ready_made_softmax_deltas((1.0, -0.5, 0.25), 1))
    say(
        f"""For the squared loss the factor 2 depends on whether J has a 1/2; the direction does not. Each
        softmax output depends on every z, so its full product is a sum over all outputs. nn's
        softmax_cross_entropy, which works on the z in one steady step, gives {ready}."""
    )


def show_modes() -> None:
    """Print the loss by epochs for batch, mini-batch and stochastic gradient descent."""
    heading("B-E  Gradient descent in three modes")
    say(
        f"""w <- w - alpha delta_i a_j, after every example (stochastic), after a few (mini-batch) or after
        all of them (batch). The same 2-5-1 network from the same start, on the same {POINTS} points of two
        moons, alpha = 0.5; the loss is that over all points after the epoch, and the last column counts the
        epochs in which it rose:"""
    )
    found = modes()
    shown = (0, 1, 2, 5, 10, EPOCHS)
    table(
        ["mode", "steps an epoch", *[f"epoch {n}" for n in shown], "rises"],
        [(m.name, m.steps_an_epoch, *[f"{m.losses[n]:.4f}" for n in shown], m.rises) for m in found],
    )
    say(
        """An epoch costs the same arithmetic in all three. More steps an epoch get further in the end,
        but each looks at less and their noise shows: batch goes down steadily, stochastic leaps up now and
        then, mini-batch lies between."""
    )


def show_algorithm() -> None:
    """Print XOR learned by the algorithm in plain floats and by the engine, and a well-known trap."""
    heading("B-F  The whole algorithm")
    for line in (
        "start with small random weights",
        "repeat until the error is small enough, or for so many epochs at most; for each example:",
        "    forward pass: z and a of every unit",
        "    delta of every output:  dJ/do f'(z)",
        "    layer by layer back to the first:  delta_i = (sum_j delta_j w_ji) f'(z_i)",
        "    every weight:  w_ij <- w_ij - alpha delta_i a_j",
    ):
        print(f"  {line}")
    print()
    learned = learn_xor()
    say(
        f"""Written out in plain floats (learn_by_hand, for sigmoid units and log loss) and by the engine,
        both learn XOR with 2-3-1 units from the same weights: {len(learned.by_hand)} and
        {len(learned.by_engine)} epochs until the mean loss is below 0.02, and in the end no weight differs
        by more than {learned.weights_apart:.1e}."""
    )
    table(["x", "y", "o"], learned.outputs)
    say(
        """All deltas come first, and from the old weights. MacLeod's well-known course example sends the
        error back through output weights it has just updated. Its new hidden weights:"""
    )
    table(["weight", "old weights (right)", "updated ones (trap)", "printed"], macleod())


def show_example() -> None:
    """Print the numerical example: forwards, backwards, the step, the printed 0.7043 and the readings."""
    heading("B-G  The numerical example: 0.6718 -> 0.6981")
    before, after = step()
    say(
        """A 2-3-2-1 network of sigmoid units with x1 = 1, x2 = 0, label y = 1, log loss and alpha = 0.5.
        Unit 3 is not connected to unit 4, and units 4, 5 and 6 have no bias: these connections are missing,
        which is not the same as a weight of 0. Forwards:"""
    )
    values = {
        f"{kind}{unit}": of[unit].data for unit in before.z for kind, of in (("z", before.z), ("a", before.a))
    }
    values = {name: values[name] for name in FORWARD_PRINTED}
    table(
        ["quantity", "exact", "the author's"],
        [(n, f"{x:.6f}", FORWARD_PRINTED[n]) for n, x in values.items()],
    )
    say(
        f"""Loss {before.loss.data:.6f}. Backwards and one step, beside what was printed, and beside our
        replay of April's slips:"""
    )
    table(
        ["quantity", "before", "exact", "corrected notebook", "April 2023", "replay of the slips"],
        [
            (name, "" if isnan(old) else f"{old:.4g}", f"{new:.6f}", right, april, f"{wrong:.6f}")
            for name, old, new, right, wrong, april in trace()
        ],
    )
    say(f"Largest distance of a gradient to its central difference: {furthest_from_differences():.1e}.")
    say(
        f"""The output goes from {before.output:.6f} to {after.output:.6f}, that is 0.6718 -> 0.6981, and
        the loss to {after.loss.data:.6f}. The article prints 0.7043. That is no other network and no other
        rule, but two slips of arithmetic, which its author repaired later in 2023 (0.703750 in July,
        0.698109 in November, where one digit is still mistyped)."""
    )
    table(
        ["slips made", "output after the step"],
        [(name, f"{slipped_step(delta, rate).output:.6f}") for name, delta, rate in SLIPS],
    )
    say(
        """Delta 5 was taken as a5 (1 - a4) 0.7 delta instead of a5 (1 - a5) 0.7 delta, and each weight
        moved by itself times delta times a instead of alpha times delta times a; that is right only for the
        weight which happens to be 0.5. Both are needed for 0.7043 (0.704294 with the author's rounding on
        the way)."""
    )
    say("No other reading of the drawing explains it either. The same correct step with more connections:")
    table(["reading", "before", "after"], [(name, f"{x:.6f}", f"{y:.6f}") for name, x, y in readings()])
    say(
        """What stays unknown: which of x1 and the bias carries which weight into units 1 to 3. Both are
        1, so all eight assignments give these numbers."""
    )


def show_vanishing() -> None:
    """Print the mean size of delta by layers for three activations."""
    heading("B-H  Vanishing gradients")
    before, _ = step()
    sizes = {unit: f"{abs(delta):.4f}" for unit, delta in before.deltas.items()}
    say(
        f"""In the example above |delta| goes from {sizes[6]} at the output to {sizes[4]} and {sizes[5]},
        then to {sizes[1]}, {sizes[2]} and {sizes[3]}. The deeper the network, the worse. Mean |delta| over
        {NETWORKS} random networks of {DEPTH} hidden layers with {WIDTH} units, weights between -1 and 1,
        delta 1 at the output; f' is the mean slope of the layer's activation:"""
    )
    found = {name: vanishing(name) for name in ("sigmoid", "tanh", "relu")}
    rows = []
    for n in range(DEPTH, -1, -1):
        cells = [f"{x:.2g}" for layers in found.values() for x in (layers.deltas[n], layers.slopes[n])]
        rows.append(("output" if n == DEPTH else f"hidden {n + 1}", *cells))
    table(["layer", *[column for name in found for column in (f"{name} |delta|", "f'")]], rows)
    lost = found["sigmoid"].deltas[0] ** (1.0 / DEPTH)
    say(
        f"""Each layer back multiplies by a weight and by f'(z). The sigmoid's slope s (1 - s) is at most
        1/4, so its deltas shrink to about {lost:.2f} of themselves in every layer; 1/4 to the power {DEPTH}
        alone is {0.25**DEPTH:.1e}. Slopes of tanh go up to 1 and those of relu are 1 or 0: the first layer
        still hears the error."""
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Print all of it, and draw it where pictures are wanted."""
    chosen = arguments("article_b", "Article B: backpropagation step by step.", argv)
    for show in (show_forward, show_losses, show_deltas, show_output_deltas, show_modes, show_algorithm,
                 show_example, show_vanishing):  # fmt: skip
        show()
    if chosen.out is not None:
        from _article_b_pictures import draw_all  # the numbers need no matplotlib

        draw_all(chosen.out)
        print(f"Pictures: {chosen.out}")


if __name__ == "__main__":
    main()
