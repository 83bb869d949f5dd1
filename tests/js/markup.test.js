// What people write as a tree: tables of cases, nasty inputs, and properties of random ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, plain } from '../../static/markup.js';

/** A short spelling of the tree. */
const spell = (node) => {
  if (typeof node === 'string') return node;
  const inner = (node.children ?? []).map(spell).join('');
  if (node.type === 'paragraph') return inner;
  if (node.type === 'code' || node.type === 'call') return `{${node.type} ${node.text}}`;
  if (node.type === 'fence') return `{fence(${node.language}) ${node.text}}`;
  if (node.type === 'link')
    return `{link(${node.href}) ${inner}${node.real ? ` REAL ${node.real}` : ''}}`;
  if (node.type !== 'list') return `{${node.type} ${inner}}`;
  const items = node.items.map(
    ({ number, children }) => `${number}:${children.map(spell).join('|')}`,
  );
  return `{${node.ordered ? 'numbers' : 'points'} ${items.join('; ')}}`;
};
const spelled = (text) => parse(text).map(spell).join(' / ');
const check = (cases) => {
  for (const [typed, expected = typed] of cases) assert.equal(spelled(typed), expected, typed);
};

test('markers around words stress them', () => {
  check([
    ['a **b** c', 'a {bold b} c'],
    ['*a* and _b_', '{italic a} and {italic b}'],
    ['~~gone~~', '{strike gone}'],
    ['***both***', '{bold {italic both}}'],
    ['**bold *and italic***', '{bold bold {italic and italic}}'],
    ['*a **b** c*', '{italic a {bold b} c}'],
    ['(**a**), "*b*".', '({bold a}), "{italic b}".'],
    ['**two\nlines**', '{bold two\nlines}'],
    ['这是**重要**的', '这是{bold 重要}的'],
    ['**🎉 done 🎉**', '{bold 🎉 done 🎉}'],
  ]);
});

test('what is no markup stays as it was typed', () => {
  check([
    ['snake_case_name and _other_name'],
    ['__init__ and ____'],
    ['2*3*4 = 24, 2 * 3 * 4, 7**2**2'],
    ['*) a footnote', '*) a footnote'],
    ['an *open end'],
    ['an end* that never began'],
    ['** not bold **'],
    ['~one~ and ~~~~'],
    ['`open'],
    ['a `b\nc` d'],
    ['**a\n\nb**'],
    ['[no link] (a) [](b)'],
    ['# no heading'],
    ['-no list, 1.no list either'],
    ['>_< and >:('],
    ['a\n  b\n\n\nc'],
    ['```\nnever closed'],
    ['```\n```'],
  ]);
});

test('an outer marker that never ends leaves an inner one whole', () => {
  check([
    ['*a **b**', '*a {bold b}'],
    ['*) but *this* is', '*) but {italic this} is'],
    [`${'*a '.repeat(20)}_b_`, `${'*a '.repeat(20)}{italic b}`],
  ]);
});

test('code keeps what is in it', () => {
  check([
    ['`a*b*c` `` `x` ``', '{code a*b*c} {code `x`}'],
    ['**`b`**', '{bold {code b}}'],
    ['```js\nlet a = 1;\n\n  b\n```', '{fence(js) let a = 1;\n\n  b}'],
    ['a\n```\n> b\n- c\n```\nd', 'a / {fence() > b\n- c} / d'],
    ['````\n```\nx\n```\n````', '{fence() ```\nx\n```}'],
    ['```a b c```', '{code a b c}'],
    ['```\r\nx\r\n```', '{fence() x}'],
  ]);
});

test('quotes and lists nest, but not without end', () => {
  check([
    ['> a\n> b\nc', '{quote a\nb} / c'],
    ['> a\n>> b', '{quote a{quote b}}'],
    ['- a\n- b', '{points 0:a; 0:b}'],
    ['Two:\n1. a\n2. b\nDone', 'Two: / {numbers 1:a; 2:b} / Done'],
    ['- a\n  - b\n    - c\n- d', '{points 0:a|{points 0:b|{points 0:c}}; 0:d}'],
    ['- a\n\n- b\n\nc', '{points 0:a; 0:b} / c'],
    ['1. a\n   more\n\n   still', '{numbers 1:a\nmore\n\nstill}'],
    ['- ```\n  x\n  ```', '{points 0:{fence() x}}'],
    ['> - a\n> - **b**', '{quote {points 0:a; 0:{bold b}}}'],
    ['>>>>>> deep', '{quote {quote {quote {quote >> deep}}}}'],
  ]);
});

