"""Run the command line as `python -m fltutor`."""

import os
import sys

# `-m` looks into the current folder first, where a learner may keep a `random.py`.
# It goes to the end of the path, for who runs a copy that is not installed.
if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:  # noqa: PTH109 - as it stands there, a string
    sys.path.append(sys.path.pop(0))

from fltutor.cli import main  # noqa: E402 - from the path as it now is

if __name__ == "__main__":
    main(prog_name="fltutor")
