"""A character-level MLP learns from given names which letter comes next, and then invents names.

Three letters are looked up in a table of vectors (an embedding), the vectors go through a layer of tanh
neurons, and a softmax over the alphabet says what may follow: Bengio's neural language model (2003), in
scalars. `python examples/names.py` learns from 2,000 of the 32,033 names in a minute or two, prints
the loss beside that of guessing and of counting pairs of letters, invents names, and writes

    loss.svg     the loss of every epoch, beside guessing and counting
    letters.svg  the table of letters, as a map: letters that are used alike lie together
    writing.svg  how one name comes about: the chance of each next letter

`--names 32033 --epochs 3` takes all of them, and half an hour. The same --seed gives the same numbers.
"""

import math
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from _pictures import BLUE, GREY, ROSE, names, picture
from _show import count, heading, parser, say, say_pictures
from numpy.typing import NDArray

from chainrule.engine import no_grad, softmax
from chainrule.nn import (
    MLP,
    Adam,
    Embedding,
    Flatten,
    History,
    LinearLR,
    Sequential,
    fit,
    load_names,
    softmax_cross_entropy,
)
from chainrule.viz import plot_history

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"
"""The letters, by number; the dot stands before the first and after the last."""
CONTEXT, DIMENSIONS, HIDDEN = 3, 4, 32
NAMES, HELD_OUT, EPOCHS, BATCH, RATE = 2000, 300, 5, 8, 0.01
VOWELS = "aeiouy"

Context = tuple[int, ...]


def network(rng: random.Random) -> Sequential:
    """Return a model that gives each of the 27 letters a score for following the last three."""
    return Sequential(
        Embedding(len(ALPHABET), DIMENSIONS, seed=rng),
        Flatten(),
        MLP(CONTEXT * DIMENSIONS, [HIDDEN, len(ALPHABET)], activation="tanh", seed=rng),
    )


def chances(model: Sequential, context: Context, temperature: float = 1.0) -> list[float]:
    """Return the chance of each letter. temperature: near 0 the likeliest takes it all."""
    with no_grad():
        return softmax([score.data / temperature for score in model(context)])


def examples(words: Sequence[str]) -> tuple[list[Context], list[int]]:
    """Return each place in the names: the numbers of the three letters before, and of the letter there."""
    contexts, letters = [], []
    for word in words:
        context: Context = (0,) * CONTEXT
        for letter in word + ALPHABET[0]:
            contexts.append(context)
            letters.append(ALPHABET.index(letter))
            context = (*context[1:], letters[-1])
    return contexts, letters


def loss_of_counting(contexts: Sequence[Context], letters: Sequence[int], test: Sequence[str]) -> float:
    """Return the mean loss on `test` of chances in proportion to how often a letter followed another.

    One is added to every count, so that a pair that was never seen is not impossible.
    """
    counts = [[1.0] * len(ALPHABET) for _ in ALPHABET]
    for context, letter in zip(contexts, letters, strict=True):
        counts[context[-1]][letter] += 1.0
    places = list(zip(*examples(test), strict=True))
    return -math.fsum(math.log(counts[c[-1]][x] / math.fsum(counts[c[-1]])) for c, x in places) / len(places)


def train(
    words: Sequence[str], held_out: Sequence[str], epochs: int, rng: random.Random
) -> tuple[Sequential, History]:
    """Return the trained model and its history; the learning rate falls in a straight line."""
    model = network(rng)
    contexts, letters = examples(words)
    optimizer = Adam(model.parameters(), lr=RATE)
    history = fit(
        model,
        contexts,
        letters,
        loss=softmax_cross_entropy,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=BATCH,
        seed=rng,
        validation=examples(held_out),
        schedule=LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=epochs),
        report_every=1,
        compiled="auto",
    )
    return model, history


def invent(model: Sequential, rng: random.Random, temperature: float) -> str:
    """Return a new name, letter by letter, each drawn by its chance."""
    name, context = "", (0,) * CONTEXT
    while len(name) < 20:
        [letter] = rng.choices(range(len(ALPHABET)), chances(model, context, temperature))
        if letter == 0:
            break
        name += ALPHABET[letter]
        context = (*context[1:], letter)
    return name


# -- pictures -----------------------------------------------------------------------------------------


def draw_loss(history: History, counting: float, path: Path) -> None:
    """Draw the loss by epochs between guessing and counting."""
    with picture(path, "Names: the loss of every epoch") as (panel,):
        plot_history(history, panel)
        panel.set_yscale("linear")
        for height, text in (
            (math.log(27), "guessing: every letter alike, ln 27"),
            (counting, "counting which letter follows which"),
        ):
            panel.axhline(height, color=GREY, linestyle=":")
            panel.annotate(text, (len(history.loss), height), (0, 4), ha="right", textcoords="offset points")
        panel.set_xticks(range(1, len(history.loss) + 1))
        names(panel, "epoch", "mean loss (nats a letter)", "", "center right")


