"""Torch's thread settings are as before, whatever happened in between."""

from __future__ import annotations

import threading
import warnings

import pytest
import torch
from engine_cases import compare, make_clients, make_task, plan_for

from fltutor.clients import LocalTraining
from fltutor.engines import vectorised
from fltutor.threads import one_thread_each


class TestThreads:
    @pytest.mark.parametrize("name", ["mlp", "convolution", "normed"])
    def test_settings_are_as_before_also_after_an_error(self, name):
        before = torch.get_num_threads()
        torch.set_num_threads(3)
        try:
            task, clients = make_task(name), make_clients(name, [4, 4])
            plan = plan_for(clients, LocalTraining())

            def fail(*_):
                raise RuntimeError("on purpose")

            for direction in (lambda g, p, s, m: g, fail):
                try:
                    vectorised(
                        *(task, task.init().expand(2, -1), clients, plan),
                        *(LocalTraining(), direction, {}),
                    )
                except RuntimeError as error:
                    assert "on purpose" in str(error)
                assert torch.get_num_threads() == 3
                seen = []
                other = threading.Thread(
                    target=lambda seen=seen: seen.append(torch.get_num_threads())
                )
                other.start()
                other.join()
                assert seen == [3]
        finally:
            torch.set_num_threads(before)

    def test_inside_a_round_engines_still_see_what_is_allowed(self):
        before = torch.get_num_threads()
        torch.set_num_threads(3)
        try:
            with one_thread_each() as outer, one_thread_each() as inner:
                assert (outer, inner, torch.get_num_threads()) == (3, 3, 1)
            assert torch.get_num_threads() == 3
        finally:
            torch.set_num_threads(before)

    def test_gradients_can_still_be_taken_of_what_comes_out(self):
        task, clients = make_task("mlp"), make_clients("mlp", [4, 4])
        plan = plan_for(clients, LocalTraining())
        ends, _ = vectorised(
            *(task, task.init().expand(2, -1), clients, plan),
            *(LocalTraining(), lambda g, p, s, m: g, {}),
        )
        leaf = ends.requires_grad_()
        leaf.square().sum().backward()
        assert torch.is_grad_enabled()
        assert torch.allclose(leaf.grad, 2 * leaf)

    def test_no_warning_escapes(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for name in ("mlp", "convolution", "normed", "text"):
                local, clients = LocalTraining(batch_size=2), make_clients(name, [3, 2])
                compare(
                    *(vectorised, make_task(name), clients),
                    *(plan_for(clients, local), local),
                )
