"""The command line: `fltutor lab`, `fltutor doctor`, `fltutor data`."""

from __future__ import annotations

import click

import fltutor

from .data import manage_data
from .doctor import examine
from .lab import open_lab


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fltutor.__version__, prog_name="fltutor")
def main() -> None:
    """Federated learning from scratch, in Jupyter notebooks."""


main.add_command(open_lab)
main.add_command(examine)
main.add_command(manage_data)
