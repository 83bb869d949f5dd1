/**
 * Passkeys (WebAuthn): asks the device what the page's forms say, and sends its answer with them.
 * The server makes what is asked and judges what is answered; without this the forms stay hidden.
 */
import { decode, encode } from './base64url.js';

/** @typedef {{id: string, type: 'public-key'}} Described */

/** @param {Described[]} [described] */
const known = (described = []) => described.map((one) => ({ ...one, id: decode(one.id) }));

/** @param {any} said @returns {PublicKeyCredentialCreationOptions} */
const to_create = (said) => ({
  ...said,
  challenge: decode(said.challenge),
  user: { ...said.user, id: decode(said.user.id) },
  excludeCredentials: known(said.excludeCredentials),
});

/** @param {any} said @returns {PublicKeyCredentialRequestOptions} */
const to_get = (said) => ({
  ...said,
  challenge: decode(said.challenge),
  allowCredentials: known(said.allowCredentials),
});

/** @param {ArrayBuffer|null|undefined} buffer */
const text = (buffer) => (buffer ? encode(new Uint8Array(buffer)) : undefined);

/** @param {any} credential @returns {string} as the server reads it (WebAuthn section 5.1.8) */
function written({ id, rawId, type, response }) {
  return JSON.stringify({
    id,
    rawId: text(rawId),
    type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle),
    },
  });
}

/** @param {HTMLFormElement} form */
async function ask(form) {
  const said = JSON.parse(form.dataset.options ?? '');
  const credential =
    form.dataset.passkey === 'create'
      ? await navigator.credentials.create({ publicKey: to_create(said) })
      : await navigator.credentials.get({ publicKey: to_get(said) });
  /** @type {HTMLInputElement} */ (form.elements.namedItem('credential')).value =
    written(credential);
  form.submit();
}

/** @param {HTMLFormElement} form */
function offer(form) {
  const failed = /** @type {HTMLElement} */ (form.querySelector('.field-error'));
  let is_asking = false;
  form.hidden = false;
  form.addEventListener(
    'submit',
    async (event) => {
      // Before forms.js, which would wait for the page that follows.
      event.preventDefault();
      event.stopImmediatePropagation();
      if (is_asking) return;
      is_asking = true;
      failed.hidden = true;
      await ask(form).catch(() => (failed.hidden = false));
      is_asking = false;
    },
    true,
  );
}

if (globalThis.PublicKeyCredential)
  for (const form of document.querySelectorAll('form[data-passkey]'))
    offer(/** @type {HTMLFormElement} */ (form));
