"""docs/scale.md shows what the model says."""

from pathlib import Path

import pytest

from bench import machines, population, population_plot

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_shows_the_tables_and_the_curves_of_the_model() -> None:
    assert population.tables() in (DOCS / "scale.md").read_text(), "put in what this prints: python -m bench.population"
    assert population_plot.svg() == (DOCS / "scale.svg").read_text(), "python -m bench.population_plot writes it"


def test_a_day_has_all_that_its_habits_say_and_the_busiest_hour_decides() -> None:
    hours = list(population.day(10**6))
    assert len(hours) == 24
    assert sum(hour.log_ins * 3600 for hour in hours) == pytest.approx(10**6 * population.HABITS.log_ins)
    assert population.busiest(10**6) == hours[20]


def test_a_limit_is_reached_where_it_is_full() -> None:
    assert population.breaks_at(lambda accounts: accounts / 5_000_000) == 5_000_000


def test_several_machines_are_compared_with_one_by_their_medians() -> None:
    *_, line = machines.table({("`/`", number): [9.0, 1.5 + number / 2, 0.0] for number in machines.NUMBERS})
    assert line == "| `/` | 2.00 | 2.50 (1.25) | 3.00 (1.50) | 3.50 (1.75) |"
