"""The readable report of a phase, as Markdown and as HTML, in the order of the verification sheet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.utils.html import escape

from assignments.models import Phase, Signature
from assignments.rollout import checklists
from assignments.rollout.evidence.contents import instant

NONE = "None."


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A heading, a sentence, and a table; without rows the table is left out and said to be empty."""

    title: str
    text: str = ""
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def files(
    phase: Phase, looks: Sequence[Mapping[str, Any]], *, now: datetime
) -> Iterator[tuple[str, Iterable[str]]]:
    """Name and text of both reports."""
    title = f"{phase.get_key_display()} in {phase.environment}, stay {phase.number}"
    found = list(sections(phase, looks, now=now))
    yield "report.md", _markdown(title, found)
    yield "report.html", _html(title, found)


def sections(phase: Phase, looks: Sequence[Mapping[str, Any]], *, now: datetime) -> Iterator[Section]:
    """What the report says, top to bottom."""
    yield _summary(phase, looks, now)
    yield _gates(looks)
    yield _looks(looks)
    yield _checklist(phase)
    yield _incidents(phase)
    yield _known_issues(phase)
    yield _sign_offs(phase)
    yield _remarks(phase)


def _summary(phase: Phase, looks: Sequence[Mapping[str, Any]], now: datetime) -> Section:
    cohort = phase.cohort
    rows = [
        ("Entered", f"{instant(phase.entered_at)} by {phase.author}"),
        (
            "Left",
            f"{instant(phase.left_at)}, {phase.get_left_how_display()}" if phase.left_at else "under way",
        ),
        ("V3 for", f"{cohort.percentage:f} %, {len(cohort.restaurants)} restaurants" if cohort else "nobody"),
        ("Flag version", str(phase.flag_version)),
        ("Policy", f"version {phase.policy.version}, {phase.policy.digest[:16]}"),
        ("Verdict", looks[-1]["verdict"] if looks else "no look yet"),
        ("Written", str(instant(now))),
    ]
    return Section(title="Configuration and verdict", header=("What", "Value"), rows=rows)


def _gates(looks: Sequence[Mapping[str, Any]]) -> Section:
    if not looks:
        return Section(title="Gates", text="Nothing was looked at yet.")
    last = looks[-1]
    rows = [
        (key, result["verdict"], _count(result), _share(result["bound_low"]), _share(result["bound_high"]),
         str(result["threshold"]), result["sentence"])
        for key, result in last["results"].items()
    ]  # fmt: skip
    header = ("Gate", "Verdict", "Counted", "At least", "At most", "Threshold", "In words")
    return Section(title="Gates", text=f"As seen at {last['taken_at']}.", header=header, rows=rows)


def _looks(looks: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (str(look["look"] or "between"), look["taken_at"], look["verdict"], look["digest"]) for look in looks
    ]
    return Section(title="Looks", header=("Look", "Taken", "Verdict", "Digest"), rows=rows)


def _checklist(phase: Phase) -> Section:
    rows = [
        ("x" if line.done else " ", line.item.text, line.tick.user.get_username() if line.tick else "",
         line.tick.note if line.tick else "")
        for line in checklists.lines_of(phase)
    ]  # fmt: skip
    return Section(title="Checklist", header=("Done", "Item", "By", "Note"), rows=rows)


def _incidents(phase: Phase) -> Section:
    rows = [
        (f"INC-{incident.pk}", incident.severity, incident.title, str(instant(incident.opened_at)),
         incident.resolution or "open")
        for incident in phase.incidents.order_by("opened_at")
    ]  # fmt: skip
    header = ("Incident", "Severity", "What", "Opened", "Resolution")
    return Section(title="Incidents and complaints", header=header, rows=rows)


def _known_issues(phase: Phase) -> Section:
    rows = [
        (issue.severity, issue.title, issue.owner, issue.resolution or "open")
        for issue in phase.known_issues.order_by("opened_at")
    ]
    return Section(title="Known issues", header=("Severity", "What", "Owner", "Resolution"), rows=rows)


def _sign_offs(phase: Phase) -> Section:
    found = phase.sign_offs.prefetch_related("signatures__user", "overrides")
    rows = [
        (sign_off.get_decision_display(), str(sign_off.target or "-"), sign_off.reason,
         ", ".join(map(_signed, sign_off.signatures.all())),
         ", ".join(f"{taken.gate}: {taken.reason}" for taken in sign_off.overrides.all()),
         f"{sign_off.ended or 'open'} {sign_off.ended_why}".strip())
        for sign_off in found.order_by("opened_at")
    ]  # fmt: skip
    header = ("Decision", "To", "Reason", "Signed", "Overridden", "Became")
    return Section(title="Sign-off", header=header, rows=rows)


def _signed(signature: Signature) -> str:
    return f"{signature.user.get_username()} as {signature.role}{'' if signature.approves else ' (no)'}"


def _remarks(phase: Phase) -> Section:
    rows = [
        (
            remark.get_kind_display(),
            remark.author.get_username(),
            str(instant(remark.created_at)),
            remark.text,
        )
        for remark in phase.remarks.select_related("author").order_by("created_at")
    ]
    return Section(title="Notes and retrospective", header=("Kind", "By", "At", "Text"), rows=rows)


def _count(result: Mapping[str, Any]) -> str:
    of = f" of {result['denominator']}" if result["denominator"] is not None else ""
    return "" if result["numerator"] is None else f"{result['numerator']}{of}"


def _share(value: str | None) -> str:
    """A bound as per cent with two decimals."""
    return "" if value is None else f"{float(Fraction(value)):.2%}"


def _markdown(title: str, found: Iterable[Section]) -> Iterator[str]:
    yield f"# {title}\n"
    for section in found:
        yield f"\n## {section.title}\n\n"
        if section.text:
            yield f"{section.text}\n\n"
        if section.rows:
            yield _row(section.header) + _row(["---"] * len(section.header))
            yield "".join(_row(row) for row in section.rows)
        elif section.header:
            yield f"{NONE}\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def _html(title: str, found: Iterable[Section]) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{escape(title)}</title></head><body><h1>{escape(title)}</h1>"
    for section in found:
        yield f"<h2>{escape(section.title)}</h2><p>{escape(section.text)}</p>"
        if section.rows:
            yield f"<table><thead><tr>{_cells('th', section.header)}</tr></thead><tbody>"
            yield "".join(f"<tr>{_cells('td', row)}</tr>" for row in section.rows)
            yield "</tbody></table>"
        elif section.header:
            yield f"<p>{NONE}</p>"
    yield "</body></html>\n"


def _cells(tag: str, cells: Sequence[str]) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
