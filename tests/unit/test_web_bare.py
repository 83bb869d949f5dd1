"""What browsers are sent of scripts and style sheets."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from securechat.web.bare import bare

WRITTEN = """\
/**
 * A module.
 */
import { a } from './a.js'; // said beside the code

// A reason.
export function b() {
  /** @type {any} */
  const c = /** @type {any} */ (a);
  return c * 2 /* twice */;
}
/* one */ b(); /* two */
"""
SERVED = """\



import { a } from './a.js'; // said beside the code


export function b() {

const c = (a);
return c * 2 /* twice */;
}
/* one */ b(); /* two */
"""


class Bare(SynchronousTestCase):
    def test_comments_of_their_own_lines_types_and_indentation_stay_at_home(self) -> None:
        self.assertEqual(bare(WRITTEN), SERVED)

    def test_a_comment_in_a_style_sheet_is_no_rule(self) -> None:
        self.assertEqual(bare("/* a\n   b */\nc {\n  d: e;\n}\n"), "\n\nc {\nd: e;\n}\n")
