// Links whose words hide something from the eye.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { link_to, may_name, real_address } from '../../static/links.js';

const unseen = [...'\u00AD\u034F\u200B\u200C\u200D\u2060\u2064\uFE0F\uFEFF'];
const evil = link_to('https://evil.example/');

test('signs that nobody sees do not hide that a link looks like another host', () => {
  for (const sign of unseen) {
    const code = sign.codePointAt(0).toString(16);
    for (const words of [`bank${sign}.example`, `bank.${sign}example`, `10.0${sign}.0.1`])
      assert.equal(real_address(evil, words, false), 'evil.example', `${code} in ${words}`);
    assert.equal(real_address(evil, `evil${sign}.example`, false), '', code);
    const mail = link_to('mailto:a@evil.example');
    assert.equal(real_address(mail, `a@${sign}bank.example`, false), 'a@evil.example', code);
    assert.equal(real_address(mail, `a@evil${sign}.example`, false), '', code);
  }
  assert.equal(real_address(evil, 'bank\u2024example', false), 'evil.example');
});

test('signs that nobody sees are no words for a link', () => {
  for (const sign of [...unseen, '\u3164', '\uFFA0']) assert.equal(may_name(sign), false);
  assert.equal(may_name('🕵️‍♀️'), true);
});
