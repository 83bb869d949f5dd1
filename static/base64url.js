/**
 * Bytes as base64url without padding (RFC 4648 section 5), the only spelling on our wire.
 */

/** @param {Uint8Array} bytes */
export function encode(bytes) {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * @param {unknown} text
 * @returns {Uint8Array<ArrayBuffer>}
 * @throws {TypeError} for anything but the one canonical spelling: stray bits at the end of the
 *   text would be a second spelling of the same bytes.
 */
export function decode(text) {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1)
    throw new TypeError('not base64url');
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  if (encode(bytes) !== text) throw new TypeError('not canonical base64url');
  return bytes;
}
