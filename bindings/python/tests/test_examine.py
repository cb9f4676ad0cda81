"""Examining a store through Python."""

import pytest

import dbsnap


def severity_of(report, check):
    return next(finding.severity for finding in report.findings if finding.check == check)


def test_a_repository_in_order_is_found_so(tmp_path):
    dbsnap.Repository.create(tmp_path / "repo", password="first").close()
    report = dbsnap.examine(tmp_path / "repo")
    assert report.exit_code in (0, 3)  # the disk that the tests run on may be nearly full
    assert {severity_of(report, check) for check in ("reachable", "repository", "right-put", "right-delete")} == {"ok"}
    assert report.failure is None


def test_a_place_without_a_repository_is_a_warning_with_a_hint(tmp_path):
    report = dbsnap.examine(tmp_path / "none", write_trial=False)
    assert not report
    assert report.worst == "warning"
    assert next(finding.hint for finding in report.findings if finding.check == "repository").startswith("dbsnap init")
    assert not (tmp_path / "none").exists()


def test_what_goes_wrong_is_a_finding_and_no_exception(tmp_path):
    (tmp_path / "file").write_text("in the way")
    report = dbsnap.examine(tmp_path / "file")
    assert (report.worst, report.failure, report.exit_code) == ("failure", "io", 1)


def test_a_context_that_is_cancelled_raises(tmp_path):
    cancel = dbsnap.CancelToken()
    cancel.trigger()
    with pytest.raises(dbsnap.Cancelled):
        dbsnap.examine(tmp_path, context=dbsnap.Context(cancel=cancel))