test('a list counts as its author does', () => {
  check([
    ['1. a\n1. b\n1. c', '{numbers 1:a; 2:b; 3:c}'],
    ['3. a\n7. b', '{numbers 3:a; 7:b}'],
    ['1984. A year', '{numbers 1984:A year}'],
  ]);
});

test('addresses become links, without what follows them', () => {
  const to = (href, words = href) => `{link(${href}) ${words}}`;
  check([
    ['see https://a.example/b.', `see ${to('https://a.example/b')}.`],
    ['(https://a.example/b_(c))', `(${to('https://a.example/b_(c)')})`],
    ['https://a.example/x_y_z?q=*a*&b=1!', `${to('https://a.example/x_y_z?q=*a*&b=1')}!`],
    ['**https://a.example/**', `{bold ${to('https://a.example/')}}`],
    [
      '<http://a.example/>, "http://b.example/"',
      `<${to('http://a.example/')}>, "${to('http://b.example/')}"`,
    ],
    ['HTTPS://A.example', to('https://a.example/', 'HTTPS://A.example')],
    ['mailto:a@b.example', to('mailto:a@b.example')],
    ['[the page](https://a.example/)', to('https://a.example/', 'the page')],
    ['[**a** `b`](https://a.example/c_(d))', to('https://a.example/c_(d)', '{bold a} {code b}')],
    ['[a.example](https://www.a.example/)', to('https://www.a.example/', 'a.example')],
  ]);
});

test('other addresses, and those made to deceive, become none', () => {
  check([
    ['[x](javascript:alert(1))'],
    ['[x](JaVaScRiPt://a.example/%0aalert(1))'],
    ['[x](data:text/html,hello) [x](vbscript:a) [x](file:///etc/passwd) [x](//a.example)'],
    ['[x](/logout) [x](#a) [x]( ftp://a.example)'],
    ['ftp://a.example ws://a.example'],
    ['https://paypal.example@evil.example/'],
    ['https://a.example/\u202Egnp.exe'],
    ['[a\u202Eb](https://a.example)', '[a\u202Eb]({link(https://a.example/) https://a.example})'],
    ['[ ](mailto:a)'],
    ['http:// https://[ mailto: mailto:nobody'],
    ['xhttps://a.example'],
    [`https://a.example/${'x'.repeat(3000)}`],
  ]);
});

test('a link that looks like another host says where it goes', () => {
  const real = (typed) => /REAL ([^}]*)/.exec(spelled(typed))?.[1];
  for (const [typed, expected] of [
    ['[https://bank.example](https://evil.example/)', 'evil.example'],
    ['[Log in at bank.example now](https://evil.example/)', 'evil.example'],
    ['[bank。example](https://evil.example/)', 'evil.example'],
    ['[ｂａｎｋ.example](https://evil.example/)', 'evil.example'],
    ['[evil.example.bank.example](https://evil.example/)', 'evil.example'],
    ['[10.0.0.1](https://evil.example/)', 'evil.example'],
    ['[a@bank.example](mailto:a@evil.example)', 'a@evil.example'],
    ['https://b\u0430nk.example/', 'xn--bnk-6cd.example'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['https://bank.example\\evil.example/', undefined],
    ['[version 1.2.3, e.g. this](https://evil.example/)', undefined],
    ['[evil.example](https://evil.example/)', undefined],
    ['[a@b.example](mailto:a@b.example)', undefined],
  ])
    assert.equal(real(typed), expected, typed);
});

test('people are called by name as the server reads it', () => {
  check([
    ['hi @ada, @eve.moneypenny!', 'hi {call @ada}, {call @eve.moneypenny}!'],
    ['@snake_case_name_', '{call @snake_case_name}_'],
    ['a@b.example @ab @@ada x@ada .@ada'],
    ['**@ada**', '{bold {call @ada}}'],
    ['`@ada`', '{code @ada}'],
  ]);
});

test('where only text can stand the markers are left out', () => {
  for (const [typed, expected] of [
    ['**a** _b_ `c` ~~d~~', 'a b c d'],
    ['> said\nwell', '“said”\nwell'],
    ['1. a\n2. b\n\n- c', '1. a\n2. b\n• c'],
    ['```js\nx\n```', 'x'],
    ['[here](https://a.example/) [b.example](https://a.example/)', 'here b.example (a.example)'],
    ['snake_case', 'snake_case'],
  ])
    assert.equal(plain(typed), expected, typed);
});

