"""What the renderer makes of markdown, and what it lets nobody do."""

import pytest

from config.console.help.markdown import rendered


def html(source: str, path: str = "docs/runbook.md") -> str:
    return rendered(source, path=path).html


def test_the_first_heading_is_the_title_and_not_in_the_body() -> None:
    text = rendered("# Of *all* things\n\nWords.", path="docs/x.md")
    assert (text.title, text.html) == ("Of all things", "<p>Words.</p>\n")


def test_a_document_without_a_heading_is_named_after_its_file() -> None:
    assert rendered("Words.", path="docs/benchmark-figures.md").title == "Benchmark figures"


def test_further_headings_of_the_first_level_move_down_with_all_below_them() -> None:
    assert '<h2 id="alerts">' in html("# Runbook\n\n# Alerts\n\n## stuck")
    assert '<h3 id="stuck">' in html("# Runbook\n\n# Alerts\n\n## stuck")
    assert '<h2 id="stuck">' in html("# Runbook\n\n## stuck")


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("High review rate", "high-review-rate"),
        ("It's `flags kill`, or not?", "its-flags-kill-or-not"),
        ("mail_unknown", "mail_unknown"),
        ("A queue: p95 > 5 s", "a-queue-p95--5-s"),
    ],
)
def test_anchors_of_headings_are_those_that_github_makes(heading: str, anchor: str) -> None:
    assert f'<h2 id="{anchor}">' in html(f"## {heading}")


def test_the_same_heading_twice_gets_two_anchors() -> None:
    assert '<h2 id="do-1">' in html("## Do\n\n## Do")


def test_explicit_anchors_stay_and_no_other_tag_does() -> None:
    assert '<a id="coordinator.start"></a>' in html('<a id="coordinator.start"></a>\n## coordinator.start')
    assert '<td><a id="mail.sent"></a><code>' in html('| a |\n|---|\n| <a id="mail.sent"></a>`mail.sent` |')
    for tag in ("<script>alert(1)</script>", '<a id="x" onclick="y"></a>', "<img src=x onerror=y>"):
        assert "&lt;" in html(f"Before {tag}\n\n{tag}")
        assert tag not in html(f"Before {tag}\n\n{tag}")


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_links_that_would_run_are_no_links(target: str) -> None:
    assert "<a" not in html(f"[words]({target})")


def test_links_to_documents_become_pages_and_those_to_other_files_words() -> None:
    assert '<a href="/help/stuck/">' in html("[s](stuck.md)")
    assert '<a href="/help/mail/#do">' in html("[m](mail.md#do)")
    assert '<a href="/help/security/">' in html("[s](../SECURITY.md)")
    assert '<a href="/help/">' in html("[all](../README.md)", path="docs/adr/README.md")
    assert '<a href="/help/runbook/#stuck">' in html("[r](../runbook.md#stuck)", path="docs/adr/0001-x.md")
    assert (
        html("[settings](../config/settings.py)")
        == '<p><span title="config/settings.py">settings</span></p>\n'
    )
    assert "<a" not in html("[out](../../../etc/passwd)")


def test_links_outward_tell_the_other_side_nothing() -> None:
    assert '<a href="https://example.org" rel="noreferrer noopener">' in html("[e](https://example.org)")


def test_pictures_of_the_library_are_shown_and_others_leave_their_words() -> None:
    assert 'src="/help/pictures/screenshots/queue-1440-light.png"' in html(
        "![q](screenshots/queue-1440-light.png)"
    )
    assert html("![the *words*](../../secret.png)") == "<p>the words</p>\n"
    assert "<img" not in html("![far](https://example.org/x.png)")


def test_code_is_shown_as_written() -> None:
    assert "a &lt; b" in html("```sh\na < b\n```")


def test_a_state_diagram_is_a_table_of_what_follows_what() -> None:
    drawn = html("```mermaid\nstateDiagram-v2\n  [*] --> created\n  created --> confirmed: found <b>\n```")
    assert (
        '<th scope="row"><code>created</code></th><td><code>confirmed</code></td><td>found &lt;b&gt;</td>'
        in drawn
    )
    assert "<em>start</em>" in drawn
