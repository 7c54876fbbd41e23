import { z } from 'zod';
import type { Channel } from './catalogue';

/** Where the secrets of an account stand, for the seal (platform/crypto.ts). */
export const ACCOUNT_PURPOSE = 'message_provider.secrets';

export const providers = ['africastalking', 'twilio', 'smtp', 'sendgrid', 'resend'] as const;
export type Provider = (typeof providers)[number];

const line = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .regex(/^\P{Cc}*$/u, 'must be one line');
const needed = (max: number) => line(max).min(1, 'is needed');
/** Absent and empty are the same: nothing. */
const optional = (schema: z.ZodType<string>) =>
  z
    .union([z.literal('').transform(() => undefined), schema])
    .optional()
    .meta({ type: 'string' });
const email = z.string().trim().max(254).pipe(z.email('must be an e-mail address'));
const from = { from_email: email, from_name: optional(line(60)) };

/** What each provider is told: settings that may be read back, and secrets that never are. */
const forms = {
  africastalking: {
    settings: z.object({
      username: needed(60),
      sender_id: optional(
        line(11).regex(/^[A-Za-z0-9 ._-]{3,11}$/, 'must be 3 to 11 letters or digits, or a short code'),
      ),
    }),
    secrets: z.object({ api_key: needed(200) }),
  },
  twilio: {
    settings: z
      .object({
        account_sid: line(34).regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits'),
        from: optional(
          line(16).regex(
            /^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11})$/,
            'must be a number like +15005550006 or a name of up to 11 letters',
          ),
        ),
        messaging_service_sid: optional(line(34).regex(/^MG[0-9a-fA-F]{32}$/, 'must be MG and 32 hexadecimal digits')),
      })
      .refine((o) => o.from !== undefined || o.messaging_service_sid !== undefined, {
        path: ['from'],
        message: 'is needed, or messaging_service_sid',
      }),
    secrets: z.object({ auth_token: needed(200) }),
  },
  smtp: {
    settings: z.object({
      host: line(253).regex(/^[A-Za-z0-9.:-]{1,253}$/, 'must be the name or address of a mail server'),
      port: z.coerce.number('must be a port number').int('must be a port number').min(1).max(65_535).default(587),
      security: z.enum(['tls', 'starttls', 'insecure_none']).default('starttls'),
      username: optional(line(254)),
      ...from,
    }),
    secrets: z.object({ password: optional(line(200)) }),
  },
  sendgrid: {
    settings: z.object({
      ...from,
      webhook_public_key: optional(line(400).regex(/^[A-Za-z0-9+/=]+$/, 'must be the base64 key of the event webhook')),
    }),
    secrets: z.object({ api_key: needed(200) }),
  },
  resend: {
    settings: z.object(from),
    secrets: z.object({
      api_key: needed(200),
      webhook_secret: optional(line(200).regex(/^whsec_[A-Za-z0-9+/=]+$/, 'must begin with whsec_')),
    }),
  },
} as const satisfies Record<Provider, { settings: z.ZodType; secrets: z.ZodObject }>;

export const formOf = (provider: Provider) => forms[provider];
export const secretNames = (provider: Provider): string[] => Object.keys(forms[provider].secrets.shape);
export const channelOf = (provider: Provider): Channel =>
  provider === 'africastalking' || provider === 'twilio' ? 'sms' : 'email';

export function isProvider(text: string): text is Provider {
  return (providers as readonly string[]).includes(text);
}

/** A company's account, opened. */
export type Account = Record<string, unknown>;
