"""A finding hides secrets, and shows one line of a long error."""

from __future__ import annotations

from sales_pipeline.proofs.diagnosis import Check, error_summary, meaningful_line, run_check
from sales_pipeline.proofs.workbench import Workbench


def test_secrets_are_in_nothing_that_is_found(bench: Workbench) -> None:
    def fails(_: Workbench) -> str:
        raise RuntimeError("refused: opensesame\n\tat org.example.Login(Login.java:1)")

    check = Check("session", fails, "ask for another than opensesame")
    finding = run_check(check, bench, [], hide=lambda text: text.replace("opensesame", "***"))
    assert (finding.detail, finding.remedy) == ("refused: ***", "ask for another than ***")


def test_the_stack_of_a_worker_is_cut_to_what_it_says() -> None:
    said = """
  An exception was thrown from the Python worker. Please see the stack trace below.
[PYTHON_EXCEPTION] An exception was thrown: Traceback (most recent call last):
  File "/x/data_source.py", line 80, in read
    yield from read_batches(file.path)
sales_pipeline.errors.FileRejected: /landing/a.csv: no
 SQLSTATE: 38000

JVM stacktrace:
org.apache.spark.api.python.PythonException
\tat org.apache.spark.Here(Here.scala:1)"""
    assert meaningful_line(said) == "/landing/a.csv: no"
    assert len(error_summary(ValueError("long " * 1000))) < 400
