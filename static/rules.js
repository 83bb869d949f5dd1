/** The rules for a new password, as the server judges them. Pure. */

/**
 * @param {string} password
 * @param {string} confirm
 * @param {string} username
 * @param {number} least characters
 * @returns {{length: boolean, different: boolean, same: boolean}}
 */
export function met_rules(password, confirm, username, least) {
  const plain = password.normalize('NFC');
  return {
    length: [...plain].length >= least,
    different: plain !== '' && plain.toLowerCase() !== username.trim().toLowerCase(),
    same: password !== '' && password === confirm,
  };
}
