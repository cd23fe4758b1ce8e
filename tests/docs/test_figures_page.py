"""What docs/figures.md says of the Python API is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sales_pipeline
from sales_pipeline.cli.app import main

PAGE = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")
TABLE = re.findall(r"^\| [^|]+ \| [^|]+ \| (.+) \|$", PAGE.partition("\n## ")[0], re.MULTILINE)
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_every_name_of_the_table_is_public() -> None:
    called = {name for cell in TABLE for name in re.findall(r"\b(\w+)[(.]", cell)}
    own = called - {"row", "before", "run_id"}
    assert {"answers", "Asked", "By", "why_moved", "why_restated", "explained"} <= own
    assert own - {*sales_pipeline.__all__} == set()


@pytest.mark.long
def test_the_example_prints_figures_of_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SALES_PIPELINE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["run", "--sample"])
    capsys.readouterr()
    [example] = EXAMPLES
    exec(example, {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2023-Q4 15421.49 None"
    assert any(line.startswith("volume ") for line in lines)
    assert any(line.startswith("tokyo/") for line in lines)
