"""Training that is killed at random moments goes on from its checkpoint to the same numbers, bit for bit.

A process trains with a checkpoint after every epoch and gets `kill -9` at a random moment. Whatever it left
is then resumed in another one and trained to the end. Parameters, optimizer, history and learning rates must
be those of a run that was never interrupted and kept no checkpoint.

    pip install -e '.[save]'
    python benchmarks/kill_and_resume.py --times 100 --seed 0

Prints how many kills fell before the first checkpoint, into the writing of one, and between; the exit code
is 1 where a checkpoint could not be read or a number differed. Needs a system with SIGKILL.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chainrule.nn import Adam, Dropout, EarlyStopping, Linear, Sequential, fit, hinge, moons
from chainrule.nn.lr_scheduler import CosineAnnealingLR

EPOCHS = 60
MOMENTS = ("before the first checkpoint", "while one was written", "between two", "after the last")


def train(checkpoint: Path | None) -> dict[str, Any]:
    """Train to the end, going on from the checkpoint where there is one; return every number of the run.

    Everything that has a state takes part: Adam, a schedule, shuffling, dropout, early stopping.
    """
    points, sides = moons(24, noise=0.1, seed=1)
    model = Sequential(Linear(2, 6, seed=1), "tanh", Dropout(0.1, seed=2), Linear(6, 1, seed=3))
    optimizer = Adam(model.parameters(), lr=0.02)
    stopping = EarlyStopping(patience=40)
    history = fit(
        model,
        points,
        sides,
        loss=hinge,
        optimizer=optimizer,
        epochs=EPOCHS,
        batch_size=5,
        seed=4,
        validation=0.25,
        schedule=CosineAnnealingLR(optimizer, EPOCHS),
        clip_norm=1.0,
        callbacks=[stopping],
        checkpoint=checkpoint,
        resume=True if checkpoint else None,
        progress=False,
    )
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "history": history.state_dict(),
        "stopping": stopping.state_dict(),
    }


def started(checkpoint: Path) -> subprocess.Popen[str]:
    """Return a new process that trains; it has just begun to."""
    command = [sys.executable, __file__, "--train", str(checkpoint)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def kill_once(folder: Path, after: float) -> str:
    """Train in `folder`, kill that after so many seconds, and return which moment it was."""
    checkpoint = folder / "run.safetensors"
    process = started(checkpoint)
    time.sleep(after)
    ended = process.poll() is not None
    process.kill()
    process.communicate()
    if ended:
        return MOMENTS[3]
    if list(folder.glob(".*.tmp")):
        return MOMENTS[1]
    return MOMENTS[2] if checkpoint.exists() else MOMENTS[0]


def main(argv: Sequence[str] | None = None) -> int:
    """Kill and resume as often as asked; return the exit code."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--times", type=int, default=100, help="how many kills (%(default)s)")
    options.add_argument("--seed", type=int, default=0, help="of the moments (%(default)s)")
    options.add_argument("--train", type=Path, metavar="CHECKPOINT", help=argparse.SUPPRESS)
    given = options.parse_args(argv)
    if given.train is not None:
        print("training", flush=True)
        train(given.train)
        return 0

    expected = train(None)
    rng = random.Random(given.seed)
    moments: Counter[str] = Counter()
    failures = 0
    with tempfile.TemporaryDirectory() as whole:
        process, begin = started(Path(whole) / "run.safetensors"), time.perf_counter()
        process.wait()
        duration = time.perf_counter() - begin
    while sum(moments.values()) < given.times:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            moment = kill_once(folder, rng.uniform(0.0, duration))
            if moment == MOMENTS[3]:
                continue
            moments[moment] += 1
            try:
                came_out = "the same numbers" if train(folder / "run.safetensors") == expected else "others"
            except (OSError, ValueError) as error:
                came_out = f"an error ({error})"
            left = [path.name for path in folder.iterdir() if path.name != "run.safetensors"]
            if came_out != "the same numbers" or left:
                failures += 1
                print(f"killed {moment}: {came_out}; left over: {left}")
    told = ", ".join(f"{moments[moment]} {moment}" for moment in MOMENTS[:3])
    print(f"{given.times} kills: {told}; {given.times - failures} resumed to the same numbers")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
