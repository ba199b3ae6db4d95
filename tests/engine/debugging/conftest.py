"""Real debuggers for the tests: pdb driven by its commands, debugpy by the protocol that VS Code speaks."""

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from breakpoints import stops as stops
from waiting import SECONDS

import chainrule.engine

Message = dict[str, Any]


@pytest.fixture(scope="session")
def site_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder called site-packages with the engine in it, as `pip install` would put it there.

    Debuggers take what lies in such a folder for a library; an editable installation lies elsewhere.
    """
    folder = tmp_path_factory.mktemp("installed") / "site-packages"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(chainrule.engine.__path__[0], folder / "chainrule" / "engine", ignore=ignored)
    return folder


@pytest.fixture
def environment(site_packages: Path, tmp_path: Path) -> dict[str, str]:
    """Return an environment in which that copy is imported, and nobody's own settings of pdb are read."""
    others = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    return {**others, "PYTHONPATH": str(site_packages), "HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}


# -- pdb ------------------------------------------------------------------------------------------------


@pytest.fixture
def pdb(environment: dict[str, str], tmp_path: Path) -> Callable[..., str]:
    """Return a function that types commands at pdb's prompt and returns the screen as one would see it."""

    def session(program: str, commands: list[str], *options: str) -> str:
        file = tmp_path / "main.py"
        file.write_text(program, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, *options, file.name],
            cwd=tmp_path,
            env=environment,
            input="\n".join(commands) + "\n",
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        first, *others = done.stdout.split("(Pdb) ")
        assert len(others) == len(commands), done.stdout
        typed = [f"(Pdb) {command}\n{said}" for command, said in zip(commands, others, strict=True)]
        return readable("".join([first, *typed]), tmp_path, Path(environment["PYTHONPATH"]))

    return session


def readable(screen: str, *folders: Path) -> str:
    """Return what a debugger said without what differs from one machine, or one commit, to the next.

    folders: those of the user's program and of the installed package.
    """
    for folder in folders:
        screen = screen.replace(f"{folder}{os.sep}", "")
    return re.sub(r"\b(chainrule/\S+\.py)([(:])\d+", r"\1\2…", screen)


# -- debugpy ----------------------------------------------------------------------------------------------


class Editor:
    """The side of an editor in a debugging session: asks debugpy's adapter, and waits for what it tells."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._adapter = subprocess.Popen(
            [sys.executable, "-m", "debugpy.adapter"],
            cwd=folder,
            env=os.environ | {f"DEBUGPY_PROCESS_{what}_TIMEOUT": str(SECONDS) for what in ("SPAWN", "EXIT")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._folder, self._environment = folder, environment
        self._asked = 0
        self._heard: queue.Queue[Message] = queue.Queue()
        self._later: list[Message] = []
        self.printed = ""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def debug(self, program: str, breakpoints: list[Message] = (), just_my_code: bool = True) -> None:  # type: ignore[assignment]
        """Start a program with breakpoints in it."""
        file = self._folder / "main.py"
        file.write_text(program, encoding="utf-8")
        self.ask("initialize", adapterID="python", pathFormat="path", linesStartAt1=True)
        launched = self._send(
            "launch",
            program=str(file),
            cwd=str(self._folder),
            env=self._environment,
            python=[sys.executable],
            console="internalConsole",
            justMyCode=just_my_code,
        )
        self.event("initialized")
        self.ask("setBreakpoints", source={"path": str(file)}, breakpoints=breakpoints)
        self.ask("configurationDone")
        self._answer(launched)

    def ask(self, command: str, **arguments: Any) -> Any:
        """Ask for something and return the answer."""
        return self._answer(self._send(command, **arguments))

    def event(self, *names: str) -> Message:
        """Wait for the next event of one of these kinds."""
        return self._next(lambda message: message["type"] == "event" and message["event"] in names)

    def stop(self) -> "Stop | None":
        """Wait until the program stops somewhere; None where it comes to its end."""
        event = self.event("stopped", "terminated")
        return Stop(self, event["body"]) if event["event"] == "stopped" else None

    def close(self) -> None:
        """End the session."""
        self.ask("disconnect", terminateDebuggee=True)
        assert self._adapter.stdin is not None
        self._adapter.stdin.close()
        self._adapter.wait(timeout=SECONDS)
        self._listener.join(timeout=SECONDS)

    def _send(self, command: str, **arguments: Any) -> int:
        self._asked += 1
        message = {"seq": self._asked, "type": "request", "command": command, "arguments": arguments}
        text = json.dumps(message).encode()
        assert self._adapter.stdin is not None
        self._adapter.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(text), text))
        self._adapter.stdin.flush()
        return self._asked

    def _answer(self, asked: int) -> Any:
        answer = self._next(lambda message: message["type"] == "response" and message["request_seq"] == asked)
        assert answer["success"], answer
        return answer.get("body")

    def _next(self, wanted: Callable[[Message], bool]) -> Message:
        for message in self._later:
            if wanted(message):
                self._later.remove(message)
                return message
        while True:
            message = self._heard.get(timeout=SECONDS)
            if wanted(message):
                return message
            self._later.append(message)

    def _listen(self) -> None:
        assert self._adapter.stdout is not None
        with self._adapter.stdout as pipe:
            while head := pipe.readline():
                length = int(head.split(b":")[1])
                pipe.readline()
                message = json.loads(pipe.read(length))
                if message.get("event") != "output":
                    self._heard.put(message)
                elif message["body"]["category"] == "stdout":
                    self.printed += message["body"]["output"]


class Stop:
    """A moment at which the program stands still."""

    def __init__(self, editor: Editor, body: Message) -> None:
        self.reason: str = body["reason"]
        self._editor, self._thread = editor, body["threadId"]
        self.frames: list[Message] = editor.ask("stackTrace", threadId=self._thread)["stackFrames"]

    @property
    def places(self) -> list[str]:
        """The stack as an editor shows it, the innermost first: file, line, and what runs there."""
        return [f"{Path(f['source']['path']).name}:{f['line']} {f['name']}" for f in self.frames]

    def variables(self) -> dict[str, str]:
        """Return what the Variables pane shows of the local variables."""
        return self.opened()

    def opened(self, *names: str) -> dict[str, str]:
        """Return the same with one of them opened, and one of its attributes, and so on."""
        scopes = self._editor.ask("scopes", frameId=self.frames[0]["id"])["scopes"]
        [reference] = [scope["variablesReference"] for scope in scopes if scope["name"] == "Locals"]
        shown = self._editor.ask("variables", variablesReference=reference)["variables"]
        for name in names:
            [reference] = [line["variablesReference"] for line in shown if line["name"] == name]
            shown = self._editor.ask("variables", variablesReference=reference)["variables"]
        return {line["name"]: line["value"] for line in shown if not line["name"].endswith(" variables")}

    def evaluate(self, expression: str, frame: int = 0) -> str:
        """Return what the debug console answers."""
        identity = self.frames[frame]["id"]
        answer = self._editor.ask("evaluate", expression=expression, frameId=identity, context="repl")
        return str(answer["result"])

    def go_on(self, command: str = "continue") -> "Stop | None":
        """Continue, or "next", "stepIn", "stepOut"; return where it stops again."""
        self._editor.ask(command, threadId=self._thread)
        return self._editor.stop()


@pytest.fixture
def editor(environment: dict[str, str], tmp_path: Path) -> Iterator[Editor]:
    """Return an editor at work in a folder of its own."""
    opened = Editor(tmp_path, environment)
    yield opened
    opened.close()


# -- docs/stepping.md -------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[3] / "docs" / "stepping.md"
REWRITE = "CHAINRULE_WRITE_TRANSCRIPTS"


def block(kind: str, name: str) -> "re.Match[str]":
    """Return where the page has the block with this name."""
    pattern = rf"(<!-- {kind}: {re.escape(name)} -->\n```\w+\n)(.*?)(^```$)"
    found = re.search(pattern, PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert found, f"{PAGE.name} has no {kind} called {name}"
    return found


@pytest.fixture
def program() -> Callable[[str], str]:
    """Return a function that gives a program of the page by its name."""
    return lambda name: block("program", name)[2]


@pytest.fixture
def transcript() -> Callable[[str, str], None]:
    """Return a function that compares a screen with the one that the page shows."""

    def compare(name: str, screen: str) -> None:
        shown = block("transcript", name)
        if os.environ.get(REWRITE):
            text = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(text[: shown.start(2)] + screen + text[shown.end(2) :], encoding="utf-8")
            return
        assert screen == shown[2], f"{PAGE.name} shows another screen: run this test with {REWRITE}=1"

    return compare
