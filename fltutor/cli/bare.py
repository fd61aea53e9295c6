"""The command line where click is missing: the doctor, and what is wrong."""

from __future__ import annotations

import sys

from fltutor.words import _

from . import doctor
from .findings import install_module


def main(prog_name: str = "fltutor") -> None:
    """Run `doctor`; answer any other command with what is missing.

    Raises
    ------
    SystemExit
        With status 1: there is at least one fault.
    """
    if sys.argv[1:] == ["doctor"]:
        findings = doctor.examine_all()
        sys.stdout.write(doctor.report(findings) + "\n")
        raise SystemExit(int(doctor.faults(findings) > 0))
    message = _(
        "Got an environment without click ({prefix}), need it to run {program}. "
        "Install it: {command}"
    )
    values = {"program": prog_name, "command": install_module("click")}
    raise SystemExit(message.format(prefix=sys.prefix, **values))
