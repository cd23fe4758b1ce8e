"""`sales-pipeline databricks init` writes a whole bundle, and no answer becomes anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.cli.app import main
from sales_pipeline.databricks.bundle import JOBS, RELEASE, bundle_files
from sales_pipeline.databricks.bundle_settings import CLUSTER, SERVERLESS, BundleSettings
from sales_pipeline.errors import UsageError
from tests.cli.conftest import HEAVY, ROOT, Said, loaded_by
from tests.databricks.bundle_reader import load_yaml, read_bundle

FILES = ["databricks.yml", "resources/schemas.yml", *JOBS.values(), "config.yaml", ".gitignore"]
GIVEN = replace(BundleSettings(), mail="sales@example.com", host="https://dbc.example.com")
HOSTILE = [
    "", " ", "a\nb", "a\r\nrun_as: root", 'a"', "a'b\"", "a: b", "a #b", "- a", "{a: b}", "[a]",
    "${var.run_as}", "${resources.jobs.x.id}", "{{job.parameters.catalog}}", "a{{b", "@{catalog}",
    "&a", "*a", "!!python/object:os.system", "%YAML", "|", ">", "\x00", "\x1b[2J", "\x85", "\u2028",
    "a\tb", "null", "yes", "0x1", "1e3", "2024-01-01", "~", "`id`", "$(id)", "../..", "a" * 300,
    "é", "\U0001d49c", "\ud800",
]  # fmt: skip


class Init:
    """Calls the command in a folder, where nobody can be asked."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def __call__(self, *arguments: str) -> Said:
        with pytest.raises(SystemExit) as end:
            main(["databricks", "init", str(self.folder), *arguments])
        code = end.value.code if isinstance(end.value.code, int) else 0
        out, err = self._capture.readouterr()
        return Said(code, out, err)

    def files(self) -> list[str]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.folder)) for path in paths)


