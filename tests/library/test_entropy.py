import pytest

from fltutor import entropy


def test_the_machine_never_repeats_itself():
    assert len({entropy.system(16) for _ in range(50)}) == 50


def test_a_named_stream_always_does():
    assert entropy.named(3, "a", 1)(20) == entropy.named(3, "a", 1)(20)


def test_another_name_is_another_stream():
    assert entropy.named(3, "a", 1)(20) != entropy.named(3, "a", 2)(20)


def test_a_stream_goes_on():
    draw = entropy.named(0, "a")
    assert draw(20) != draw(20)


def test_every_number_below_a_limit_is_as_likely():
    # a remainder of 8 bits mod 192 gives the first 64 numbers twice as often
    draw = entropy.named(0, "even")
    drawn = [entropy.below(192, draw) for _ in range(9000)]
    assert set(drawn) == set(range(192))
    low = sum(number < 64 for number in drawn)  # 3000, standard deviation 45
    assert abs(low - 3000) < 180


@pytest.mark.parametrize("limit", [1, 2, 256, 257, 2**64])
def test_numbers_stay_below_their_limit(limit):
    draw = entropy.named(0, "limit")
    assert all(0 <= entropy.below(limit, draw) < limit for _ in range(50))


def test_a_count_of_bytes_is_checked():
    with pytest.raises(ValueError, match="Got num_bytes=0"):
        entropy.system(0)
