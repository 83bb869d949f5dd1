/**
 * The two addresses from which this page starts code besides its modules: the one Trusted Types
 * policy, `securechat`, gives out these and nothing else, and makes neither markup nor script.
 */
/** @type {Record<string, string>} */
const fixed = {
  envelope_worker: new URL('./envelope.worker.js', import.meta.url).href,
  service_worker: '/sw.js',
};

/** @param {string} name */
function createScriptURL(name) {
  if (!Object.hasOwn(fixed, name)) throw new TypeError('not one of our addresses');
  return fixed[name];
}

const { trustedTypes } = /** @type {any} */ (globalThis);
// Browsers without Trusted Types take the plain text.
const policy = trustedTypes?.createPolicy('securechat', { createScriptURL }) ?? { createScriptURL };

/**
 * @param {'envelope_worker'|'service_worker'} name
 * @returns {string} a TrustedScriptURL where the browser knows such
 */
export const address = (name) => policy.createScriptURL(name);
