"""The tables of `docs/data.md` are those of the schema."""

from pathlib import Path

import pytest

from ndive.schema import load_schema

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def table(dataset: str) -> str:
    rows = [
        f"| `{field.name}` | {field.dtype.name} | {field.unit} | {field.text} |"
        for field in load_schema().datasets[dataset].values()
    ]
    return "\n".join(["| field | dtype | unit | |", "|---|---|---|---|", *rows])


@pytest.mark.parametrize("dataset", list(load_schema().datasets))
def test_the_page_shows_every_field_as_it_is_in_the_schema(dataset):
    assert f"### `{dataset}`" in PAGE.read_text(encoding="utf-8")
    assert table(dataset) in PAGE.read_text(encoding="utf-8")


def test_the_page_says_what_each_job_needs():
    text = PAGE.read_text(encoding="utf-8")
    for job in load_schema().jobs.values():
        names = [f"`{name}`" for dataset in ("jets", "tracks") for name in job.needs[dataset]]
        assert f"| `{job.name}` | {job.title} | {', '.join(names)} |" in text
