import js from '@eslint/js';

const no_markup = 'Text from people must never become markup: build nodes and set textContent.';
const no_code = 'Text must never become code.';

/** Ways from a string to markup or code, by property name. */
const forbidden = [
  ['innerHTML', no_markup],
  ['outerHTML', no_markup],
  ['insertAdjacentHTML', no_markup],
  ['setHTMLUnsafe', no_markup],
  ['createContextualFragment', no_markup],
  ['parseFromString', no_markup],
  ['srcdoc', no_markup],
];

export default [
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { ecmaVersion: 2025, sourceType: 'module' },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // tsc knows every name that exists; ESLint would need lists of globals.
      'no-undef': 'off',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-script-url': 'error',
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-alert': 'error',
      'no-console': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'no-restricted-properties': [
        'error',
        ...forbidden.map(([property, message]) => ({ property, message })),
        { object: 'document', property: 'write', message: no_markup },
        { object: 'document', property: 'writeln', message: no_markup },
        { object: 'globalThis', property: 'eval', message: no_code },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "AssignmentExpression > MemberExpression[property.name='style']",
          message:
            'The Content-Security-Policy allows no inline style: set a class or an attribute.',
        },
        {
          selector:
            "CallExpression[callee.property.name='setAttribute'][arguments.0.value=/^(on|style|srcdoc)/]",
          message: 'No inline handlers, style or documents.',
        },
      ],
    },
  },
  {
    files: ['static/theme.js'],
    languageOptions: { sourceType: 'script' },
  },
  {
    files: ['tests/js/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
];
