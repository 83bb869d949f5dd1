/**
 * Words as they are looked for. Pure.
 * @param {string} text
 * @returns {string} without case and accents: "Müller" is found by "muller"
 */
export const fold = (text) => text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
