"""What `fltutor doctor` looks at: each function examines one thing."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from .course import find_course

_REINSTALL = "Install again: make lab, or pip install -c constraints.txt -e ."
_EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What an examination found.

    `state` is "ok", "note" (works, but know this) or "fault" (lessons will not run).
    """

    subject: str
    state: Literal["ok", "note", "fault"]
    what: str
    remedy: str = ""


def python() -> Finding:
    """Examine the version of Python."""
    needed = SpecifierSet(metadata.metadata("fltutor")["Requires-Python"])
    version = ".".join(map(str, sys.version_info[:3]))
    if needed.contains(version, prereleases=True):
        return Finding(subject="Python", state="ok", what=f"{version}, {sys.prefix}")
    return Finding(
        subject="Python",
        state="fault",
        what=f"{version}, but the course needs {needed}",
        remedy="Install a newer Python, then: make lab PYTHON=python3.12",
    )


def requirements() -> list[Requirement]:
    """Return what the course needs to run, without its extras."""
    lines = metadata.requires("fltutor") or []
    found = [Requirement(line) for line in lines]
    return [r for r in found if r.marker is None or r.marker.evaluate({"extra": ""})]


def installed(name: str) -> Version | None:
    """Return the installed version of a package, None where there is none."""
    try:
        return Version(metadata.version(name))
    except metadata.PackageNotFoundError:
        return None


def packages() -> Finding:
    """Examine that each package the course needs is there, and new enough."""
    faults = []
    for requirement in requirements():
        version = installed(requirement.name)
        if version is None:
            faults.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            faults.append(
                f"{requirement.name} {version}, needed {requirement.specifier}"
            )
    if faults:
        what = "; ".join(faults)
        return Finding(subject="Packages", state="fault", what=what, remedy=_REINSTALL)
    what = f"all {len(requirements())} are here"
    return Finding(subject="Packages", state="ok", what=what)


def constraints() -> dict[str, Version]:
    """Return the versions that are known to work together, by canonical name."""
    path = find_course().root / "constraints.txt"
    pins: dict[str, Version] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equal, version = line.partition("#")[0].partition("==")
        if equal:
            pins[canonicalize_name(name.strip())] = Version(version.strip())
    return pins


def pins() -> Finding:
    """Examine whether versions are those that the saved outputs come from."""
    others = list(_other_versions())
    if not others:
        what = "the tested ones throughout"
        return Finding(subject="Versions", state="ok", what=what)
    return Finding(
        subject="Versions",
        state="note",
        what="not the tested ones: " + "; ".join(others),
        remedy="Lessons run, but last digits may differ from the saved ones. For the "
        "tested versions: pip install -c constraints.txt -e .",
    )


def _other_versions() -> Iterator[str]:
    """Yield the packages of the course that are not in their tested version."""
    tested = constraints()
    for requirement in requirements():
        version = installed(requirement.name)
        pin = tested.get(canonicalize_name(requirement.name))
        if version and pin and version.public != pin.public:
            yield f"{requirement.name} {version.public} (tested {pin.public})"


def torch_works() -> Finding:
    """Examine that torch loads and multiplies."""
    import torch

    total = float((torch.eye(3, dtype=torch.float64) @ torch.ones(3).double()).sum())
    if total == 3.0:
        what = f"{torch.__version__} computes"
        return Finding(subject="torch", state="ok", what=what)
    return Finding(
        subject="torch",
        state="fault",
        what=f"eye(3) @ ones(3) sums to {total}, but it must be 3",
        remedy=_REINSTALL,
    )


def course() -> Finding:
    """Examine that the notebooks are there."""
    found = find_course()
    count = sum(1 for name in found.files() if name.suffix == ".ipynb")
    where = "the clone" if found.is_clone else "the installed package"
    if count:
        what = f"{count} notebooks in {where} {found.root}"
        return Finding(subject="Course", state="ok", what=what)
    return Finding(
        subject="Course",
        state="fault",
        what=f"no notebook in {found.root}",
        remedy="Clone the course again, or install its wheel again.",
    )


def kernel() -> Finding:
    """Examine the kernel `python3`: the one every notebook asks for."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    remedy = f"{sys.executable} -m ipykernel install --sys-prefix --name python3"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        what = "there is no kernel named python3"
        return Finding(subject="Kernel", state="fault", what=what, remedy=remedy)
    same = Path(program).name.startswith("python") and not Path(program).is_absolute()
    if same or Path(program).resolve() == Path(sys.executable).resolve():
        return Finding(subject="Kernel", state="ok", what="python3 runs this Python")
    return Finding(
        subject="Kernel",
        state="fault",
        what=f"python3 runs {program}, but the course is installed for "
        f"{sys.executable}",
        remedy=remedy,
    )


def widgets() -> Finding:
    """Examine that JupyterLab has the extensions that draw widgets."""
    from jupyter_core.paths import jupyter_path

    folders = [Path(path) for path in jupyter_path("labextensions")]
    missing = [
        name
        for name in _EXTENSIONS
        if not any((folder / name / "package.json").is_file() for folder in folders)
    ]
    if missing:
        return Finding(
            subject="Widgets",
            state="fault",
            what=f"JupyterLab lacks {' and '.join(missing)}",
            remedy="pip install --force-reinstall jupyterlab_widgets anywidget",
        )
    versions = [_extension_version(folders, name) for name in _EXTENSIONS]
    what = "manager {}, anywidget {}".format(*versions)
    return Finding(subject="Widgets", state="ok", what=what)


def _extension_version(folders: list[Path], name: str) -> str:
    """Return the version of the first extension of this name."""
    paths = [folder / name / "package.json" for folder in folders]
    first = next(path for path in paths if path.is_file())
    return str(json.loads(first.read_text(encoding="utf-8"))["version"])


def data_folder() -> Finding:
    """Examine the folder for downloaded data."""
    from fltutor import datasets

    folder = Path(datasets.data_folder())
    if folder.is_dir():
        entries = [e for e in datasets.catalogue() if not e.embedded]
        here = sum(entry.present for entry in entries)
        what = f"{folder}, {here} of {len(entries)} optional data sets"
        return Finding(subject="Data", state="ok", what=what)
    if os.environ.get("FLTUTOR_DATA") or folder.exists():
        return Finding(
            subject="Data",
            state="fault",
            what=f"the data folder {folder} is not a folder",
            remedy="Set FLTUTOR_DATA to a folder that exists, or unset it.",
        )
    what = f"{folder} will be made by the first download; lessons need none"
    return Finding(subject="Data", state="ok", what=what)


def threads() -> Finding:
    """Examine how many threads torch uses, against the processors there are."""
    import torch

    used, cores = torch.get_num_threads(), os.cpu_count() or 1
    if used <= cores:
        what = f"torch uses {used} of {cores} processors"
        return Finding(subject="Threads", state="ok", what=what)
    return Finding(
        subject="Threads",
        state="note",
        what=f"torch uses {used} threads on {cores} processors, which is slow",
        remedy=f"Set OMP_NUM_THREADS to {cores} or less.",
    )


def browser() -> Finding:
    """Examine whether there is a Chromium: only the widgets' tests need one."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found:
        return Finding(subject="Chromium", state="ok", what=found)
    return Finding(
        subject="Chromium",
        state="note",
        what="none here; lessons need none, the browser tests are skipped",
        remedy="To run them on Debian or Ubuntu: apt install chromium",
    )
