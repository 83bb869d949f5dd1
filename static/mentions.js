/** Whom a message calls by name, found as the server finds it. Pure. */
const mention = /(?<![\w@.-])@([A-Za-z0-9_.-]{3,32})/g;

/** @param {string} body @param {string} username @returns {boolean} */
export function calls(body, username) {
  for (const [, typed] of body.matchAll(mention)) {
    const name = typed.toLowerCase();
    if (name === username || name.replace(/[.\-_]+$/, '') === username) return true;
  }
  return false;
}
