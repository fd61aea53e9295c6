"""`fltutor data`: what data is there, and fetching what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fltutor.datasets import CatalogueEntry

_KIB, _MIB = 2**10, 2**20


@click.group("data", invoke_without_command=True)
@click.pass_context
def manage_data(context: click.Context) -> None:
    """List the data sets of the course; `fltutor data fetch NAME` gets one.

    The lessons need none of them: digits, blobs_2d and synthetic come with the course.
    """
    if context.invoked_subcommand is None:
        list_data()


@manage_data.command("list")
def list_command() -> None:
    """List what is there and what can be fetched."""
    list_data()


@manage_data.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--quiet", is_flag=True, help="Show no progress bar.")
def fetch_data(names: tuple[str, ...], quiet: bool) -> None:
    """Fetch data sets by NAME (or `all`), and verify each file's checksum."""
    from fltutor import datasets

    entries = {entry.name: entry for entry in datasets.catalogue()}
    wanted = tuple(entries) if names == ("all",) else names
    unknown = [name for name in wanted if name not in entries]
    if unknown:
        raise click.ClickException(
            f"Got {', '.join(unknown)}, but the data sets are "
            f"{', '.join(entries)}. Choose among these."
        )
    for name in wanted:
        _fetch(entries[name], quiet=quiet)


def list_data() -> None:
    """Print one line a data set: name, whether it is there, size, licence."""
    from fltutor import datasets

    click.echo(f"Data folder: {datasets.data_folder()} (set FLTUTOR_DATA for another)")
    entries = datasets.catalogue()
    width = max((len(entry.name) for entry in entries), default=0)
    for entry in entries:
        click.echo(f"  {entry.name:<{width}}  {_state(entry)}")
    if not all(entry.present for entry in entries):
        click.echo("Fetch one with: fltutor data fetch NAME")


def _fetch(entry: CatalogueEntry, *, quiet: bool) -> None:
    from fltutor import datasets

    if entry.embedded:
        click.echo(f"{entry.name}: built in, nothing to fetch")
        return
    if not entry.present:
        click.echo(f"{entry.name}: fetching {_size(entry.size)} ({entry.licence})")
    try:
        paths = datasets.fetch(entry.name, progress=not quiet)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{entry.name}: here, in {paths[0].parent}")


def _state(entry: CatalogueEntry) -> str:
    """Return where a data set is, its size and its licence, in columns."""
    if entry.embedded:
        return f"built in              {entry.licence}"
    place = "here" if entry.present else "missing"
    return f"{place:<8}  {_size(entry.size):>10}  {entry.licence}"


def _size(size: int) -> str:
    """Return a number of bytes in KiB or MiB."""
    if size < _MIB:
        return f"{size / _KIB:.1f} KiB"
    return f"{size / _MIB:.1f} MiB"
