import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { t } from '../../static/texts.js';

const folder = new URL('../../static/texts/', import.meta.url);
const catalogue = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const en = catalogue('en.json');
const others = readdirSync(folder).filter((name) => name !== 'en.json');
const forms = (entry) => (typeof entry === 'string' ? { other: entry } : entry);
const names_in = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test('a text is filled in, its numbers as the language writes them', () => {
  assert.equal(t('banner.back'), 'Back again.');
  assert.equal(t('banner.caught_up', { n: 1 }), 'Back again, 1 message caught up.');
  assert.equal(t('banner.caught_up', { n: 12_000 }), 'Back again, 12,000 messages caught up.');
});

test('every translation has every text, in every plural form, with the same names to fill in', () => {
  for (const name of others) {
    const translated = catalogue(name);
    assert.deepEqual(Object.keys(translated), Object.keys(en), name);
    const categories = new Intl.PluralRules(name.replace('.json', '')).resolvedOptions();
    for (const [key, entry] of Object.entries(translated)) {
      assert.equal(typeof entry, typeof en[key], key);
      if (typeof entry !== 'string')
        assert.deepEqual(Object.keys(entry).sort(), categories.pluralCategories.sort(), key);
      const all = new Set(Object.values(forms(en[key])).flatMap(names_in));
      for (const text of Object.values(forms(entry)))
        for (const one of names_in(text)) assert.ok(all.has(one), `${name}: ${key}: {${one}}`);
      assert.deepEqual(names_in(forms(entry).other), names_in(forms(en[key]).other), key);
    }
  }
});

test('the catalogue is sorted, so that there is one place for each text', () => {
  assert.deepEqual(Object.keys(en), Object.keys(en).sort());
});
