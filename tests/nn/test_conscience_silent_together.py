"""The training loop's conscience stays silent where several models, optimizers or threads are at work."""

from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from training_loops import XS, YS

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, Parameter, fit, squared_error


def _step(model: MLP, steps: SGD) -> Value:
    steps.zero_grad()
    loss = squared_error(model([0.5]), 1.0)
    loss.backward()
    steps.step()
    return loss


def _twins(number: int, lr: float = 0.01) -> list[tuple[MLP, SGD]]:
    models = [MLP(1, [3, 1], seed=seed) for seed in range(number)]
    return [(model, SGD(model.parameters(), lr=lr)) for model in models]


def test_models_of_one_architecture_in_turns() -> None:
    twins = _twins(2)
    for _ in range(5):
        for model, steps in twins:
            _step(model, steps)
    for model, steps in (*twins, *twins):
        fit(model, XS, YS, loss=squared_error, optimizer=steps, epochs=5)


def test_a_second_model_by_hand_and_one_that_is_only_looked_at() -> None:
    (model, steps), (other, _) = _twins(2)
    looked_at = MLP(1, [3, 1], seed=3)
    for _ in range(10):
        _step(model, steps)
        squared_error(looked_at([0.5]), 1.0).backward()
        looked_at.zero_grad()
        other.zero_grad()
        squared_error(other([0.5]), 1.0).backward()
        for p in other.parameters():
            p.data -= 0.01 * p.grad


@pytest.mark.parametrize("by_hand", [False, True])
def test_two_heads_on_one_body(by_hand: bool) -> None:
    body, heads = MLP(1, [3], seed=1), [MLP(3, [1], seed=seed) for seed in (2, 3)]
    optimizers = [SGD([*body.parameters(), *head.parameters()], lr=0.01) for head in heads[: 2 - by_hand]]
    for i in range(20):
        head, steps = heads[i % 2], optimizers[0 if by_hand else i % 2]
        steps.zero_grad()
        squared_error(head(body([0.5])), 1.0).backward()
        steps.step()
        if by_hand and i % 2:
            for p in head.parameters():
                p.data -= 0.01 * p.grad
                p.grad = 0.0


def test_a_head_that_waits_for_its_first_step() -> None:
    body, heads = MLP(1, [3], seed=1), [MLP(3, [1], seed=seed) for seed in (2, 3)]
    first, second = (SGD([*body.parameters(), *head.parameters()], lr=0.01) for head in heads)
    for _ in range(5):
        first.zero_grad()
        squared_error(heads[1](body([0.5])), 1.0).backward()
        first.step()  # the body only: the second head is held by the optimizer that comes later
    second.step()


def test_one_goes_down_and_another_up() -> None:
    x, y = Parameter(1.0), Parameter(1.0)
    down, up = SGD([x], lr=0.01), SGD([y], lr=0.1, maximize=True)
    for _ in range(30):
        down.zero_grad()
        up.zero_grad()
        (x * y).backward()
        down.step()
        up.step()


def test_models_in_threads() -> None:
    def train(twin: tuple[MLP, SGD]) -> None:
        for _ in range(12):
            _step(*twin)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(train, _twins(48)))
        twins = _twins(16)
        for _ in range(15):
            list(threads.map(lambda twin: _step(*twin).data, twins))


def test_losses_of_many_models_and_of_the_last_steps() -> None:
    twins = _twins(12)
    for _ in range(3):
        losses = [_step(*twin) for twin in twins]
    assert len(losses) == 12
    together = SGD([p for model, _ in twins for p in model.parameters()], lr=0.01)
    losses = [_step(model, together) for model, _ in twins]
    window: deque[Value] = deque(maxlen=10)
    longer: deque[Value] = deque(maxlen=50)
    pairs: Iterable[tuple[tuple[MLP, SGD], deque[Value]]] = zip(twins, (window, longer), strict=False)
    for twin, kept in pairs:
        for _ in range(60):
            kept.append(_step(*twin))


def test_a_loss_of_other_parameters_than_the_optimizer_s() -> None:
    """It may have its own optimizer later: a whole model that was replaced looks like two models in turns."""
    (_model, steps), (other, _) = _twins(2)
    for _ in range(12):
        squared_error(other([0.5]), 1.0).backward()
        steps.step()
        steps.zero_grad()
        other.zero_grad()


def test_parameters_without_labels_of_which_only_some_are_held() -> None:
    used, unused, free = Parameter(1.0), Parameter(2.0), Parameter(3.0)
    steps = SGD([used, unused], lr=0.01)
    for _ in range(12):
        (used * free).backward()
        steps.step()
        used.grad = free.grad = 0.0