def draw_letters(model: Sequential, path: Path) -> None:
    """Draw the letters' vectors from the side from which they are furthest apart."""
    vectors = np.array([[x.data for x in row] for row in model[0].weight])
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred)
    places = _apart(centred @ directions[:2].T, 0.2)
    with picture(
        path, f"Letters as the network sees them: {DIMENSIONS} numbers each, drawn in 2", size=(7, 6)
    ) as (panel,):
        for letter, (x, y) in zip(ALPHABET, places, strict=True):
            vowel = letter in VOWELS
            colour, form = (ROSE, "circle") if vowel else (BLUE, "square")
            word = "end" if letter == "." else letter
            panel.text(x, y, word, ha="center", va="center", color="white", fontsize=11, weight="bold",
                       bbox={"boxstyle": f"{form},pad=0.25", "facecolor": GREY if word == "end" else colour,
                             "edgecolor": "white", "alpha": 0.8})  # fmt: skip
        (left, bottom), (right, top) = places.min(axis=0) - 0.4, places.max(axis=0) + 0.4
        panel.set_xlim(left, right)
        panel.set_ylim(bottom, top)
        names(
            panel,
            "first direction",
            "second direction",
            "round: vowels; square: the others; moved apart to be read",
        )


def _apart(places: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return the places with those that are nearer than `least` pushed apart, so that all can be read."""
    moved = places.copy()
    for _ in range(100):
        ways = moved[:, None] - moved[None, :]
        distances = np.linalg.norm(ways, axis=2)
        np.fill_diagonal(distances, np.inf)
        push = np.clip(least - distances, 0.0, None) / 2.0 / np.maximum(distances, 1e-9)
        if not push.any():
            break
        moved += (ways * push[:, :, None]).sum(axis=1)
    return moved


def draw_writing(model: Sequential, word: str, path: Path) -> None:
    """Draw the chance of each letter at every place of a name."""
    contexts, letters = examples([word])
    with picture(
        path, f"How the network writes “{word}”", len(contexts), 1, (9.0, 1.25 * len(contexts) + 0.8)
    ) as (panels):
        for place, (panel, context, letter) in enumerate(zip(panels, contexts, letters, strict=True)):
            heights = chances(model, context)
            bars = panel.bar(range(27), heights, color="#b9b3d3")
            bars[letter].set_color(ROSE)
            panel.set_xticks(range(27), ["end", *ALPHABET[1:]])
            panel.set_ylim(0.0, max(heights) * 1.25)
            panel.set_yticks([])
            panel.grid(visible=False)
            panel.annotate(f"{heights[letter]:.0%}", (letter, heights[letter]), (0, 2), ha="center",
                           textcoords="offset points", color=ROSE)  # fmt: skip
            panel.set_ylabel(
                f"after “{word[:place]}”" if place else "first", rotation=0, ha="right", va="center"
            )


def main(argv: Sequence[str] | None = None) -> float:
    """Train, print, invent and draw; return the loss on the held-out names."""
    options = parser("names", "A character-level MLP learns from names and invents some.")
    options.add_argument("--names", type=count, help=f"how many names to learn from ({NAMES})")
    options.add_argument("--epochs", type=count, help=f"passes over them ({EPOCHS})")
    options.add_argument("--invent", type=count, default=12, help="how many to invent (%(default)s)")
    options.add_argument("--temperature", type=float, default=0.8, help="below 1 plays safe (%(default)s)")
    options.add_argument("--seed", type=int, default=0, help="of everything that is drawn (%(default)s)")
    options.add_argument("--short", action="store_true", help="100 names, 2 epochs")
    given = options.parse_args(argv)

    rng = random.Random(given.seed)
    words = load_names()
    rng.shuffle(words)
    held_out, known = words[:HELD_OUT], words[HELD_OUT:]
    known = known[: given.names or (100 if given.short else NAMES)]
    contexts, letters = examples(known)
    heading(f"Names: {len(known):,} to learn from ({len(letters):,} letters), {len(held_out)} held out")
    started = time.perf_counter()
    model, history = train(known, held_out, given.epochs or (2 if given.short else EPOCHS), rng)
    took = time.perf_counter() - started
    counting = loss_of_counting(contexts, letters, held_out)
    say(
        f"""\n{len(model.parameters()):,} parameters, {took:.0f} s. Mean loss on the held-out names:
        {history.validation_loss[-1]:.3f} nats a letter; guessing has ln 27 = {math.log(27):.3f}, counting
        which letter follows which {counting:.3f}."""
    )
    invented = [invent(model, rng, given.temperature) for _ in range(given.invent)]
    everything = set(words)
    print("Invented:", ", ".join(name + "*" * (name in everything) for name in invented))
    say("A star marks a name that exists.")

    if given.out is not None:
        draw_loss(history, counting, given.out / "loss.svg")
        draw_letters(model, given.out / "letters.svg")
        draw_writing(model, "maria", given.out / "writing.svg")
        say_pictures(given.out, "loss", "letters", "writing")
    return history.validation_loss[-1]


if __name__ == "__main__":
    main()
