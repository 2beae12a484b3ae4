"""``python -m tests.mutants [NAME...]`` (`make mutants`): exit status 0 if every mutant was noticed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]

#: pytest's exit status when tests ran and some failed; anything else proves nothing.
TESTS_FAILED = 1
WAY_OUT = "the file has changed: write the mutant anew in tests/mutants/catalogue.py"


class NotApplicableError(RuntimeError):
    """A mutant whose text does not stand exactly once in its file."""


def main(names: Sequence[str]) -> int:
    """Run the named mutants, or all: first the tests without any, which must pass, then one by one."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    if not chosen:
        known = ", ".join(mutant.name for mutant in MUTANTS)
        _tell(f"no mutant is called {' or '.join(names)}; known are {known}", sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        Path(folder).chmod(0o755)
        try:
            return _run(tree, chosen)
        finally:
            _in(tree, "manage.py", "services", "stop")


def _run(tree: Path, chosen: Sequence[Mutant]) -> int:
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    sound = _pytest(tree, tests)
    if sound.returncode:
        _tell(f"the tests fail without any mutant:\n{sound.stdout[-3000:]}", sys.stderr)
        return 2
    survivors = 0
    for mutant in chosen:
        with _applied(tree, mutant):
            done = _pytest(tree, mutant.tests)
        noticed = done.returncode == TESTS_FAILED
        survivors += not noticed
        last = done.stdout.strip().splitlines()[-1:]
        _tell(f"{'noticed ' if noticed else 'SURVIVED'}  {mutant.name}: {''.join(last)}")
    _tell(f"{len(chosen) - survivors} of {len(chosen)} mutants were noticed")
    return 1 if survivors else 0


def _tell(line: str, stream: TextIO = sys.stdout) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def _copy(tree: Path) -> None:
    """The files git knows, as they are now: nothing of this clone's data."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


@contextmanager
def _applied(tree: Path, mutant: Mutant) -> Iterator[None]:
    file = tree / mutant.file
    sound = file.read_text()
    if sound.count(mutant.old) != 1:
        raise NotApplicableError(f"{mutant.name} in {mutant.file}: {WAY_OUT}")
    file.write_text(sound.replace(mutant.old, mutant.new))
    try:
        yield
    finally:
        file.write_text(sound)


def _pytest(tree: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return _in(tree, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *tests)


def _in(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Not the bytecode either: two texts of one file may have the same size and second.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "LOCAL_DATA_DIR": str(tree / ".local")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    # Ended early, it still stops the servers of its copy.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
