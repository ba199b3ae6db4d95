"""Article C: a hill in the fog, an error split among weights, the gradient of a sigmoid network.

Prints every system of the article with its numbers and draws them:

    python examples/article_c.py

Sources: Jorge Leonel, "Backpropagation", Medium, 5 October 2018, which follows Bernd Klein,
"Backpropagation in Neural Networks", python-course.eu; the split in proportion to weights is that of
Tariq Rashid, "Make Your Own Neural Network".
"""

from collections.abc import Sequence

from _article_c import (
    ERRORS,
    HIGH,
    INTO_FIRST,
    LEFT_START,
    LOW,
    MIXED,
    OUTPUT,
    RASHID_STAGES,
    RIGHT_START,
    TARGET,
    WEIGHTS,
    drops,
    errors_by_engine,
    even_split,
    factors,
    height,
    proportional_split,
    rashid_update,
    split_matrix,
    times,
    walk_down,
)
from _show import arguments, heading, say, table


def show_hill() -> None:
    """Print descents from the left and the right, and random restarts."""
    heading("C-A  The hill in the fog")
    say(
        """You stand on a hill in thick fog and want to go down to the sea: you feel the slope under your
        feet and step downhill, again and again. The hill here (the article's own curve is not known) has a
        valley at -2, a top at 0, and a deeper valley at 3 which lies at sea level:"""
    )
    table(["place", "height"], [(x, height(x).data) for x in (LOW, -2.0, 0.0, 3.0, HIGH)])
    rows = []
    for side, start in (("left of the top", LEFT_START), ("right of the top", RIGHT_START)):
        (x, top), (end, bottom) = (walk_down(start)[n] for n in (0, -1))
        kind = "the sea: global minimum" if bottom < 1.0 else "a local minimum"
        rows.append((side, x, top, f"{end:.4f}", f"{abs(bottom):.4f}", kind))
    table(["start", "at", "height", "ends at", "height", "which is"], rows)
    walks = drops()
    say(f"Dropped {len(walks)} times at random places between {LOW:g} and {HIGH:g}:")
    table(
        ["drop", "starts at", "ends at", "height"],
        [
            (n, f"{walk[0][0]:.4f}", f"{walk[-1][0]:.4f}", f"{abs(walk[-1][1]):.4f}")
            for n, walk in enumerate(walks, start=1)
        ],
    )
    lucky = sum(w[-1][1] < 1.0 for w in walks)
    unlucky = (4 / 9) ** len(walks)  # the wrong side is 4 of the 9 units of the stretch
    say(
        f"""{lucky} of {len(walks)} found the sea, and the lowest of all ends is the one to keep. A single
        drop lands on the wrong side with probability 4/9; all {len(walks)} do with probability
        {unlucky:.4f}."""
    )


def show_split() -> None:
    """Print the even and the proportional split and both matrix forms."""
    heading("C-B  A linear network, and the error split among its weights")
    error = TARGET - OUTPUT
    say(
        f"""Output 1 is o = {OUTPUT} where t = {TARGET:g} is wanted: an error e = t - o = {error:.2f}. Four
        hidden nodes feed it, with the weights of Klein's book. How much of the error is each one's doing?"""
    )
    pairs = zip(INTO_FIRST, even_split(error, INTO_FIRST), proportional_split(error, INTO_FIRST), strict=True)
    table(
        ["node", "weight", "even share", "in proportion to the weight", "e w / sum"],
        [
            (i, w, even, f"{share:.4f}", f"{error:.2f} * {w:g} / {sum(INTO_FIRST):g}")
            for i, (w, even, share) in enumerate(pairs, start=1)
        ],
    )
    say(
        f"""Either way the shares add up to {sum(proportional_split(error, INTO_FIRST)):.2f}. Klein prints
        0.0343 for the first. These weights give 0.0436; 0.0343 is {error:.2f} * 0.6 / 1.4, so an earlier
        figure of his probably had weights that added up to 1.4."""
    )
    say(
        f"""With three outputs (the weights to the other two are ours) and errors {ERRORS[0]:.2f},
        {ERRORS[1]:.2f} and {ERRORS[2]:.2f}, all shares at once are a matrix times the errors. M has w_ij
        divided by the sum of output j's weights; W has just w_ij, the matrix of the forward pass turned on
        its side. Rows are hidden nodes:"""
    )
    by_engine, _ = errors_by_engine(WEIGHTS, ERRORS)
    split, simple = times(split_matrix(WEIGHTS), ERRORS), times(WEIGHTS, ERRORS)
    table(
        ["node", "row of W", "row of M", "M e", "W e", "-dE/dh by backward()"],
        [
            (i + 1, shown(row), "  ".join(f"{m:.4f}" for m in m_row), split[i], simple[i], by_engine[i])
            for i, (row, m_row) in enumerate(zip(WEIGHTS, split_matrix(WEIGHTS), strict=True))
        ],
    )
    furthest = max(abs(w - b) for w, b in zip(simple, by_engine, strict=True))
    say(
        f"""The short form W e is the right one: it is the true gradient signal of E = sum (t - o)^2 / 2
        (largest distance to backward(): {furthest:.1e}). The split is a picture to think with."""
    )


