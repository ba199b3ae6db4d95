"""Train a small network on Fisher's iris flowers and draw what it learned.

150 flowers, four lengths each, three species. `python examples/iris.py` trains an MLP of 8 tanh neurons
and 3 outputs on 105 of them, prints loss and accuracy on both parts as it goes, and writes two pictures:

    loss.svg     the loss of every epoch
    flower.svg   the graph of one flower's loss with every gradient, in a network small enough to read:
                 the two petal lengths, two hidden neurons
"""

from collections.abc import Sequence

from _pictures import picture, save_graph
from _show import count, heading, parser, say, table

from chainrule.engine import Value, no_grad
from chainrule.nn import (
    MLP,
    Adam,
    History,
    fit,
    load_iris,
    softmax_cross_entropy,
    split,
    standardize,
)
from chainrule.viz import plot_history

FLOWERS = load_iris()
SPECIES = FLOWERS.target_names


def predicted(logits: Sequence[Value]) -> int:
    """Return the class with the largest logit."""
    return max(range(len(logits)), key=lambda i: logits[i])


def is_right(logits: Sequence[Value], target: int) -> float:
    """Return 1.0 where the largest logit is the target's, else 0.0."""
    return float(predicted(logits) == target)


def train(
    columns: Sequence[int], hidden: int, epochs: int, seed: int, report_every: int
) -> tuple[MLP, History, list[tuple[list[float], int]]]:
    """Return a network trained on some of the lengths, its history, and the held-out flowers.

    The held-out flowers are on the network's scale, which is learned from the others alone.
    """
    inputs = [[row[i] for i in columns] for row in FLOWERS.inputs]
    flowers = split(inputs, FLOWERS.targets, test_share=0.3, seed=seed)
    scale = standardize(flowers.train_inputs)
    held_out = scale(flowers.test_inputs)
    model = MLP(len(columns), [hidden, len(SPECIES)], activation="tanh", seed=seed)
    history = fit(
        model,
        scale(flowers.train_inputs),
        flowers.train_targets,
        loss=softmax_cross_entropy,
        optimizer=Adam(model.parameters(), lr=0.02),
        epochs=epochs,
        batch_size=16,
        seed=seed,
        validation=(held_out, flowers.test_targets),
        metrics={"accuracy": is_right},
        report_every=report_every,
    )
    return model, history, list(zip(held_out, flowers.test_targets, strict=True))


def print_confusions(model: MLP, flowers: Sequence[tuple[list[float], int]]) -> None:
    """Print how many flowers of each species were taken for which."""
    counts = [[0] * len(SPECIES) for _ in SPECIES]
    with no_grad():
        for lengths, species in flowers:
            counts[species][predicted(model(lengths))] += 1
    table(["held out", *[f"taken for {name}" for name in SPECIES]],
          [[name, *row] for name, row in zip(SPECIES, counts, strict=True)])  # fmt: skip


def flower_graph(epochs: int, seed: int) -> Value:
    """Return the loss of the held-out flower that a very small network finds hardest, with gradients."""
    model, _, flowers = train(columns=(2, 3), hidden=2, epochs=epochs, seed=seed, report_every=0)
    hidden_layer, output_layer = model.layers
    hidden_names = [f"hidden {i + 1}" for i in range(len(hidden_layer.neurons))]
    for layer, names in ((hidden_layer, hidden_names), (output_layer, SPECIES)):
        for neuron, name in zip(layer.neurons, names, strict=True):
            for parameter in neuron.parameters():
                _, _, weight = parameter.label.rpartition(".")  # w[0] of layers[0].neurons[0].w[0]
                parameter.label = f"{name} {weight}"

    def loss_of(lengths: Sequence[float], species: int) -> Value:
        inputs = [Value(lengths[0], label="petal length"), Value(lengths[1], label="petal width")]
        hidden = hidden_layer(inputs)
        logits = output_layer(hidden)
        for value, name in zip(hidden + logits, (*hidden_names, *SPECIES), strict=True):
            value.label = name
        return softmax_cross_entropy(logits, species)

    loss = max((loss_of(*flower) for flower in flowers), key=lambda value: value.data)
    loss.label = "loss"
    model.zero_grad()
    loss.backward()
    return loss


def main(argv: Sequence[str] | None = None) -> float:
    """Train, print and draw; return the accuracy on the held-out flowers."""
    options = parser("iris", "Train a network on Fisher's iris flowers.")
    options.add_argument("--epochs", type=count, default=60, help="passes over the flowers (%(default)s)")
    options.add_argument("--seed", type=int, default=0, help="of weights, split and order (%(default)s)")
    given = options.parse_args(argv)

    heading("Fisher's iris: 105 flowers to learn from, 45 held out")
    model, history, held_out = train(
        range(4), hidden=8, epochs=given.epochs, seed=given.seed, report_every=10
    )
    accuracy = history.validation[-1].metrics["accuracy"]
    print(
        f"\n{model} with {len(model.parameters())} parameters: {accuracy:.1%} of the held-out flowers right\n"
    )
    print_confusions(model, held_out)

    if given.out is not None:
        with picture(given.out / "loss.svg", "Iris: the loss of every epoch") as (panel,):
            plot_history(history, panel)
        save_graph(flower_graph(given.epochs, given.seed), given.out / "flower.svg")
        say(f"Pictures: {given.out / 'loss.svg'}, {given.out / 'flower.svg'}")
    return accuracy


if __name__ == "__main__":
    main()
