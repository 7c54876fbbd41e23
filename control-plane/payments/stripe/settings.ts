import { z } from 'zod';

/** An account with Stripe. The key says whether it is for trying or in service. */
export const stripeSettings = z
  .object({
    secret_key: z
      .string()
      .trim()
      .regex(/^(sk|rk)_(test|live)_[A-Za-z0-9]{8,200}$/, 'must be a secret or restricted key, as sk_live_…'),
    /** Of the endpoint of events. Left out, Lango registers one and keeps its secret. */
    webhook_secret: z
      .string()
      .trim()
      .regex(/^whsec_\S{8,200}$/, 'must be the signing secret, as whsec_…')
      .or(z.literal(''))
      .optional(),
  })
  .transform((given) => ({
    ...given,
    mode: given.secret_key.includes('_live_') ? ('live' as const) : ('test' as const),
  }));
export type StripeSettings = z.output<typeof stripeSettings>;
