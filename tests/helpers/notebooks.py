"""Running cells as a notebook, and showing what comes out as notebooks do."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from html import escape
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import nbformat
from nbclient import NotebookClient
from waiting import SECONDS

Output = dict[str, Any]


def executed(cells: Sequence[str], **environment: str) -> list[list[Output]]:
    """Return the outputs of each cell, run one after the other in a kernel of their own.

    Raises CellExecutionError where one fails.
    environment: variables that the kernel has besides those of this process.
    """
    new: Any = nbformat.v4  # has no types
    notebook = new.new_notebook(cells=[new.new_code_cell(cell.strip()) for cell in cells])
    patience = int(SECONDS)
    with TemporaryDirectory() as folder:  # what Jupyter and IPython would keep, and look for, in the user's
        environment |= {"IPYTHONDIR": folder, "JUPYTER_CONFIG_DIR": folder, "JUPYTER_RUNTIME_DIR": folder}
        with mock.patch.dict(os.environ, environment):
            client = NotebookClient(
                notebook, timeout=patience, startup_timeout=patience, kernel_name="python3"
            )
            client.execute()
    nbformat.validate(notebook)
    return [list(cell.outputs) for cell in notebook.cells]


def bundles(outputs: Sequence[Sequence[Output]]) -> list[dict[str, str]]:
    """Return what was displayed, by its types, one bundle after the other."""
    return [output["data"] for cell in outputs for output in cell if "data" in output]


def page(shown: Sequence[dict[str, str]], *, inline: bool) -> str:
    """Return a page of outputs, each as the richest of its types.

    inline: pictures as elements of the page, as VS Code and nbviewer have them; else as images, as
    JupyterLab has them.
    """
    body = "\n".join([f"<section>{_output(bundle, inline)}</section>" for bundle in shown])
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>notebook</title>'
    return f"{head}<main><h1>Cells</h1>{body}"


def _output(bundle: dict[str, str], inline: bool) -> str:
    if "text/html" in bundle:
        return bundle["text/html"]
    if "image/svg+xml" in bundle:
        if inline:
            return bundle["image/svg+xml"]
        data = base64.b64encode(bundle["image/svg+xml"].encode()).decode()
        return f'<img alt="{escape(bundle["text/plain"])}" src="data:image/svg+xml;base64,{data}">'
    return f"<pre>{escape(bundle['text/plain'])}</pre>"
