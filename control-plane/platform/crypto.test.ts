import { randomBytes } from 'node:crypto';
import { createSecretBox } from './crypto';

const key = randomBytes(32);
const box = createSecretBox(key);

test('a secret opens where it was sealed and shows nothing of itself', () => {
  const sealed = box.seal('nas.api_password', 1n, 'pässword');
  expect(box.open('nas.api_password', 1n, sealed)).toBe('pässword');
  expect(sealed.includes(Buffer.from('ssword'))).toBe(false);
  expect(box.seal('nas.api_password', 1n, 'pässword').equals(sealed)).toBe(false);
});

test('a value moved to another column or company, or altered in any byte, does not open', () => {
  const sealed = box.seal('nas.api_password', 1n, 'secret');
  expect(() => box.open('payments.consumer_secret', 1n, sealed)).toThrow();
  expect(() => box.open('nas.api_password', 2n, sealed)).toThrow();
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = Buffer.from(sealed);
    altered[at] = (altered[at] ?? 0) ^ 1;
    expect(() => box.open('nas.api_password', 1n, altered)).toThrow();
  }
  expect(() => box.open('nas.api_password', 1n, Buffer.alloc(3))).toThrow(/LANGO_MASTER_KEY/);
});

test('after a rotation old values open while the former key is given, and not without it', () => {
  const sealed = box.seal('nas.api_password', 1n, 'secret');
  const rotated = createSecretBox(randomBytes(32), [key]);
  expect(rotated.open('nas.api_password', 1n, sealed)).toBe('secret');
  expect(() => createSecretBox(randomBytes(32)).open('nas.api_password', 1n, sealed)).toThrow(/LANGO_MASTER_KEY/);
  expect(() => box.open('nas.api_password', 1n, rotated.seal('nas.api_password', 1n, 'new'))).toThrow();
});
