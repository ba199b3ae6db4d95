"""What pyproject.toml cannot say: building the package also makes the type stub of the table's methods."""

import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithStub(build_py):
    """Copy the modules, then let the built engine write its own stub beside them."""

    def run(self) -> None:
        """Build as ever; an editable installation points at the sources and gets no stub."""
        super().run()
        if not getattr(self, "editable_mode", False):
            stub = subprocess.run(
                [sys.executable, "-m", "chainrule.engine.stub"],
                cwd=self.build_lib,
                stdout=subprocess.PIPE,
                check=True,
            )
            Path(self.build_lib, "chainrule", "engine", "operations.pyi").write_bytes(stub.stdout)


setup(cmdclass={"build_py": BuildWithStub})
