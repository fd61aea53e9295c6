"""What `fltutor doctor` looks at around the packages: each function examines one thing.

The packages themselves are examined in `distributions`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from fltutor.words import _

from .course import FOLDERS, RECORD, find_course
from .findings import Finding, command, fault, install, install_again, note, ok

_EXTENSIONS = {
    "@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets",
    "anywidget": "anywidget",
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_KERNEL_SECONDS = 60
_PROBE = """
import sys, importlib.util
lost = [m for m in ("ipykernel", "fltutor") if importlib.util.find_spec(m) is None]
print(sys.prefix, *lost, sep="\\n")
"""


def course() -> Finding:
    """Examine that the notebooks are there."""
    found = find_course()
    count = sum(1 for name in found.files() if name.suffix == ".ipynb")
    if not count:
        remedy = _("Clone the course again, or install its wheel again.")
        what = _("no notebook in {root}").format(root=found.root)
        return fault("Course", what, remedy)
    if found.is_clone:
        what = _("{count} notebooks in the clone {root}")
    else:
        what = _("{count} notebooks in the installed package {root}")
    return ok("Course", what.format(count=count, root=found.root))


def kernel() -> Finding:
    """Examine the kernel `python3`, which every notebook asks for: ask its Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    if find_spec("ipykernel") is None:
        return fault("Kernel", _("there is no ipykernel"), install(["ipykernel"]))
    words = [sys.executable, "-m", "ipykernel", "install"]
    remedy = command([*words, "--sys-prefix", "--name", "python3"])
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return fault("Kernel", _("there is no kernel named python3"), remedy)
    what = _wrong_with(spec.argv, spec.env)
    if not what:
        return ok("Kernel", _("python3 runs this Python"))
    if not Path(spec.resource_dir).is_relative_to(sys.prefix):
        rename = _("Rename the folder {folder}, then: {command}")
        remedy = rename.format(folder=spec.resource_dir, command=remedy)
    return fault("Kernel", what, remedy)


def _wrong_with(argv: Sequence[str], env: dict[str, str]) -> str:
    """Return what is wrong with a kernel that is started so, "" if nothing is."""
    try:
        prefix, *lost = _ask(argv, env)
        if Path(prefix).samefile(sys.prefix):
            what = _("python3 does not find {names}")
            return what.format(names=", ".join(lost)) if lost else ""
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        what = _("python3 runs {program}, which does not answer ({error})")
        return what.format(program=" ".join(argv[:1]), error=error)
    what = _("python3 runs {other}, but the course is installed for {this}")
    return what.format(other=prefix, this=sys.prefix)


def _ask(argv: Sequence[str], env: dict[str, str]) -> list[str]:
    """Return the prefix of the Python that a kernel runs, then what it lacks."""
    if "-m" not in argv:
        raise ValueError(_("it is not started as python -m ipykernel_launcher"))
    start = list(argv[: argv.index("-m")])
    if start[0] in ("python", "python3", "python{}.{}".format(*sys.version_info[:2])):
        start[0] = sys.executable  # as Jupyter takes them
    answer = subprocess.run(
        [*start, "-P", "-c", _PROBE],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=_KERNEL_SECONDS,
    )
    if answer.returncode:
        lines = answer.stderr.strip().splitlines()
        raise ValueError(lines[-1] if lines else _("it ends without a word"))
    return answer.stdout.splitlines()


def widgets() -> Finding:
    """Examine that JupyterLab has its pages, and the extensions that draw widgets."""
    from jupyter_core.paths import jupyter_path

    folders = [Path(path) for path in jupyter_path("labextensions")]
    missing = [
        name
        for name in _EXTENSIONS
        if not any((folder / name / "package.json").is_file() for folder in folders)
    ]
    if missing:
        what = _("JupyterLab lacks {names}").format(names=", ".join(missing))
        return fault("Widgets", what, install_again(_EXTENSIONS[n] for n in missing))
    manager, anywidget = (_extension_version(folders, name) for name in _EXTENSIONS)
    what = _("manager {manager}, anywidget {anywidget}")
    return ok("Widgets", what.format(manager=manager, anywidget=anywidget))


