"""What the command line says before any data is touched."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest

from sales_pipeline.cli import app, run, screen
from sales_pipeline.config.model import schema_text
from sales_pipeline.version import __version__
from tests.cli.conftest import Call, loaded_by, python_in
from tests.cli.lyon import declare_lyon

COMMANDS = (
    "run",
    "plan",
    "accept",
    "withdraw",
    "show",
    "report",
    "status",
    "check",
    "rebuild",
    "reset",
    "history",
    "diff",
    "why",
    "explain",
    "rollback",
    "release",
    "maintain",
)
LOOKUPS = ("rates show", "catalogue show", "catalogue missing")
QUARANTINE = tuple(f"quarantine {each}" for each in ("list", "show", "export", "replay"))


SHARED = ("--config", "--sample", "--lakehouse", "--engine", "--catalog", "--schema", "--verbose")
FURTHER = ("selftest", "config schema", "databricks test")


@pytest.mark.parametrize("command", [*COMMANDS, *LOOKUPS, *QUARANTINE, *FURTHER])
def test_help_teaches_with_an_example(command: str, call: Call) -> None:
    said = call(*command.split(), "--help")
    assert said.code == 0
    assert f"  sales-pipeline {command}" in said.out


@pytest.mark.parametrize("command", [*COMMANDS, *LOOKUPS])
def test_every_command_takes_the_shared_options(command: str, call: Call) -> None:
    said = call(*command.split(), "--help")
    assert [option for option in (*SHARED, "--json") if option not in said.out] == []


def test_help_lists_every_command_in_a_full_sentence(call: Call) -> None:
    said = call("--help")
    assert all(
        f"\n  {command} " in said.out
        for command in (
            *COMMANDS,
            "selftest",
            "doctor",
            "rates",
            "catalogue",
            "config",
            "databricks",
        )
    )
    assert "..." not in said.out.partition("Commands:")[2]


def test_without_a_command_the_help_is_shown(call: Call) -> None:
    assert "Commands:" in "".join(call().out + call().err)


def test_the_version_is_told(call: Call) -> None:
    assert call("--version").out == f"sales-pipeline {__version__}\n"


def test_what_a_command_imports_is_seen(tmp_path: Path) -> None:
    helped, checked = ["--help"], ["check", "--sample"]
    found = loaded_by(tmp_path, helped, checked, heavy=("pydantic", "yaml"))
    assert found == "{'check --sample': ['pydantic', 'yaml']}"


def test_nothing_heavy_is_imported_for_help_and_declaration_errors(tmp_path: Path) -> None:
    commands = [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["run", "--config", "nope.yaml"],
        *([*command.split(), "--help"] for command in LOOKUPS),
    ]
    assert loaded_by(tmp_path, *commands) == "{}"


def test_a_command_imports_no_other_command(tmp_path: Path) -> None:
    modules = ("show", "history", "why", "upkeep", "proofs", "databricks")
    code = (
        "import sys; from sales_pipeline.cli.app import make_app; make_app(sys.argv[1]);"
        f"print([name for name in {modules} if f'sales_pipeline.cli.{{name}}' in sys.modules],"
        " 'sales_pipeline.databricks' in sys.modules)"
    )
    loaded = {
        "--version": "[] False",
        "run": "[] False",
        "show": "['show'] False",
        "status": "['history'] False",
        "--help": "['show', 'history', 'why', 'upkeep', 'proofs'] False",
        "databricks": "['databricks'] True",
    }
    for first, names in loaded.items():
        assert python_in(tmp_path, "-c", code, first).out == f"{names}\n", first


def test_help_of_all_commands_names_every_group_and_reads_none(call: Call) -> None:
    listed = call("--help").out
    for group in ("rates", "catalogue", "quarantine", "config", "databricks"):
        assert f"  {group} " in listed
        assert call(group, "--help").code == 0
    assert "  test " in call("databricks", "--help").out


def test_an_unknown_command_is_refused_as_before(call: Call) -> None:
    said = call("shwo")
    assert (said.code, said.out) == (2, "")
    assert "No such command 'shwo'" in said.err


def test_help_needs_no_part_of_a_declaration(tmp_path: Path) -> None:
    assert loaded_by(tmp_path, ["--help"], ["--version"], heavy=("pydantic", "yaml")) == "{}"


def test_reading_starts_no_spark(tmp_path: Path) -> None:
    reading = [
        "show",
        "why",
        "explain",
        "report",
        "status",
        "history",
        "diff",
        "maintain",
        *LOOKUPS,
    ]
    commands = [[*command.split(), "--sample"] for command in reading]
    assert loaded_by(tmp_path, *commands, heavy=("pyspark", "pysail")) == "{}"


def test_a_plan_without_files_to_judge_starts_no_spark(tmp_path: Path) -> None:
    declare_lyon(tmp_path, {})
    (tmp_path / "landing/catalogue/names.csv").unlink()
    assert loaded_by(tmp_path, ["plan"], heavy=("pyspark", "pysail")) == "{}"


def test_the_package_alone_imports_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, sales_pipeline; print(len([m for m in sys.modules if 'pydantic' in m]))"
    assert python_in(tmp_path, "-c", code).out == "0\n"


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    said = python_in(tmp_path, "-m", "sales_pipeline", "--version")
    assert said.out == f"sales-pipeline {__version__}\n"


def test_a_wrong_declaration_is_told_with_lines_and_without_a_traceback(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("base_currency: EURO\nfeds: {}\n")
    said = call("run")
    assert (said.code, said.out) == (2, "")
    lines = said.err.splitlines()
    assert lines[0].startswith("config.yaml:1 base_currency: ")
    assert any(line.startswith("config.yaml:2 feds: unknown key") for line in lines)
    assert "Traceback" not in said.err


def test_verbose_shows_the_traceback_too(call: Call) -> None:
    said = call("run", "--config", "nope.yaml", "--verbose")
    assert said.code == 2
    assert "Traceback" in said.err
    assert "nope.yaml: no such file" in said.err


def test_verbose_is_forgotten_by_the_next_command(call: Call) -> None:
    call("run", "--config", "nope.yaml", "--verbose")
    assert "Traceback" not in call("run", "--config", "nope.yaml").err


def test_a_terminal_is_not_steered_by_an_error(call: Call) -> None:
    assert "\x1b" not in call("show", "--config", "a\x1b[2J.yaml").err


def test_the_environment_names_the_declaration(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("nothing: here\n")
    monkeypatch.setenv("SALES_PIPELINE_CONFIG", "other.yaml")
    assert call("show").err == (
        "other.yaml: no such file; write the path of a declaration, such as config.yaml\n"
    )


def test_the_option_counts_more_than_the_environment(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_PIPELINE_CONFIG", "other.yaml")
    assert call("show", "--config", "third.yaml").err.startswith("third.yaml: ")


def test_without_a_declaration_the_sample_is_taken_and_said(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = call("show")
    assert said.code == 2
    assert said.err == (
        "declaration: the sample retailer (no config.yaml here)\n"
        "lakehouse: no finished run at lakehouse yet. Do: sales-pipeline run\n"
    )


CHANGING = (
    ["run"], ["rebuild"], ["maintain"], ["reset", "--yes"], ["rollback", "--to", "x"], ["release"],
    ["accept", "paris/a.csv"], ["withdraw", "paris/a.csv", "--yes"],
    ["quarantine", "replay", "a.csv"],
)  # fmt: skip


@pytest.mark.parametrize("arguments", CHANGING, ids=lambda arguments: " ".join(arguments))
def test_a_command_that_changes_something_never_guesses_a_declaration(
    arguments: list[str], tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "landing").mkdir()
    said = call(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "declaration: none is named. Do: give --config PATH, set SALES_PIPELINE_CONFIG, or write "
        "config.yaml in this folder; --sample takes the sample retailer's.\n"
    )
    assert not (tmp_path / "lakehouse").exists()
    assert "declaration: none" not in call(*arguments, "--sample").err


def test_run_pipeline_never_guesses_a_declaration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        app.run_pipeline([])
    assert end.value.code == 2
    assert capfd.readouterr().err.startswith("declaration: none is named. Do: ")
    assert list(tmp_path.iterdir()) == []


def test_a_declaration_that_is_named_counts_more_than_that_of_the_sample(call: Call) -> None:
    assert call("show", "--sample", "--config", "third.yaml").err.startswith("third.yaml: ")


def test_a_missing_landing_folder_is_a_usage_error(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declare_lyon(tmp_path, {})
    shutil.rmtree(tmp_path / "landing")
    said = call("run")
    assert said.code == 2
    assert "landing: no such folder" in said.err


@pytest.mark.parametrize("month", ["2025-13", "2025-1", "january", "2025-01-01", "\u0662025-01"])
def test_a_month_is_written_as_year_and_month(month: str, call: Call) -> None:
    said = call("show", "--month", month)
    assert said.code == 2
    assert "not a month" in said.err


def test_csv_holds_one_answer(call: Call) -> None:
    assert call("show", "--csv").err == (
        "--csv: holds one answer, got none. Do: name global or stores or volume or value\n"
    )


def test_csv_and_json_exclude_each_other(call: Call) -> None:
    assert call("show", "global", "--csv", "--json").code == 2


@pytest.mark.parametrize("arguments", [["nonsense"], ["show", "nonsense"], ["show", "--top", "0"]])
def test_a_mistyped_command_line_ends_with_2(arguments: list[str], call: Call) -> None:
    assert call(*arguments).code == 2


def test_the_schema_is_printed_as_it_is(call: Call) -> None:
    said = call("config", "schema")
    assert said.out == schema_text()
    assert json.loads(said.out)["title"] == "Sales pipeline declaration"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "landing/a.csv"), "landing/a.csv: Permission"),
        (OSError(28, "No space left on device"), "system: No space left on device. Do: make room"),
        (ValueError("error in X: No space left on device (os error 28)"), "system: No space left"),
        (ValueError("first\nsecond"), "unforeseen ValueError: first\nDo: the same again with"),
        (ValueError("x" * 1000), f"unforeseen ValueError: {'x' * 300}…"),
    ],
)
def test_what_nobody_foresaw_is_still_a_message(
    error: Exception, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert screen.tell_failure(error) == 1
    assert capsys.readouterr().err.startswith(message)


def test_an_error_within_a_command_becomes_its_exit_code(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "landing").mkdir()
    (tmp_path / "lakehouse").write_text("in the way")
    said = call("run", "--sample")
    assert said.code == 2
    assert "lakehouse: no folder, got lakehouse, where a file is" in said.err


def test_warnings_of_the_package_reach_stderr_on_one_line(call: Call) -> None:
    call("--version")
    handler = logging.getLogger("sales_pipeline").handlers[0]
    assert len(logging.getLogger("sales_pipeline").handlers) == 1
    assert handler.level == logging.NOTSET


def test_run_pipeline_takes_a_declaration_and_nothing_else(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        app.run_pipeline(["--config", "nope.yaml"])
    assert end.value.code == 2
    with pytest.raises(SystemExit):
        app.run_pipeline(["--help"])
    assert "run-pipeline --config shops.yaml" in capfd.readouterr().out


def test_the_sample_is_placed_only_where_no_lakehouse_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from sales_pipeline import load_config

    monkeypatch.chdir(tmp_path)
    run.place_sample_files(load_config())
    run.place_sample_files(load_config())
    assert capfd.readouterr().err == "sample: 82 files put into ./landing\n"
    for each in Path("landing").rglob("*.csv"):
        each.unlink()
    Path("lakehouse/ops/runs/_delta_log").mkdir(parents=True)
    Path("lakehouse/ops/runs/_delta_log/00000000000000000000.json").touch()
    run.place_sample_files(load_config())
    assert not list(Path("landing").rglob("*.csv"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "--from", "0001-01-01"],
        ["show", "--to", "9999-12-31"],
        ["show", "--month", "9999-12"],
        ["why", "--from", "0001-01", "--to", "2025-01"],
        ["explain", "--from", "2025-01", "--to", "9999-12-31", "--csv"],
        ["report", "--to", "9999-12"],
    ],
)
def test_days_of_a_year_that_no_calendar_reaches_are_refused(
    call: Call, arguments: list[str]
) -> None:
    said = call(*arguments)
    assert said.code == 2
    assert "not of the years 1000 to 2999, got " in said.err
