/**
 * The words of the pages, in the reader's language. `texts/en.json` is the catalogue, the files
 * beside it translate it entry by entry.
 *
 * Scripts name their entries by whole keys in quotes, or by how keys begin, up to a dot: browsers
 * are sent no others, and the chat at first only those of the scripts that it begins with.
 *
 * An entry is a text with `{names}` to be filled in; where a number `n` decides on the form, it
 * holds one text for each plural category of the language (`one`, `other` …).
 *
 * @typedef {keyof Awaited<ReturnType<typeof catalogues.en>>['default']} Key
 */
const catalogues = {
  de: () => import('./texts/de.json', { with: { type: 'json' } }),
  en: () => import('./texts/en.json', { with: { type: 'json' } }),
};

/** The language that the server chose for this page. */
export const language = globalThis.document?.documentElement.lang || 'en';

/** The reader's own variety of it, as far as a region tells: British and American dates differ. */
const variety = new RegExp(`^${language}(-[A-Z]{2})?$`);
export const locale = globalThis.navigator?.languages?.find((one) => variety.test(one)) ?? language;

const named = Object.hasOwn(catalogues, language)
  ? /** @type {keyof typeof catalogues} */ (language)
  : 'en';
/** The chat begins with the texts that its first sight needs: the server picks them. */
let whole = !globalThis.document?.body?.classList.contains('chat');
/** @type {Record<string, string|Record<string, string>>} */
const chosen = { ...(await (whole ? catalogues[named]() : first_texts())).default };

/** @returns {Promise<{default: object}>} */
function first_texts() {
  return import(`./texts/${named}.first.json`, { with: { type: 'json' } });
}

/** Parts that are loaded later find all their texts once this is done. */
export async function all_texts() {
  if (whole) return;
  Object.assign(chosen, (await catalogues[named]()).default);
  whole = true;
}

const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(language);
const list = new Intl.ListFormat(language, { type: 'unit', style: 'short' });

/**
 * @param {Key} key
 * @param {Record<string, string|number>} [values] numbers are written as the language does
 * @returns {string}
 */
export function t(key, values = {}) {
  const entry = chosen[key];
  const text = typeof entry === 'string' ? entry : entry[plural.select(Number(values.n))];
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === 'number' ? number.format(value) : value;
  });
}

/** @param {string[]} names @returns {string} one after the other */
export const listed = (names) => list.format(names);
