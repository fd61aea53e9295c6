"""The benchmark runs, and what it compares does the same work. No timing is held."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import fltutor as ft  # noqa: E402
from benchmarks import measure, scale, textbook, workloads  # noqa: E402
from benchmarks.peers import __main__ as peers  # noqa: E402


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench") / "bench.json"
    command = [
        *(sys.executable, "-m", "benchmarks", "--quick", "--repeats", "1"),
        *("--only", "W1", "--out", str(out)),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text()), done.stdout


def test_operations_are_timed_beside_their_goals(tmp_path):
    command = [
        *(sys.executable, "-m", "benchmarks.operations", "--quick"),
        *("--repeats", "1", "--out", str(tmp_path / "operations.json")),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    entries = json.loads((tmp_path / "operations.json").read_text())["entries"]
    assert all(entry["median_ms"] > 0 for entry in entries)
    assert {"Krum scores", "geometric median"} <= {e["title"] for e in entries}
    assert "| median |" in done.stdout


def test_a_quick_run_says_so_and_times_every_entry(result):
    numbers, printed = result
    (work,) = numbers["workloads"]
    assert {"textbook", "central", "FedAvg, a round", "sequential engine"} <= set(
        work["entries"]
    )
    assert all(entry["median_ms"] > 0 for entry in work["entries"].values())
    assert work["entries"]["textbook"]["ratio"] == 1
    assert "not for quoting" in printed


def test_the_readme_is_regenerated_between_its_markers(result, tmp_path):
    numbers, _ = result
    readme, source = tmp_path / "README.md", tmp_path / "bench.json"
    readme.write_text(
        "before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n"
    )
    source.write_text(json.dumps(numbers))
    command = [
        *(sys.executable, "-m", "benchmarks.table", str(source)),
        *("--into", str(readme)),
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    text = readme.read_text()
    assert text.startswith("before") and text.endswith("after\n")
    assert "old" not in text and "**W1**" in text


def test_the_textbook_loop_averages_as_the_library_does():
    clients = [workloads.made(i, n, (6,)) for i, n in enumerate((4, 8))]
    task = ft.Task(ft.models.linear(6, 10), seed=0)
    local = ft.LocalTraining(batch_size=8, lr=0.1)  # one step: no order matters
    mean, steps = textbook.federated_round(task.module, clients, local)
    federation = ft.Federation(task, clients, ft.FedAvg(), local)
    state, updates = federation.round(federation.init(), 0)
    own = torch.cat([value.reshape(-1) for value in mean.values()])
    assert steps == int(updates.steps.sum()) == 2
    assert (own - state.params).abs().max() < 1e-6


def test_lazy_clients_are_the_same_whenever_they_are_asked_for():
    clients = scale.LazyClients(100_000)
    assert len(clients) == 100_000
    assert clients[99_999].id == 99_999
    assert torch.equal(clients[7].data.x, clients[7].data.x)
    with pytest.raises(IndexError):
        clients[100_000]


def test_a_peer_that_does_other_work_is_not_compared():
    answer = {"parameters": 650, "steps": 40, "seconds": [1.0]}
    assert peers.checked(answer, parameters=650, steps=40) == answer
    told = peers.checked(answer, parameters=650, steps=50)
    assert told == {"reason": "40 steps, not 50"}
    result = {
        "works": {
            "W3": {
                "title": "crowd",
                "parameters": 650,
                "steps": 50,
                "rows": {"textbook": {"ms": 2.0}, "other": told},
            }
        },
        "missing": {"third": "no wheel"},
    }
    text = peers.render(result)
    assert "not run: 40 steps, not 50" in text and "third did not install" in text


def test_ratios_are_taken_turn_by_turn():
    assert measure.ratio([10.0, 20.0, 90.0], [1.0, 2.0, 3.0]) == 10.0
    assert measure.busy(3.0)
    assert not measure.busy(None)


def test_every_widget_of_the_course_is_timed():
    widgets = pytest.importorskip("benchmarks.widgets", reason="needs playwright")
    assert set(widgets.WIDGETS) == set(ft.catalogue.widgets())


def test_an_ablation_tells_a_slowdown_for_every_part_and_algorithm(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("<!-- ablation: begin -->\n<!-- ablation: end -->\n")
    command = [
        *(sys.executable, "-m", "benchmarks.ablation", "--quick", "--repeats", "2"),
        *("--only", "W1", "--into", str(readme)),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [row for row in readme.read_text().splitlines() if "|" in row][2:]
    assert len(rows) == 2 * 3
    assert all(float(cell) > 0 for row in rows for cell in row.split("|")[3:4])
