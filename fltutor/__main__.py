"""Run the command line as `python -m fltutor`."""

from fltutor.cli import main

if __name__ == "__main__":
    main(prog_name="fltutor")
