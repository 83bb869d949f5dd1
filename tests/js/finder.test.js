// The field over the sidebar: the rows of people whom it finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';

/** As much of a node as the finder needs. */
class FakeNode extends EventTarget {
  childNodes = [];
  classList = { toggle() {}, remove() {} };
  hidden = false;
  value = '';
  parent = null;
  setAttribute() {}
  append(...nodes) {
    for (const node of nodes) this.insertBefore(node, null);
  }
  insertBefore(node, next) {
    if (node instanceof FakeNode) Object.assign(node, { parent: this });
    const at = next ? this.childNodes.indexOf(next) : this.childNodes.length;
    this.childNodes.splice(at, 0, node);
  }
  remove() {
    this.parent.childNodes.splice(this.parent.childNodes.indexOf(this), 1);
  }
  get firstChild() {
    return this.childNodes[0] ?? null;
  }
  get nextSibling() {
    return this.parent.childNodes[this.parent.childNodes.indexOf(this) + 1] ?? null;
  }
  get words() {
    return this.childNodes.map((node) => node.words ?? node).join('');
  }
  closest() {
    return this;
  }
}

const elements = {};
globalThis.document = {
  documentElement: { lang: 'en' },
  createElement: () => new FakeNode(),
  getElementById: (id) => (elements[id] ??= new FakeNode()),
};
const { Finder } = await import('../../static/finder.view.js');

test('somebody who is called otherwise now is found under that name, the others stay as drawn', () => {
  const goal = (id, name) => ({ kind: 'person', id, name, handle: id, unread: 0, mentions: 0 });
  let people = [goal('ada', 'Ada Lovelace'), goal('adam', 'Adam Smith')];
  const nothing = () => {};
  const finder = new Finder({
    names: () => ({}),
    people: () => people,
    ...{ on_change: nothing, on_start: nothing, on_leave: nothing, browse: nothing },
    go: async () => {},
  });
  elements.find.value = 'ada';
  finder.narrow([]);
  const [first, second] = elements['find-people'].childNodes;
  assert.match(first.words, /Ada Lovelace @ada$/);
  people = [goal('ada', 'Ada King'), people[1]];
  finder.narrow([]);
  const rows = elements['find-people'].childNodes;
  assert.match(rows[0].words, /Ada King @ada$/);
  assert.equal(rows[1], second);
  assert.equal(rows.length, 2);
});
