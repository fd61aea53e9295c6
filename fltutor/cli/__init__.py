"""The command line: `fltutor lab`, `fltutor doctor`, `fltutor data`."""

from __future__ import annotations

import click

import fltutor


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fltutor.__version__, prog_name="fltutor")
def main() -> None:
    """Federated learning from scratch, in Jupyter notebooks."""
