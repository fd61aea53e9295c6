"""fltutor without the course: the README's script, and what a federation needs."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
(SCRIPT,) = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
CLINICS = ("Bonn", "Jena", "Trier", "Ulm")


def test_the_readmes_script_is_short():
    lines = [line for line in SCRIPT.splitlines() if line.strip()]
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 88


@pytest.fixture
def ran(tmp_path, monkeypatch, capsys):
    """Run the script beside a table of its kind; return its names and its output."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(240, 3)), columns=["age", "bmi", "sugar"])
    frame["clinic"] = random.choice(CLINICS, 240)
    frame["ill"] = np.where(frame.age + frame.sugar > 0, "yes", "no")
    frame.to_csv(tmp_path / "visits.csv", index=False)
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path("script.py")
    return names, capsys.readouterr().out.splitlines()


def test_the_readmes_script_logs_resumes_and_scores_each_owner(ran):
    names, (*log, scores) = ran
    rounds = [int(re.search(r"'round': (\d+)", line)[1]) for line in log]
    assert rounds == list(range(11, 21))
    assert "'accuracy': 0." in log[-1]
    assert [clinic in scores for clinic in CLINICS] == [True] * 4
    assert names["scores"].own.min() > 0.6


def test_the_readmes_script_resumes_as_if_it_had_never_stopped(ran):
    names, _ = ran
    whole = names["federation"].run(rounds=20)
    assert torch.equal(names["record"].state.params, whole.state.params)


BLOCKED = ("jupyterlab", "jupyter_core", "IPython", "ipykernel", "ipywidgets") + (
    "anywidget", "matplotlib", "sklearn", "pandas", "pooch", "tqdm", "click",
    "packaging",
)  # fmt: skip
LIBRARY = f"""
import sys
sys.modules |= dict.fromkeys({BLOCKED})
import torch
import fltutor as ft
x = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
data = ft.Dataset(x, (x[:, 0] > 0).long(), 2)
clients = ft.splitters.dirichlet(data, num_clients=5, alpha=1.0, seed=0, min_size=2)
task = ft.Task(ft.models.mlp(4, 8, 2), seed=0)
local = ft.LocalTraining(epochs=2, batch_size=8, lr=0.5)
for algorithm in (ft.FedAvg(), ft.Scaffold(), ft.FedAdam()):
    federation = ft.Federation(task, clients, algorithm, local, seed=0)
    history = federation.run(rounds=8, test=data)
    assert history.name == federation.run(rounds=1, progress=False).name
    history.save("run.npz")
    loaded = ft.History.load("run.npz")
    print(len(loaded), history["accuracy"][-1] > 0.7, len(history.to_json()) > 0)
print(ft.evaluation.scores(task, history.state.params, test=data, own=clients).mean > 0)
"""


def test_a_federation_needs_nothing_of_the_course(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", LIBRARY], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["8 True True"] * 3 + ["True"]
