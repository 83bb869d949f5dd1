/** Whether words may hold markup: what reads it is loaded with the first that may. Pure. */
const marks = /[*_`[@\n\r]|~~|^>|https?:|mailto:|^(?:-|\d+\.) |^\s|\s$/iu;

/** @param {string} text @returns {boolean} whether it is one paragraph as it stands */
export const is_bare = (text) => text !== '' && !marks.test(text);
