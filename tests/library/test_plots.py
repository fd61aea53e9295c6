"""Figures: one look, labels that do not overlap, alt text always."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from fltutor import plots
from fltutor.history import History, Record
from fltutor.plots.labels import spread


def history(top, rounds=5, name=""):
    records = [
        Record(round=k, accuracy=top * k / rounds, loss=1 / k, bytes_up=2**19,
               bytes_down=2**19, local_steps=3)
        for k in range(1, rounds + 1)
    ]  # fmt: skip
    return History(tuple(records), name)


def test_curves_takes_the_histories_of_the_contract():
    picture = plots.curves({"FedAvg": history(0.8), "SCAFFOLD": history(0.9)})
    assert picture.axes.get_xlabel() == "round"
    assert picture.axes.get_ylabel() == "test accuracy"
    assert [line.get_label() for line in picture.axes.lines] == ["FedAvg", "SCAFFOLD"]


def test_curves_says_where_each_line_ends_when_no_alt_is_given():
    picture = plots.curves({"FedAvg": history(0.8123456)}, x="bytes")
    assert picture.alt == (
        "Test accuracy against data sent: FedAvg ends at 0.8123 after 5 MiB."
    )


def test_curves_of_several_seeds_draws_the_mean_within_a_band():
    picture = plots.curves({"FedAvg": [history(0.6), history(0.8)]})
    (line,) = picture.axes.lines
    np.testing.assert_allclose(line.get_ydata()[-1], 0.7)
    band = picture.axes.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(0.8)
    np.testing.assert_allclose(band[band[:, 0] == 5][:, 1].min(), 0.6)


def test_curves_of_unequal_length_are_refused_with_advice():
    with pytest.raises(ValueError, match="same number of rounds"):
        plots.curves({"FedAvg": [history(0.6), history(0.8, rounds=3)]})


def test_curves_without_histories_are_refused():
    with pytest.raises(ValueError, match="no histories"):
        plots.curves({})


def test_rounds_that_were_not_evaluated_are_left_out():
    records = (Record(round=1), Record(round=2, accuracy=0.5), Record(round=3))
    picture = plots.curves({"FedAvg": History(records)})
    assert picture.axes.lines[0].get_xdata().tolist() == [2]
    assert "0.5 after 2 rounds" in picture.alt


def test_every_algorithm_has_a_style_of_its_own():
    looks = {(s.colour, s.dash) for s in plots.ALGORITHMS.values()}
    assert len(looks) == len(plots.ALGORITHMS)
    assert len({s.marker for s in plots.ALGORITHMS.values()}) == len(plots.ALGORITHMS)


def test_lines_use_only_colours_that_are_dark_enough():
    fills = {plots.ORANGE, plots.SKY, plots.YELLOW}
    names = [f"method {k}" for k in range(15)]
    used = {s.colour for s in plots.styles(names).values()}
    used |= {s.colour for s in plots.ALGORITHMS.values()}
    assert not used & fills
    for colour in used:
        r, g, b = to_rgb(colour)
        assert 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.65


def test_an_algorithm_keeps_its_style_whatever_stands_beside_it():
    alone = plots.styles(["FedAvg"])["FedAvg"]
    beside = plots.styles(["E = 5", "SCAFFOLD", "FedAvg", "mine"])
    assert beside["FedAvg"] == alone == plots.style_of("fedavg")
    assert len({(s.colour, s.dash) for s in beside.values()}) == 4


def test_labels_are_moved_apart_and_keep_their_order():
    places = spread([0.5, 0.51, 0.1, 0.505], 0.1, 0.0, 1.0)
    assert np.argsort(places).tolist() == [2, 0, 3, 1]
    assert np.diff(np.sort(places)).min() >= 0.1 - 1e-9


@pytest.mark.parametrize("wanted", [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.2, 1.0, 0.99]])
def test_labels_stay_within_the_axes(wanted):
    places = spread(wanted, 0.1, 0.0, 1.0)
    assert min(places) >= -1e-9
    assert max(places) <= 1.0 + 1e-9
    assert np.diff(np.sort(places)).min() >= 0.1 - 1e-9


def test_labels_of_lines_that_end_together_do_not_overlap_and_fit_the_figure():
    names = ["FedAvg", "SCAFFOLD", "FedProx", "a rather long name"]
    picture = plots.curves({name: history(0.8) for name in names})
    renderer = picture.figure.canvas.get_renderer()
    boxes = sorted(
        (text.get_window_extent(renderer) for text in picture.axes.texts),
        key=lambda box: box.y0,
    )
    assert len(boxes) == 4
    for lower, upper in zip(boxes, boxes[1:], strict=False):
        assert lower.y1 <= upper.y0 + 0.5
    assert max(box.x1 for box in boxes) <= picture.figure.bbox.width


def test_wide_tick_numbers_do_not_push_the_axis_label_out():
    picture = plots.lines(
        [0, 1], {"a": [-0.00012345, 0.0001]}, xlabel="x", ylabel="y (m)", title="t",
        alt="Something small.",
    )  # fmt: skip
    picture.figure.canvas.draw()
    renderer = picture.figure.canvas.get_renderer()
    assert picture.axes.yaxis.label.get_window_extent(renderer).x0 >= 0


def test_a_picture_is_715_by_385_pixels_and_the_same_bytes_twice():
    first = plots.curves({"FedAvg": history(0.8)}).png()
    second = plots.curves({"FedAvg": history(0.8)}).png()
    assert first == second
    assert b"Software" not in first
    assert int.from_bytes(first[16:20]) == 715
    assert int.from_bytes(first[20:24]) == 385


def test_a_picture_says_its_alt_text_in_every_form():
    picture = plots.bars({"a": 1.0}, ylabel="y", title="t", alt='A "bar"\n< 1.')
    data, metadata = picture._repr_mimebundle_()
    assert data["text/plain"] == repr(picture) == 'A "bar" < 1.'
    assert data["text/html"].startswith('<img alt="A &quot;bar&quot; &lt; 1." ')
    assert data["image/png"] in data["text/html"]
    assert metadata["image/png"]["alt"] == 'A "bar" < 1.'


@pytest.mark.parametrize("alt", ["", "  ", None])
def test_a_picture_without_alt_text_is_refused(alt):
    with pytest.raises(ValueError, match="need alt text"):
        plots.bars({"a": 1.0}, ylabel="y", title="t", alt=alt)


def test_bars_carry_their_numbers():
    picture = plots.bars(
        {"FedAvg": {"home": 0.95, "abroad": 0.4}, "local": {"home": 0.96}},
        ylabel="accuracy", title="t", alt="Bars.",
    )  # fmt: skip
    told = [text.get_text() for text in picture.axes.texts]
    assert told == ["0.95", "0.96", "0.4", ""]
    legend = picture.axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["home", "abroad"]
    extent = legend.get_window_extent(picture.figure.canvas.get_renderer())
    assert extent.y0 >= 0


def test_a_heatmap_writes_every_number_and_checks_its_names():
    picture = plots.heatmap(
        [[0.0, 1.0], [0.5, 0.25]], rows=["a", "b"], columns=[1, 2], xlabel="x",
        ylabel="y", title="t", alt="Tiles.",
    )  # fmt: skip
    told = [text.get_text() for text in picture.axes.texts]
    assert told == ["0.00", "1.00", "0.50", "0.25"]
    with pytest.raises(ValueError, match="one name a row"):
        plots.heatmap(
            [[1.0]], rows=["a", "b"], columns=[1], xlabel="x", ylabel="y", title="t",
            alt="Tiles.",
        )  # fmt: skip


def test_an_algorithm_has_its_colour_in_bars_too():
    picture = plots.bars(
        {"a": {"local": 0.3, "FedAvg": 0.9}}, ylabel="y", title="t", alt="Bars."
    )
    colours = [to_rgb(bar.get_facecolor()) for bar in picture.axes.patches]
    assert colours == [to_rgb(plots.style_of(n).colour) for n in ("local", "FedAvg")]


def test_ticks_are_whole_rounds_and_measured_places():
    told = {"xlabel": "x", "ylabel": "y", "title": "t", "alt": "L."}
    rounds = plots.lines(np.arange(1, 21), {"a": np.arange(20.0)}, **told)
    ticks = rounds.axes.get_xticks()
    assert len(ticks) > 3
    np.testing.assert_array_equal(ticks, np.round(ticks))
    logs = plots.lines([1, 4, 20, 80], {"a": [1, 0.5, 0.2, 0.1]}, xlog=True, ylog=True,
                       **told)  # fmt: skip
    logs.figure.canvas.draw()
    told = [label.get_text() for label in logs.axes.get_xticklabels()]
    assert told == ["1", "4", "20", "80"]
    assert "0.1" in [label.get_text() for label in logs.axes.get_yticklabels()]


def test_bubbles_have_an_area_that_grows_with_the_count():
    picture = plots.bubbles([[4, 0], [1, 2]], title="t", alt="Bubbles.")
    sizes = picture.axes.collections[0].get_sizes()
    np.testing.assert_allclose(sizes / sizes.max(), [1.0, 0.25, 0.5])
    with pytest.raises(ValueError, match="label_counts"):
        plots.bubbles([1, 2], title="t", alt="Bubbles.")


def test_points_and_lines_of_unequal_length_are_refused():
    for draw in (
        lambda: plots.points({"a": ([1, 2], [1])}, xlabel="x", ylabel="y", title="t",
                             alt="P."),
        lambda: plots.lines([1, 2], {"a": [1]}, xlabel="x", ylabel="y", title="t",
                            alt="L."),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="one length"):
            draw()


def test_drawing_leaves_matplotlib_settings_as_they_were():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    plots.curves({"FedAvg": history(0.8)})
    assert dict(mpl.rcParams) == before
