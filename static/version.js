/** Which version of the pages' files this page is made of: the server keeps each under its hash. */
export const version = /\/static\/([^/]+)\//.exec(import.meta.url)?.[1];

/** @param {import('./frames.js').Welcome} welcome @returns {boolean} whether the server has another */
export const is_outdated = ({ assets }) =>
  version !== undefined && assets !== undefined && assets !== version;
