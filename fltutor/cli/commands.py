"""The commands as click reads them from the command line."""

from __future__ import annotations

import click

import fltutor

from . import doctor
from .data import manage_data
from .instructor import teach
from .lab import open_lab


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fltutor.__version__, prog_name="fltutor")
def main() -> None:
    """Federated learning from scratch, in Jupyter notebooks."""


@main.command("doctor")
def examine() -> None:
    """Examine this installation, and say what to do about each fault.

    Exit code 1 if there is a fault that keeps lessons from running; notes do not
    count.
    """
    findings = doctor.examine_all()
    click.echo(doctor.report(findings, lambda text, colour: click.style(text, colour)))
    if doctor.faults(findings):
        raise SystemExit(1)


main.add_command(open_lab)
main.add_command(manage_data)
main.add_command(teach)
