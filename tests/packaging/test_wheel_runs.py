"""What a learner does who installed the wheel: open the course, check, use a widget."""

import os
import re
import time
import urllib.error
import urllib.request

import pytest
from environment_support import Environment, build_wheel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="environments made of links"),
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A fresh environment with fltutor from its wheel."""
    made = Environment(tmp_path_factory.mktemp("wheel") / "environment")
    made.install(build_wheel(tmp_path_factory.mktemp("dist")))
    return made


def address(process):
    """Read what JupyterLab says until it names its address; return port and token."""
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(
            r"http://127\.0\.0\.1:(\d+)/lab/tree/(\S+)\?token=(\w+)", line
        )
        if found:
            return found.groups()
    raise AssertionError("".join(said))


def get(port, path, token):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"token {token}"}
    )
    for _ in range(150):  # Jupyter names its address a little before it listens
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)
    raise AssertionError(f"nobody listens on port {port}")


def test_two_courses_are_served_at_once_each_at_its_own_lesson_00(environment):
    words = ("-m", "fltutor", "lab", "--no-browser", "--ip", "127.0.0.1")
    started = [environment.start(*words, name) for name in ("one", "two")]
    try:
        ports = set()
        for process, name in zip(started, ("one", "two"), strict=True):
            port, lesson, token = address(process)
            ports.add(port)
            assert lesson == "lessons/00_start_here.ipynb"
            assert "jupyter-config-data" in get(port, f"/lab/tree/{lesson}", token)
            (environment.folder / name / "lessons" / f"{name}.txt").write_text("")
            assert f"{name}.txt" in get(port, "/api/contents/lessons", token)
        assert len(ports) == 2
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.communicate(timeout=30)


USE = """
import fltutor as ft
print(ft.__file__)
def weighted_mean(deltas, weights):
    return (weights / weights.sum()) @ deltas
print(ft.check("02.weighted_mean", weighted_mean))
print(*[getattr(ft.widgets, name).__name__ for name in ft.widgets.__all__])
"""


def test_a_check_answers_and_every_widget_loads(environment):
    with environment.start("-c", USE) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert str(environment.packages) in output
    assert "02.weighted_mean" in output
    assert "Traceback" not in output
    assert "round_lab" in output
