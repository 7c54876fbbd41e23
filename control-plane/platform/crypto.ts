import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Secrets at rest: AES-256-GCM. `purpose` says where the value stands (`nas.api_password`) and is authenticated together with the company, so that a value
 * copied to another column or company does not open.
 */
export interface SecretBox {
  seal(purpose: string, tenantId: bigint, secret: string): Buffer;
  /** @throws Error when no key fits, or the value was altered or moved */
  open(purpose: string, tenantId: bigint, sealed: Uint8Array): string;
  /** HMAC-SHA256 of a text under a key of this purpose alone. */
  sign(purpose: string, text: string): Buffer;
}

// 1 byte format | 4 bytes key id | 12 bytes nonce | ciphertext | 16 bytes tag
const FORMAT = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;

interface Key {
  id: Buffer;
  secret: Buffer;
}

/**
 * @param masterKey 32 bytes; what is sealed from now on is sealed with it
 * @param former keys that older values may still be sealed with, while a rotation is under way
 */
export function createSecretBox(masterKey: Buffer, former: readonly Buffer[] = []): SecretBox {
  const current = deriveKey(masterKey);
  const keys = [current, ...former.map(deriveKey)];
  return {
    sign: (purpose, text) =>
      createHmac('sha256', Buffer.from(hkdfSync('sha256', masterKey, '', `lango signatures ${purpose}`, 32)))
        .update(text)
        .digest(),
    seal(purpose, tenantId, secret) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.secret, nonce).setAAD(place(purpose, tenantId));
      const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(FORMAT), current.id, nonce, body, cipher.getAuthTag()]);
    },
    open(purpose, tenantId, sealed) {
      const bytes = Buffer.from(sealed);
      const id = bytes.subarray(1, 1 + KEY_ID_BYTES);
      const key = keys.find((one) => one.id.equals(id));
      if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes[0] !== FORMAT || !key) {
        throw new Error(
          `The stored ${purpose} was sealed with another key. Start with the LANGO_MASTER_KEY that it was written under, or enter the secret again.`,
        );
      }
      const decipher = createDecipheriv('aes-256-gcm', key.secret, bytes.subarray(1 + KEY_ID_BYTES, HEAD_BYTES)).setAAD(
        place(purpose, tenantId),
      );
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()]).toString(
        'utf8',
      );
    },
  };
}

/** A key of its own for this use, so that the master key never meets data; its id is what a value names it by. */
function deriveKey(masterKey: Buffer): Key {
  const secret = Buffer.from(hkdfSync('sha256', masterKey, '', 'lango secrets at rest', 32));
  return { secret, id: createHash('sha256').update(secret).digest().subarray(0, KEY_ID_BYTES) };
}

function place(purpose: string, tenantId: bigint): Buffer {
  return Buffer.from(`${purpose}\n${tenantId}`);
}
