"""micrograd's demo as a program: its network, loss and steps on two moons, and pictures at the end.

Run by end_to_end.py in a process of its own. The points are read from a file of numbers: those of micrograd's
notebook come from scikit-learn, whose import would count against it.
"""

import json
import random
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from micrograd.engine import Value
from micrograd.nn import MLP

points, sides = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
folder, steps = Path(sys.argv[2]), int(sys.argv[3])
sys.setrecursionlimit(10_000)
random.seed(1337)
model = MLP(2, [16, 16, 1])
history = []
for k in range(steps):
    scores = [model([Value(x) for x in point]) for point in points]
    losses = [(1 + -side * score).relu() for side, score in zip(sides, scores, strict=True)]
    total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
    right = sum((side > 0) == (score.data > 0) for side, score in zip(sides, scores, strict=True))
    model.zero_grad()
    total.backward()
    for p in model.parameters():
        p.data -= (1.0 - 0.9 * k / 100) * p.grad
    history.append(total.data)
    if k % 10 == 0 or k == steps - 1:
        print(f"step {k:3}  loss {total.data:.4f}  accuracy {right / len(points):.2f}")

plt.plot(history)
plt.savefig(folder / "loss.svg")
plt.figure()
x, y = np.array(points).T
across, up = np.meshgrid(np.arange(x.min() - 1, x.max() + 1, 0.25), np.arange(y.min() - 1, y.max() + 1, 0.25))
found = [model([Value(a), Value(b)]).data > 0 for a, b in zip(across.ravel(), up.ravel(), strict=True)]
plt.contourf(across, up, np.array(found).reshape(across.shape), alpha=0.8)
plt.scatter(x, y, c=sides)
plt.savefig(folder / "boundary.svg")