@pytest.fixture
def init(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Init:
    """The command, for a folder that is not there yet."""
    return Init(tmp_path / "a project", capfd)


def test_a_whole_bundle_is_written_with_the_commands_that_come_next(init: Init) -> None:
    result = init("--mail", "sales@example.com")
    assert (result.code, result.err) == (0, "")
    assert init.files() == sorted(FILES)
    lines = result.out.splitlines()
    assert lines[: len(FILES)] == [f"written: {init.folder / name}" for name in FILES]
    assert f"  cd '{init.folder}'" in lines
    assert "  databricks bundle deploy --target dev" in lines


def test_options_are_the_answers(init: Init) -> None:
    run_as = "0e2a1f5c-0000-4000-8000-000000000001"
    given = {
        "host": "https://dbc.example.com", "catalog": "retail-eu", "schema": "shops",
        "mail": "o'neil+sales@example.com", "node_type": "Standard_D4ds_v5",
        "analysts": "Analysts (EU)", "engineers": "Données & ventes", "run_as": run_as,
    }  # fmt: skip
    options = [(f"--{name.replace('_', '-')}", value) for name, value in given.items()]
    assert init("--compute", "cluster", *(text for option in options for text in option)).code == 0
    bundle = read_bundle(init.folder, "prod")
    assert bundle.root["workspace"] == {"host": given.pop("host")}
    assert {name: bundle.resolved(f"${{var.{name}}}") for name in given} == given
    assert JOBS[CLUSTER] in bundle.root["include"]
    assert JOBS[SERVERLESS] not in bundle.root["include"]
    assert "job_clusters" in bundle.jobs()["sales_pipeline"]


def test_json_is_one_document_with_stable_keys(init: Init) -> None:
    first = json.loads(init("--json").out)
    assert first.keys() == {"folder", "written", "left", "elsewhere", "next"}
    assert (first["written"], first["left"], first["elsewhere"]) == (FILES, [], False)
    second = json.loads(init("--json").out)
    assert second["written"] == []
    assert sorted(second["left"]) == sorted(FILES)


def test_files_that_are_there_are_replaced_only_when_told(init: Init) -> None:
    init()
    mine = init.folder / "databricks.yml"
    mine.write_text("mine", encoding="utf-8")
    (init.folder / "resources/schemas.yml").unlink()
    result = init("--catalog", "other")
    assert (result.code, result.out) == (2, "")
    assert "has databricks.yml already" in result.err
    assert "--force" in result.err
    assert mine.read_text(encoding="utf-8") == "mine"
    assert "resources/schemas.yml" not in init.files()
    assert init("--catalog", "other", "--force").code == 0
    assert read_bundle(init.folder).resolved("${var.catalog}") == "other"
    assert init.files() == sorted(FILES)


def test_a_declaration_is_never_replaced_but_told_to_be_elsewhere(init: Init) -> None:
    init.folder.mkdir()
    mine = init.folder / "config.yaml"
    mine.write_text("landing: ./landing\n", encoding="utf-8")
    result = init("--force")
    assert result.code == 0
    assert mine.read_text(encoding="utf-8") == "landing: ./landing\n"
    assert f"left as it is: {mine}" in result.out
    assert "landing: /Volumes/{catalog}/{schema}/landing/incoming" in result.out


def test_a_link_is_not_written_through(init: Init, tmp_path: Path) -> None:
    init.folder.mkdir()
    elsewhere = tmp_path / "elsewhere"
    (init.folder / "databricks.yml").symlink_to(elsewhere)
    assert init().code == 2
    assert init("--force").code == 0
    assert not elsewhere.exists()
    assert not (init.folder / "databricks.yml").is_symlink()


def test_a_folder_that_takes_no_files_is_told(init: Init) -> None:
    init.folder.write_text("a file", encoding="utf-8")
    result = init()
    assert (result.code, result.out) == (2, "")
    assert f"{init.folder}: cannot be written to" in result.err


@pytest.mark.parametrize("compute", [SERVERLESS, CLUSTER])
def test_the_package_is_pinned_to_the_version_that_wrote_it(compute: str) -> None:
    assert RELEASE.dependency in bundle_files(replace(GIVEN, compute=compute))[JOBS[compute]]


@pytest.mark.parametrize("name", [setting.name for setting in fields(BundleSettings)])
def test_an_answer_is_that_text_in_yaml_or_refused(name: str) -> None:
    for text in HOSTILE:
        assert_harmless(name, text)


@given(name=st.sampled_from([setting.name for setting in fields(BundleSettings)]), text=st.text())
def test_any_answer_is_that_text_in_yaml_or_refused(name: str, text: str) -> None:
    assert_harmless(name, text)


def assert_harmless(name: str, text: str) -> None:
    """An answer is refused, or the bundle differs from another one by it and nothing else."""
    try:
        answers, refused = replace(GIVEN, **{name: text}), ""
    except UsageError as error:
        answers, refused = GIVEN, str(error)
    if refused:
        assert refused.startswith(f"--{name.replace('_', '-')}: cannot be used, got ")
        assert "Do: give" in refused
        assert not {"\n", "\x1b", "\x00"} & set(refused)
        return
    assert not any(sign in text for sign in ("${", "{{", "\n"))
    usual, hostile = bundle_files(GIVEN), bundle_files(answers)
    assert hostile.pop("databricks.yml").isprintable() is False  # it has lines
    expected = load_yaml(usual.pop("databricks.yml"))
    assert usual == hostile
    set_answer(expected, name, text)
    assert load_yaml(bundle_files(answers)["databricks.yml"]) == expected


def set_answer(root: Any, name: str, text: str) -> None:
    """Puts an answer where it belongs in what databricks.yml holds."""
    if name == "host":
        root["workspace"]["host"] = text
    elif name == "compute":
        root["include"][-1] = JOBS[text]
    else:
        root["variables"][name]["default"] = text


def test_a_refused_answer_writes_nothing(init: Init) -> None:
    result = init("--schema", "Sales {{now}}")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(
        "--schema: cannot be used, got 'Sales {{now}}'. Do: give at most 50"
    )
    assert not init.folder.exists()


def test_on_a_terminal_it_asks_again_until_an_answer_can_be_used(tmp_path: Path) -> None:
    result = on_a_terminal(tmp_path, ["", "retail", "No Schema", "shops", "", "cluster"])
    assert result.code == 0
    assert "--schema: cannot be used, got 'No Schema'" in result.err
    bundle = read_bundle(tmp_path)
    assert "workspace" not in bundle.root
    assert bundle.resolved("${var.catalog}.${var.schema}") == "retail.shops"
    assert "default" not in bundle.root["variables"]["mail"]
    assert JOBS[CLUSTER] in bundle.root["include"]


def test_what_an_option_says_is_not_asked_and_with_yes_nothing_is(tmp_path: Path) -> None:
    options = ["--host", "https://a.example.com", "--catalog", "c", "--schema", "s"]
    result = on_a_terminal(tmp_path, ["sales@example.com", "  "], *options)
    assert result.code == 0
    assert "Catalog" not in result.err
    assert read_bundle(tmp_path).root["variables"]["mail"]["default"] == "sales@example.com"
    assert JOBS[SERVERLESS] in read_bundle(tmp_path).root["include"]
    result = on_a_terminal(tmp_path / "b", [], "--yes")
    assert (result.code, result.err) == (0, "")


def on_a_terminal(folder: Path, lines: list[str], *options: str) -> Said:
    """Runs the command where its stdin is a terminal, at which somebody types lines."""
    typed, terminal = os.openpty()
    os.write(typed, "".join(f"{line}\n" for line in lines).encode())
    process = subprocess.run(
        [sys.executable, "-m", "sales_pipeline", "databricks", "init", str(folder), *options],
        stdin=terminal, capture_output=True, encoding="utf-8", check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(typed)
    os.close(terminal)
    return Said(process.returncode, process.stdout, process.stderr)


def test_nothing_heavy_is_loaded_for_it(tmp_path: Path) -> None:
    commands = [["databricks", "init", option] for option in ("--help", "--yes")]
    assert loaded_by(tmp_path, *commands, heavy=(*HEAVY, "databricks")) == "{}"
