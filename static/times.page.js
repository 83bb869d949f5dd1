/** Writes the times of a page in the reader's own way and zone. */
import { short } from './times.js';

for (const time of document.querySelectorAll('time'))
  time.textContent = short(Date.parse(time.dateTime));
