"""Asks a real DVC what it makes of each case in oracle_cases.py, and writes oracle.json.

Run by hand after a change of the cases: `path/to/venv/bin/python tests/oracle.py` (DVC 3.67.1 made the present file).
"""

import json
import os
import pathlib
import subprocess
import tempfile

from dvc.repo import Repo

from oracle_cases import CASES


def ask(files):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        subprocess.run(["git", "init", "-q"], check=True)
        Repo.init(folder).close()
        for name, text in files.items():
            path = pathlib.Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        with Repo(folder) as repo:
            try:
                index = repo.index
                from dvc.repo.metrics.show import _collect_metrics
                from dvc.repo.params.show import _collect_params, _collect_vars

                stages = sorted({f"{os.path.relpath(s.path)}:{s.name}" for s in index.stages if hasattr(s, "cmd_changed")})
                metrics = sorted({m.lstrip("/") for m in _collect_metrics(repo)})
                params = _collect_params(repo, default_file="params.yaml")
                params = {k.lstrip("/"): sorted(set(v)) or None for k, v in params.items()}
                shown = dict.fromkeys(params)
                for file, keys in _collect_vars(repo, shown).items():
                    params[file.lstrip("/")] = sorted(keys)
                outs = sorted(os.path.relpath(o.fs_path) + ("" if o.use_cache else " uncached") for o in index.outs)
                return {"stages": stages, "metrics": metrics, "params": params, "outs": outs}
            except Exception as error:  # noqa: BLE001
                return {"error": f"{type(error).__name__}: {error}"}
            finally:
                os.chdir("/")


def main():
    here = pathlib.Path(__file__).parent
    answers = [{"name": name, "files": files, "dvc": ask(files)} for name, files in CASES.items()]
    (here / "oracle.json").write_text(json.dumps(answers, indent=1) + "\n")
    for answer in answers:
        print(answer["name"], json.dumps(answer["dvc"])[:600])


main()
