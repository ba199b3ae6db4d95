"""Training that is killed goes on to the same numbers: a short form of `benchmarks/kill_and_resume.py`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(__file__).parents[2] / "benchmarks" / "kill_and_resume.py"


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_training_killed_at_random_moments_goes_on_to_the_same_numbers() -> None:
    command = [sys.executable, str(COMMAND), "--times", "8", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("8 kills: ")
    assert done.stdout.endswith("; 8 resumed to the same numbers\n")