def _extension_version(folders: list[Path], name: str) -> str:
    """Return the version of the first extension of this name."""
    paths = [folder / name / "package.json" for folder in folders]
    first = next(path for path in paths if path.is_file())
    return str(json.loads(first.read_text(encoding="utf-8"))["version"])


def data_folder() -> Finding:
    """Examine the folder for downloaded data: it is there, or can be made and used."""
    from fltutor import datasets

    folder = Path(datasets.data_folder())
    asked = bool(os.environ.get("FLTUTOR_DATA"))
    if not folder.is_dir() and (asked or folder.exists()):
        what = _("the data folder {folder} is not a folder").format(folder=folder)
        remedy = _("Set FLTUTOR_DATA to a folder that exists, or unset it.")
        return fault("Data", what, remedy)
    entries = [e for e in datasets.catalogue() if not e.embedded]
    here = sum(entry.present for entry in entries)
    values = {"folder": folder, "here": here, "count": len(entries)}
    reason = "" if here == len(entries) else _unwritable(folder)
    if reason:
        what = _(
            "{folder} has {here} of {count} optional data sets, and cannot be written "
            "to ({reason})"
        )
        remedy = _(
            "Set FLTUTOR_DATA to a folder that you can write to, or let whoever owns "
            "this one run: fltutor data fetch all"
        )
        return fault("Data", what.format(**values, reason=reason), remedy)
    if folder.is_dir():
        what = _("{folder}, {here} of {count} optional data sets")
    else:
        what = _("{folder} will be made by the first download; lessons need none")
    return ok("Data", what.format(**values))


def _unwritable(folder: Path) -> str:
    """Return why nothing can be written into a folder, "" if something can."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def names() -> Finding:
    """Examine whether files beside the notebooks bear the names of modules."""
    found = [str(path) for path in _namesakes()]
    if not found:
        return ok("Names", _("no file beside the notebooks bears a module's name"))
    what = _("{files}: named like a module that is installed")
    remedy = _(
        "Rename it. `fltutor lab` looks there last, so that nothing breaks; another "
        "program may take your file for the module."
    )
    return note("Names", what.format(files=", ".join(found)), remedy)


def _namesakes() -> Iterator[Path]:
    """Yield Python files of the learner's that are called like something installed."""
    taken = set(sys.stdlib_module_names) | set(metadata.packages_distributions())
    own = Path(__file__).resolve().parents[1]
    for folder in _folders_of_notebooks():
        for path in sorted(folder.iterdir()):
            is_module = path.suffix == ".py" or (path / "__init__.py").is_file()
            if is_module and path.stem in taken and path.resolve() != own:
                yield path


def _folders_of_notebooks() -> Iterator[Path]:
    """Yield this folder, and those of the clone's or of copied notebooks in it."""
    here = Path.cwd()
    copies = [path.parent for path in sorted(here.glob(f"*/{RECORD}"))]
    found = find_course()
    roots = dict.fromkeys([here, *copies, *([found.root] if found.is_clone else [])])
    for root in roots:
        yield from filter(Path.is_dir, [root, *(root / name for name in FOLDERS)])


def threads() -> Finding:
    """Examine how many threads torch uses, against the processors there are."""
    import torch

    used, cores = torch.get_num_threads(), os.cpu_count() or 1
    if used <= cores:
        what = _("torch uses {used} of {cores} processors")
        return ok("Threads", what.format(used=used, cores=cores))
    what = _("torch uses {used} threads on {cores} processors, which is slow")
    remedy = _("Set OMP_NUM_THREADS to {cores} or less.").format(cores=cores)
    return note("Threads", what.format(used=used, cores=cores), remedy)


def browser() -> Finding:
    """Examine whether there is a Chromium: only the widgets' tests need one."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found:
        return ok("Chromium", found)
    what = _("none here; lessons need none, the browser tests are skipped")
    remedy = _("To run them on Debian or Ubuntu: apt install chromium")
    return note("Chromium", what, remedy)