/** Every text in the tree. */
const texts = (node) => {
  if (typeof node === 'string') return [node];
  if (Array.isArray(node)) return node.flatMap(texts);
  if (node.items) return node.items.flatMap(({ children }) => texts(children));
  return node.children ? texts(node.children) : node.text.split('\n');
};
const depth = (node) => {
  const inner = node.items?.flatMap(({ children }) => children) ?? node.children ?? [];
  return 1 + Math.max(0, ...inner.map(depth));
};
const most_bytes = 32768;
const pieces = [
  ...['*', '**', '***', '_', '~~', '`', '```', '```js', '\n', '\n\n', ' ', '  ', '> ', '>', '- '],
  ...['1. ', '[', ']', '](', ')', '(', '@ada', '@', 'https://a.example/', 'mailto:a@b.example'],
  ...['a', 'word', 'é', '🎉', '\u202E', '\uD83D', '\0', '\t', '\r', '.', ',', '<b>', '://'],
];
/** Mulberry32: the same numbers from the same seed. */
const random_from = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};
const random_text = (random, length) =>
  Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join('');

test('whatever is typed, nothing is shown that was not typed, in its order', () => {
  const random = random_from(20240506);
  for (let round = 0; round < 3000; round++) {
    const typed = random_text(random, 1 + Math.floor(random() * 40));
    let at = 0;
    for (const text of texts(parse(typed)).flatMap((one) => one.split('\n'))) {
      const found = typed.indexOf(text, at);
      assert.notEqual(found, -1, JSON.stringify([typed, text]));
      at = found + text.length;
    }
  }
});

test('whatever is typed, no letter is lost', () => {
  const random = random_from(7);
  const letters = (text) => text.replace(/[^a-zé🎉]/gu, '');
  for (let round = 0; round < 3000; round++) {
    const typed = random_text(random, 1 + Math.floor(random() * 30)).replace(/```js/g, '```');
    const shown = letters(texts(parse(typed)).join(''));
    // Only the address behind words in brackets is not shown.
    if (!typed.includes('](')) assert.equal(shown, letters(typed), JSON.stringify(typed));
  }
});

test('nasty texts of full length are read in few steps and no depth', () => {
  const fill = (piece) => piece.repeat(Math.ceil(most_bytes / piece.length)).slice(0, most_bytes);
  const nasty = [
    ...[
      '*',
      '_',
      '~',
      '`',
      '[',
      ']',
      '>',
      '@',
      '-',
      '(',
      ')',
      '\n',
      ' ',
      '\\',
      'a',
      '1.',
      '> ',
      '- ',
    ],
    ...['**', '*a ', '**a*', '*a_b', '_a ', '~~a ', '` ', '`a``b```c', '[a](', '](', '[x](http://'],
    ...[
      '[x](http://a.example',
      'http://',
      'http://[',
      'mailto:',
      'https://a.example/',
      ')))',
      '@ab ',
    ],
    ...[
      '```\n',
      '```a\n',
      '````\n```a\n',
      '>\n',
      '> >\n',
      '- a\n',
      '  - a\n',
      '1. a\n\n',
      '-\n',
      '\n ',
    ],
    ...[
      '[a',
      '[[a](b)',
      'a@',
      '*\n',
      '*\n\n',
      '***a',
      '`\n',
      '(((',
      'http://a.example/(',
      '> - 1. ',
    ],
    ...['- - - ', '> ```\n', '[a.b.', '\uD83D', '🎉*', '\u202E'],
  ];
  for (const piece of nasty) {
    for (const tail of ['', '\n*', ' x', '`', ')']) {
      const typed = fill(piece) + tail;
      const effort = { steps: 0 };
      const tree = parse(typed, effort);
      assert.ok(effort.steps < 10 * typed.length, `${JSON.stringify(piece)}: ${effort.steps}`);
      assert.ok(Math.max(0, ...tree.map(depth)) < 20, piece);
    }
  }
});

test('twice the text takes about twice the steps', () => {
  const random = random_from(3);
  for (let round = 0; round < 20; round++) {
    const part = random_text(random, 50);
    const steps = [200, 400].map((count) => {
      const effort = { steps: 0 };
      parse(part.repeat(count), effort);
      return effort.steps;
    });
    assert.ok(steps[1] <= 2.5 * steps[0], JSON.stringify([part, steps]));
  }
});
