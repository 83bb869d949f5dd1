// Opens envelopes with the independent library `jose`: one JSON object a line on standard input,
// {"room_key": base64url, "envelope": {protected, encrypted_key, iv, ciphertext, tag}};
// one plaintext a line on standard output. Ends with status 1 and the reason at the first failure.
import { createInterface } from 'node:readline';
import { flattenedDecrypt } from 'jose';
import './webcrypto.js';

const only = {
  keyManagementAlgorithms: ['A256KW'],
  contentEncryptionAlgorithms: ['A256CBC-HS512'],
};
let line_number = 0;
try {
  for await (const line of createInterface({ input: process.stdin })) {
    line_number++;
    if (!line.trim()) continue;
    const { room_key, envelope } = JSON.parse(line);
    const key = Buffer.from(room_key, 'base64url');
    const { plaintext } = await flattenedDecrypt(envelope, key, only);
    process.stdout.write(`${Buffer.from(plaintext).toString('utf8')}\n`);
  }
} catch (error) {
  process.stderr.write(`line ${line_number}: ${error}\n`);
  process.exitCode = 1;
}
