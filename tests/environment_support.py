"""An environment of its own for a test, made of links to the packages of this one."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Environment:
    """An environment of its own, made of links to the packages of this one."""

    def __init__(self, prefix):
        self.prefix, self.folder = prefix, prefix.parent / "here"
        self.folder.mkdir()
        venv.create(prefix, symlinks=True)
        self.python = prefix / "bin" / "python"
        (self.packages,) = prefix.glob("lib/python*/site-packages")
        for key in ("purelib", "platlib"):
            for path in Path(sysconfig.get_path(key)).iterdir():
                link = self.packages / path.name
                if path.suffix != ".pth" and not link.exists():
                    link.symlink_to(path)
        for name in ("share", "etc"):
            (prefix / name).symlink_to(Path(sys.prefix) / name)
        (self.packages / "clone.pth").write_text(f"{ROOT}\n")

    def remove(self, name, *, record=False):
        """Take a distribution's modules away; its record only if asked."""
        for file in metadata.files(name):
            top = self.packages / file.parts[0]
            if top.is_symlink() and (record or not top.name.endswith(".dist-info")):
                top.unlink()

    def replace(self, module, **files):
        """Put a package of these files in the place of the one that is there."""
        (self.packages / module).unlink()
        (self.packages / module).mkdir()
        for name, text in files.items():
            (self.packages / module / f"{name}.py").write_text(text)

    def install(self, wheel):
        """Take fltutor from this wheel, and from no clone."""
        (self.packages / "clone.pth").unlink()
        for path in self.packages.glob("fltutor*"):
            path.unlink()
        shutil.unpack_archive(wheel, self.packages, "zip")

    def start(self, *words, **environ):
        """Start this Python in a folder of its own, with a home of its own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        home = {"HOME": str(self.folder), "FLTUTOR_DATA": str(self.folder)}
        return subprocess.Popen(
            [self.python, *words],
            cwd=self.folder,
            env={**kept, **home, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words, **environ):
        """Run `fltutor`; return status and all it says."""
        with self.start("-m", "fltutor", *words, **environ) as process:
            output, _ = process.communicate(timeout=120)
        assert "Traceback" not in output
        return process.returncode, output

    def doctor(self, **environ):
        return self.run("doctor", **environ)


def build_wheel(folder):
    """Build the wheel into a folder, offline, and return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path
