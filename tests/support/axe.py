"""What axe-core says about a page: WCAG 2.2 AA and best practices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.daemon import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

SOURCE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN = """async (tags) => {
  const { violations, passes } = await axe.run(document, {
    runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'],
  });
  const told = ({ target, failureSummary }) => [target.join(' '), failureSummary];
  return {
    violations: violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(told) })),
    passes: passes.length,
  };
}"""


def missing() -> str | None:
    """Why axe-core cannot be asked here; None when it can."""
    return None if SOURCE.exists() else "axe-core is not installed (npm ci)"


def violations(page: Page, least_passes: int = 15) -> list[str]:
    """A sentence for each violation on ``page`` as it is now.

    AssertionError where fewer rules than that held: axe-core has looked at next to nothing.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text())
    said = page.evaluate(RUN, TAGS)
    assert said["passes"] > least_passes, "axe-core looked at next to nothing"
    return [_sentence(one) for one in said["violations"]]


def _sentence(violation: dict[str, Any]) -> str:
    nodes = "; ".join(f"{target} ({summary})" for target, summary in violation["nodes"][:3])
    return f"{violation['id']} ({violation['impact']}): {nodes}".replace("\n", " ")
