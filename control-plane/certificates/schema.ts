import { z } from 'zod';
import { idField } from '../platform/http/input';

export const newCertificate = z.object({
  subscription_id: idField,
  /** What the staff call the device. */
  name: z
    .string()
    .trim()
    .min(1, 'is needed')
    .max(64)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters'),
  days: z.int().min(1).max(820).optional(),
});
export type NewCertificate = z.output<typeof newCertificate>;

export const certificateAnswer = z.object({
  id: z.string(),
  subscription_id: z.string(),
  username: z.string(),
  name: z.string(),
  serial: z.string(),
  issued_at: z.string(),
  not_after: z.string(),
  revoked_at: z.string().nullable(),
});
export type Certificate = z.output<typeof certificateAnswer>;

/** Given once, when it is issued. The PKCS#12 file holds certificate, key and authority, closed by the password. */
export const issuedAnswer = certificateAnswer.extend({
  certificate_pem: z.string(),
  key_pem: z.string(),
  authority_pem: z.string(),
  pkcs12_base64: z.string(),
  pkcs12_password: z.string(),
});
