"""`fltutor lab`: open the course in JupyterLab."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import click

import fltutor
from fltutor.words import _

from .arguments import split_arguments
from .course import Copied, Course, copy_course, find_course
from .ports import own_port

DEFAULT_FOLDER = "fltutor-course"
_CONFIG = Path(__file__).with_name("jupyter_config")
_DATA = Path(__file__).with_name("jupyter_data")


@click.command(
    "lab",
    context_settings={"ignore_unknown_options": True},
    options_metavar="[OPTIONS]",
)
@click.option("--no-browser", is_flag=True, help="Print the address, open nothing.")
@click.option("--copy-only", is_flag=True, help="Copy the course; do not start.")
@click.option("--no-solutions", is_flag=True, help="Copy no solutions.")
@click.argument(
    "arguments", nargs=-1, type=click.UNPROCESSED, metavar="[DIR] [JUPYTER OPTIONS]"
)
def open_lab(
    arguments: tuple[str, ...], no_browser: bool, copy_only: bool, no_solutions: bool
) -> None:
    """Open the course in JupyterLab, at lesson 00.

    From a clone, without DIR: that clone. Else a copy of the course in DIR
    (fltutor-course if you name none). Run it again after an upgrade: files that you
    changed stay as they are, and what is new is laid beside them. Options that are
    not listed here go to JupyterLab, for example --port=8890.
    """
    try:
        folder, options = split_arguments(arguments, jupyter_flags)
        root = _course_folder(folder, copy_only=copy_only, solved=not no_solutions)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if copy_only:
        return
    if find_spec("jupyterlab") is None:
        message = _(
            "Got an environment without JupyterLab ({prefix}), need JupyterLab to open "
            "the course. Ask `fltutor doctor` what to install."
        )
        raise click.ClickException(message.format(prefix=sys.prefix))
    if no_browser:
        options = ["--no-browser", *options]
    if _is_root() and "--allow-root" not in options:
        click.echo(_("You are root here (a container?): adding --allow-root."))
        options = ["--allow-root", *options]
    opening = _("Opening {root} in JupyterLab. Stop it with Ctrl-C.")
    click.echo(opening.format(root=root))
    with own_port() as port:
        environ = lab_environment(os.environ, root, port)
        status = run_process(lab_command(root, options), environ)
    raise SystemExit(status)


def lab_command(root: Path, options: Sequence[str]) -> list[str]:
    """Return the command that serves `root` and opens its first lesson.

    ``-P`` keeps the current folder off the server's path: a learner's `random.py`
    there is a file of theirs, and not the standard library's.
    """
    lessons = sorted((root / "lessons").glob("00_*.ipynb"))
    place = f"/tree/{lessons[0].relative_to(root).as_posix()}" if lessons else ""
    return [
        *(sys.executable, "-P", "-m", "jupyterlab"),
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab{place}",
        *options,
    ]


def lab_environment(
    environ: Mapping[str, str], root: Path, port: int
) -> dict[str, str]:
    """Return `environ` with the course's JupyterLab settings put first.

    The settings switch off the pop-up that asks about news, and the search for
    updates: the course opens on its lesson, and works offline. The kernel `python3` is
    this Python, and looks into the notebook's folder last of all. Which tabs are open
    is remembered for each folder apart, so that two courses do not mix theirs. The port
    is where Jupyter begins to look, unless an option or a setting names one.
    """
    workspaces = environ.get("JUPYTERLAB_WORKSPACES_DIR") or str(_workspaces(root))
    return {
        "JUPYTER_PORT": str(port),
        **environ,
        "JUPYTER_CONFIG_PATH": _first(_CONFIG, environ.get("JUPYTER_CONFIG_PATH")),
        "JUPYTER_PATH": _first(_DATA, environ.get("JUPYTER_PATH")),
        "JUPYTERLAB_WORKSPACES_DIR": workspaces,
    }


def jupyter_flags() -> Collection[str]:
    """Return JupyterLab's options that take no value; none where it is missing."""
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        return ()
    return {str(name) for name in LabApp.flags}


def run_process(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run `command` to its end and return its exit status.

    Ctrl-C goes to the command, which may ask before it stops; we wait for it. A
    request to terminate is handed on, so that no server is left behind.
    """
    # An interruption that came just as the command ended would lose its status, so
    # that none is raised. The command itself starts with the usual handling.
    interrupted = signal.signal(signal.SIGINT, lambda *signals: None)
    terminated = signal.getsignal(signal.SIGTERM)
    try:
        process = subprocess.Popen(command, env=dict(environ))
        signal.signal(signal.SIGTERM, lambda *signals: process.terminate())
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, interrupted)
        signal.signal(signal.SIGTERM, terminated)


def _first(folder: Path, others: str | None) -> str:
    """Return a search path that begins with `folder`."""
    return os.pathsep.join(filter(None, [str(folder), others]))


def _workspaces(root: Path) -> Path:
    """Return where JupyterLab remembers the tabs of the course in `root`."""
    from jupyter_core.paths import jupyter_data_dir

    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return Path(jupyter_data_dir()) / "fltutor" / "workspaces" / name


def _is_root() -> bool:
    """Tell whether JupyterLab would refuse to start for this user."""
    return getattr(os, "geteuid", lambda: 1)() == 0


def _course_folder(folder: Path | None, *, copy_only: bool, solved: bool) -> Path:
    """Return the folder to open, after copying the course there if need be."""
    course = find_course()
    if not solved:
        course = replace(course, folders=("lessons", "exercises"))
    if course.is_clone and folder is None and not copy_only and solved:
        message = _("This is a clone of the course: using {root} itself.")
        click.echo(message.format(root=course.root))
        return course.root
    target = (folder or Path(DEFAULT_FOLDER)).absolute()
    try:
        copied = copy_course(course, target, version=fltutor.__version__)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go in a circle
        message = _(
            "Got {target}, where the course cannot be copied ({error}), need a folder "
            "that can be written to. Name another one, or mend this one."
        )
        raise ValueError(message.format(target=target, error=error)) from error
    _report(course, target, copied)
    return target


def _report(course: Course, target: Path, copied: Copied) -> None:
    """Say what copying did, and name each file that was laid beside another."""
    total = sum(1 for file in course.files())
    headline = _("The course (version {version}, {total} files): {target}")
    version = fltutor.__version__
    click.echo(headline.format(version=version, total=total, target=target))
    for template, names in [
        (_("  {count} written"), copied.written),
        (_("  {count} updated (you had not changed them)"), copied.updated),
        (_("  {count} kept (you changed them)"), copied.kept),
    ]:
        if names:
            click.echo(template.format(count=len(names)))
    beside = _("  {name} is yours; the new one is {new}")
    for name, new in copied.beside:
        click.echo(beside.format(name=name.as_posix(), new=new.as_posix()))
