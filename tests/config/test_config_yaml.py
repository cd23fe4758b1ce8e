"""How YAML is read: as text, with lines, and nothing dangerous."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sales_pipeline.config.yaml_lines import read_yaml


def test_every_scalar_stays_the_text_that_was_written() -> None:
    written = "{rate: 0.85, zip: 01234, time: 1:30, day: 2025-01-05, size: 1_000, NO: no, on: yes}"
    assert read_yaml(written).data == {
        "rate": "0.85",
        "zip": "01234",
        "time": "1:30",
        "day": "2025-01-05",
        "size": "1_000",
        "NO": "no",
        "on": "yes",
    }


def test_only_true_false_and_nothing_are_no_text() -> None:
    document = read_yaml("a: true\nb: False\nc:\nd: ~\ne: null\nf: 'true'\ng: ''\n")
    values = [True, False, None, None, None, "true", ""]
    assert document.data == dict(zip("abcdefg", values, strict=True))


def test_keys_and_entries_of_lists_have_lines() -> None:
    document = read_yaml("a:\n  b: 1\n  c:\n    - x\n    - y\n")
    assert document.lines == {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 4,
        ("a", "c", 1): 5,
    }


def test_an_anchor_gives_its_keys_and_what_is_written_wins() -> None:
    document = read_yaml("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 5}\n")
    assert document.data == {
        "a": {"x": "1", "y": "2"},
        "b": {"y": "3", "z": "4"},
        "c": {"x": "5", "y": "2", "z": "4"},
    }
    assert document.faults == []


def test_a_tab_between_values_is_refused_on_every_machine() -> None:
    (fault,) = read_yaml("a: 1\nb:\t2\n").faults
    assert "indent with spaces, not with tabs" in fault.message
    assert fault.line == 2


def test_merging_something_other_than_a_mapping_is_a_problem(report: Callable[[str], str]) -> None:
    assert "config.yaml:1 <<: not a mapping; write `<<: *name` of an anchor" in report("<<: 5\n")


def test_a_key_written_twice_names_both_lines(report: Callable[[str], str], text: str) -> None:
    assert report(text + "base_currency: USD\n") == (
        "config.yaml:22 base_currency: written twice, first on line 1; keep one of them"
    )


def test_a_key_that_is_no_name_is_a_problem(report: Callable[[str], str], text: str) -> None:
    assert report(text + "? [a, b]\n: c\n") == (
        "config.yaml:22: a key must be a name; write `name: value`"
    )


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("!!python/object/apply:os.system ['ls']", "!!python/object/apply:os.system"),
        ("!secret name", "!secret"),
        ("!!float 0.85", "!!float"),
        ("!!set {a, b}", "!!set"),
    ],
)
def test_a_tag_is_refused(report: Callable[[str], str], text: str, value: str, tag: str) -> None:
    assert report(text.replace("base_currency: EUR", f"base_currency: {value}")) == (
        f"config.yaml:1 base_currency: the tag {tag} is refused; write the value without it"
    )


def test_text_may_carry_its_own_tag() -> None:
    assert read_yaml("a: !!str 5").data == {"a": "5"}


@pytest.mark.parametrize(
    "bomb",
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
        "a: &a {b: *a}\n",
        "[" * 600 + "]" * 600,
    ],
    ids=["billion laughs", "an anchor in itself", "deep nesting"],
)
def test_a_bomb_is_refused(report: Callable[[str], str], bomb: str) -> None:
    assert report(bomb) == (
        "config.yaml: nested too deeply, or an anchor repeats itself too often; write it out flat"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: 1\n\tb: 2\n",
            (
                "config.yaml:2: not YAML: while scanning for the next token, found character '\\t' "
                "that cannot start any token; indent with spaces, not with tabs"
            ),
        ),
        (
            "feeds:\n  a: 1\n b: 2\n",
            (
                "config.yaml:3: not YAML: while parsing a block mapping that begins on line 1, "
                "expected <block end>, but found '<block mapping start>'; "
                "correct this line or the one before it"
            ),
        ),
        (
            "a: *nothing\n",
            (
                "config.yaml:1: not YAML: found undefined alias 'nothing'; "
                "correct this line or the one before it"
            ),
        ),
        (
            "a: 1\nb: \x07\n",
            "config.yaml:2: not YAML: the character U+0007 is not allowed; take it out",
        ),
    ],
)
def test_what_is_not_yaml_names_its_line(
    report: Callable[[str], str], text: str, expected: str
) -> None:
    assert report(text) == expected
