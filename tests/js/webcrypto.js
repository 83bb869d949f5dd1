// Node 18 has WebCrypto but no global of that name; browsers and later versions do.
import { webcrypto } from 'node:crypto';

if (!globalThis.crypto) Object.defineProperty(globalThis, 'crypto', { value: webcrypto });