def show_caveats() -> None:
    """Print where the split breaks, and Rashid's example."""
    sums = ", ".join(f"{sum(column):.2f}" for column in zip(*WEIGHTS, strict=True))
    say(
        f"""Caveat 1: the denominator is the same within one output's column only. The sums here are
        {sums}, so leaving them out changes how much each output counts, by another factor for each node:"""
    )
    split, simple = times(split_matrix(WEIGHTS), ERRORS), times(WEIGHTS, ERRORS)
    table(
        ["node", "M e", "W e", "W e / M e"],
        [(i, m, w, w / m) for i, (m, w) in enumerate(zip(split, simple, strict=True), start=1)],
    )
    say(
        """Caveat 2: with weights of both signs, shares pass 100% or turn their sign, and where the
        weights add up to 0 there is no split at all. W e has no such trouble. Shares of an error of 0.08:"""
    )
    table(
        ["case", "weights", "sum", "shares in percent", "W e"],
        [mixed_row(name, weights) for name, weights in MIXED],
    )
    say(
        """Rashid's book tells the same story with two nodes; the errors of a stage are split to give the
        next:"""
    )
    table(
        ["stage", "errors above", "weights into 1", "weights into 2", "errors here"],
        [(name, shown(errors), *[shown(column) for column in zip(*weights, strict=True)],
          shown(times(split_matrix(weights), errors))) for name, weights, errors in RASHID_STAGES],
    )  # fmt: skip


def mixed_row(name: str, weights: Sequence[float]) -> list[str]:
    """Return a row on the split of 0.08 among weights of both signs."""
    error = TARGET - OUTPUT
    try:
        percent = shown([round(100.0 * s / error) for s in proportional_split(error, weights)])
    except ZeroDivisionError:
        percent = "undefined"
    return [name, shown(weights), f"{sum(weights):.2f}", percent, shown([error * w for w in weights])]


def shown(numbers: Sequence[float]) -> str:
    """Return the numbers on one line, to four digits."""
    return "  ".join(f"{number:.4g}" for number in numbers)


def show_gradient() -> None:
    """Print the gradient of a sigmoid network factor by factor, and Rashid's weight update."""
    heading("C-C  A sigmoid network: the gradient factor by factor")
    say(
        """Now o_j = s(sum_i w_ij h_i) with the sigmoid s, and E = sum_j (t_j - o_j)^2 / 2. Only output j
        depends on w_ij, so the sum shrinks to one term, and the chain rule makes its gradient a product of
        three factors: dE/dw_ij = -(t_j - o_j) * s (1 - s) * h_i, with s taken at output j's sum."""
    )
    rows = factors()
    table(
        ["weight", "-(t - o)", "s (1 - s)", "h", "product", "backward()", "difference"],
        [(f"w{f.i}{f.j}", f.error, f.bend, f.h, f.product, f.engine, f.difference) for f in rows],
    )
    apart = max(abs(f.product - f.engine) for f in rows)
    away = max(abs(f.engine - f.difference) for f in rows)
    say(
        f"""Largest distance of backward() to the product: {apart:.1e}; to the central difference:
        {away:.1e}. Some books leave out the 1/2 in E or drop the 2 it would cost: the gradient is then
        twice as long and points the same way."""
    )
    say(
        """Rashid's worked update: weights 2 and 3, inputs 0.4 and 0.5, rate 0.1, and an error that is
        simply given. The author's corrected print (errata of 2 August 2016) has error 1.5, -0.04969 and
        2.005; later printings have error 0.8, -0.02650 and 2.00265:"""
    )
    table(
        ["error", "sum", "sigmoid", "s (1 - s)", "dE/dw", "new weight"],
        [(u.error, u.total, u.output, u.bend, u.gradient, u.new_w) for u in map(rashid_update, (1.5, 0.8))],
    )


def show_slips() -> None:
    """Print where the article's words have to be read with care."""
    heading("Where article C slips")
    for slip in (
        '"The denominator in the left matrix is always the same": only within one output\'s column.',
        "Dropping the denominators is called a simplification; it is in fact the step to the true gradient.",
        '"The derivation" stands for the derivative throughout.',
    ):
        print(f"  - {slip}")


def main(argv: Sequence[str] | None = None) -> None:
    """Print all of it, and draw it where pictures are wanted."""
    chosen = arguments("article_c", "Article C: a hill in the fog, the error split, a sigmoid network.", argv)
    for show in (show_hill, show_split, show_caveats, show_gradient, show_slips):
        show()
    if chosen.out is not None:
        from _article_c_pictures import draw_all  # the numbers need no matplotlib

        draw_all(chosen.out)
        print(f"\nPictures: {chosen.out}")


if __name__ == "__main__":
    main()
