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

const style_rules = [
  {
    selector: "AssignmentExpression > MemberExpression[property.name='style']",
    message: 'The Content-Security-Policy allows no inline style: set a class or an attribute.',
  },
  {
    selector:
      "CallExpression[callee.property.name='setAttribute'][arguments.0.value=/^(on|style|srcdoc)/]",
    message: 'No inline handlers, style or documents.',
  },
];

/** Looks like words for people: begins with a capital, or a space, or has four words. */
const words =
  '/^\\W*[A-Z][a-z]+([ .:,!?…]|$)|^ \\([a-z]|[a-z] [a-z]+ [a-z]+ [a-z]|^ [a-z]+|[a-z] ?…/';
const no_words = '/^(Ctrl|End|Enter|Esc|Escape|Home|Notification|Refused|SecureChat|Tab)$/';
const outside = ':not(ThrowStatement *):not(NewExpression[callee.name=/Error$/] *)';
const text_rules = ['Literal[value', 'TemplateElement[value.raw'].map((one) => ({
  selector: `${one}=${words}]:not(${one}=${no_words}])${outside}`,
  message: "What a person reads comes from the catalogue, static/texts/: t('…').",
}));

export default [
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      ecmaVersion: 2025,
      sourceType: 'module',
      // no-implied-eval looks only at globals that it is told of.
      globals: { setTimeout: 'readonly', setInterval: 'readonly', window: 'readonly' },
    },
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
      'no-restricted-syntax': ['error', ...style_rules],
    },
  },
  {
    files: ['static/*.js'],
    rules: { 'no-restricted-syntax': ['error', ...style_rules, ...text_rules] },
  },
  {
    files: ['static/theme.js'],
    languageOptions: { sourceType: 'script' },
  },
  {
    // A list of things and their names in every language, not of things to do.
    files: ['static/emoji.js'],
    rules: { 'max-lines': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['tests/js/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
];
