"""The moons example as a whole process, beside micrograd's demo: import, train 100 steps, plot, exit.

Whole processes take turns in every round: examples/moons.py as it is, the same with --compiled, once with
an empty cache of machine code and once with a full one; and, in the first round only, for it takes minutes,
micrograd's demo (_micrograd_demo.py). All take the same number of steps for a network 2-16-16-1 on the same
100 points and save both pictures; all must have learned every point. Times are seconds of processor time and
of the clock on the wall, medians over the rounds; `spread` is the slowest round over the fastest (processor).

    pip install -e '.[compile,plot,bench]'
    python benchmarks/end_to_end.py --rounds 3
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from chainrule.nn import moons

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "moons.py"


def spent(command: Sequence[str], cache: Path) -> tuple[float, float]:
    """Run a program and return its seconds: of the processor, and on the wall. It must learn all points."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    since = time.perf_counter()
    environment = os.environ | {
        "CHAINRULE_CACHE": str(cache),
        "MPLBACKEND": "Agg",
        "OPENBLAS_NUM_THREADS": "1",
    }
    run = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True)
    wall = time.perf_counter() - since
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        raise SystemExit(f"{command[0]} failed:\n{run.stderr}")
    last = [line for line in run.stdout.splitlines() if line.startswith("step")][-1]
    accuracy = re.search(r"accuracy\D*([\d.]+)", last)
    if accuracy is None or float(accuracy[1]) != 1.0:
        raise SystemExit(f"{command[0]} has not learned all points: {last}")
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime), wall


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100, help="of gradient descent (100)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, cache, pictures = folder / "moons.json", folder / "cache", folder / "pictures"
        data.write_text(json.dumps(moons(100, noise=0.1, seed=1337)), encoding="utf-8")
        pictures.mkdir()
        ours = [str(EXAMPLE), "--steps", str(options.steps), "--out", str(pictures)]
        programs = {
            "chainrule --compiled, empty cache": [*ours, "--compiled"],
            "chainrule --compiled, full cache": [*ours, "--compiled"],
            "chainrule, on Values": ours,
        }
        if importlib.util.find_spec("micrograd"):
            demo = str(HERE / "_micrograd_demo.py")
            programs["micrograd"] = [demo, str(data), str(pictures), str(options.steps)]
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for _ in range(options.rounds):
            for name, command in programs.items():
                if name == "micrograd" and found[name]:
                    continue
                if name.endswith("empty cache"):
                    shutil.rmtree(cache, ignore_errors=True)
                found[name].append(spent(command, cache))
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, Python {platform.python_version()}, load {load:.1f}", end=", ")
    print(time.strftime("%Y-%m-%d"), "\n")
    print("| | processor, s | wall, s | spread | micrograd / this, processor | wall |")
    print(f"|---|{'---:|' * 5}")
    for name, rounds in found.items():
        own = [median(column) for column in zip(*rounds, strict=True)]
        peer = [median(column) for column in zip(*found.get("micrograd", []), strict=True)]
        ratios = [f"{theirs / mine:.1f}" for theirs, mine in zip(peer, own, strict=False)] or ["–", "–"]
        spread = max(cpu for cpu, _ in rounds) / min(cpu for cpu, _ in rounds)
        print(f"| {name} | {own[0]:.2f} | {own[1]:.2f} | {spread:.2f} | {' | '.join(ratios)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
