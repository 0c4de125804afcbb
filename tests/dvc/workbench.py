"""A folder with a git repository and a DVC project in it, made quickly: the ground that the tests build on."""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("DVC_NO_ANALYTICS", "1")

from dvc.repo import Repo  # noqa: E402
from dvc.utils import strictyaml  # noqa: E402
from dvc.utils.serialize import _yaml  # noqa: E402

logging.getLogger("dvc").setLevel(logging.CRITICAL)



def _remember_yaml() -> None:
    """DVC reads the same pipeline files over and over and its YAML reader is most of its time; once is enough here."""
    original = functools.lru_cache(maxsize=4096)(_yaml.parse_yaml)

    def remembered(*arguments: object, **options: object) -> object:
        return copy.deepcopy(original(*arguments, **options))

    _yaml.parse_yaml = strictyaml.parse_yaml = remembered


_remember_yaml()

WHO = {"name": "Tester", "email": "tester@example.org"}


def empty_environment() -> dict[str, str]:
    """What a test process may see of the outside: how to find programs, and nothing that changes their answers."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    identity = {f"GIT_{role}_{key.upper()}": value for role in ("AUTHOR", "COMMITTER") for key, value in WHO.items()}
    nowhere = {"HOME": tempfile.gettempdir(), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return kept | identity | nowhere | {"DVC_NO_ANALYTICS": "1", "LC_ALL": "C.UTF-8"}


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Works in `folder`; DVC looks at the current folder in many places."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class Workbench:
    """A git repository at `root` with a DVC project in its subfolder `project` ("" for the root itself)."""

    _blank_project: Path | None = None

    def __init__(self, root: Path, project: str = "") -> None:
        self.root = root
        self.project = root / project
        self.prefix = f"{project}/" if project else ""
        self.project.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        shutil.copytree(self._blank(), self.project, dirs_exist_ok=True)

    @classmethod
    def _blank(cls) -> Path:
        """What a real `dvc init` makes, made once."""
        if cls._blank_project is None:
            folder = Path(tempfile.mkdtemp(prefix="proofmark-dvc-blank-"))
            with inside(folder), quiet():
                Repo.init(str(folder), no_scm=True).close()
            shutil.rmtree(folder / ".dvc" / "tmp", ignore_errors=True)
            (folder / ".dvc" / "config").write_text("")
            (folder / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
            cls._blank_project = folder
        return cls._blank_project

    @classmethod
    def clean_up(cls) -> None:
        if cls._blank_project is not None:
            shutil.rmtree(cls._blank_project, ignore_errors=True)
            cls._blank_project = None

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=empty_environment(), check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str | bytes) -> None:
        """Writes a file of the project."""
        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def remove(self, path: str) -> None:
        (self.project / path).unlink(missing_ok=True)

    def commit(self, message: str = "step") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD")

    @contextlib.contextmanager
    def dvc(self) -> Iterator[Repo]:
        """The project in DVC's hands."""
        with inside(self.project), quiet():
            repo = Repo(str(self.project))
            try:
                yield repo
            finally:
                repo.close()

    def lock(self) -> None:
        """Puts the outputs of all stages, as they are, into cache and dvc.lock."""
        with self.dvc() as repo:
            repo.commit(None, force=True)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps DVC's advice off the terminal."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
