import type { z } from 'zod';

export const providerNames = ['mpesa', 'familybank', 'stripe'] as const;
export type ProviderName = (typeof providerNames)[number];
/** Who tells of money that came: a provider, or a bank by its statement. */
export type Teller = ProviderName | 'bank';

/** A company's account with a provider, opened. */
export interface Account<S = unknown> {
  tenantId: bigint;
  settings: S;
  /** The provider's address: the operator's (LANGO_…_URL) or its own. */
  baseUrl: string;
}

/** An order as a provider needs it. */
export interface Order {
  id: bigint;
  /** Ours, six to twelve capital letters and digits. */
  accountRef: string;
  phone: string;
  amount_cents: bigint;
  currency: string;
  description: string;
  callbackUrl: string;
  /** Where a customer is sent back to, with providers that have a page. */
  returnUrl: string;
  createdAt: Date;
  at: Date;
}

/** What became of the wish to prompt somebody. Only `not_sent` may be tried again by itself: anything else may have rung a phone. */
export type Prompted =
  | { kind: 'accepted'; ref: string; ref2?: string; url?: string }
  | { kind: 'not_sent'; text: string }
  /** `account`: the company's own settings are at fault. */
  | { kind: 'refused'; code: string; text: string; account?: boolean }
  | { kind: 'silent'; text: string };

/** What a provider answers about an order. */
export type Told =
  | { kind: 'paid'; receipt?: string; amount_cents?: bigint }
  | { kind: 'failed'; code: string; text: string }
  | { kind: 'pending' }
  /** No answer, or one that nobody has seen before: ask again. */
  | { kind: 'unknown'; code?: string; text: string };

export interface Asked {
  ref: string;
  at: Date;
}

/** Money that a provider lists as received. */
export interface Listed {
  receipt: string;
  amount_cents: bigint;
  currency: string;
  payer: unknown;
  payerName: string;
  billRef: string;
  at: Date | undefined;
}

/** Money to be given back, of one receipt. `key` names this wish: the same key is the same refund, however often it is sent. */
export interface Refund {
  receipt: string;
  amount_cents: bigint;
  currency: string;
  key: string;
  /** Where a provider that answers later tells what became of it. */
  resultUrl: string;
}

/** What became of the wish to give money back. Only `not_sent` is certain to have done nothing; after `silent` the same key may be sent again. */
export type Refunded =
  | { kind: 'done'; ref: string }
  /** Taken, and on its way for days. */
  | { kind: 'pending'; ref: string; ref2?: string }
  | { kind: 'not_sent'; text: string }
  | { kind: 'refused'; code: string; text: string; account?: boolean }
  | { kind: 'silent'; text: string };

/** What a provider answers about a refund. `asked`: it tells by a call, under this name. */
export type RefundTold =
  | { kind: 'done'; ref: string }
  | { kind: 'failed'; code: string; text: string }
  | { kind: 'asked'; ref: string }
  | { kind: 'unknown'; text: string };

/**
 * One provider.
 * None of these runs inside a transaction; none throws for what a network or a provider does.
 */
export interface PaymentProvider<S = unknown> {
  name: ProviderName;
  /** Undefined: any. */
  currency: string | undefined;
  /** Whole units only, as shillings without cents. */
  wholeUnits(currency: string): boolean;
  /** It rings a Kenyan phone, once a minute at most; otherwise the customer pays on its page. */
  rings: boolean;
  /** The same order sent twice is one order to it: what was broken off may be sent again. */
  repeatable: boolean;
  /** Whether an order that failed with this code is worth asking about once more. */
  mayYetSucceed(code: string): boolean;
  /** What must be said; the secret ones never come back. */
  settings: z.ZodType<S>;
  secrets: readonly string[];
  /** The kind of hook that tells of outcomes (callback.routes.ts). */
  hook: string;
  baseUrl(settings: S): string;
  prompt(account: Account<S>, order: Order): Promise<Prompted>;
  /** Undefined: cannot be asked; such an order waits for a call or a list. */
  ask: ((account: Account<S>, asked: Asked) => Promise<Told>) | undefined;
  /** Gives money back. Undefined: a person does it by the provider's own means. */
  refund: ((account: Account<S>, refund: Refund) => Promise<Refunded>) | undefined;
  /** Whether the account is set up for it. Left out: always. */
  mayRefund?(settings: S): boolean;
  /** Left out: a refund whose outcome nobody tells waits for a call, or for a person. */
  askRefund?(account: Account<S>, refund: Refund & { ref: string }): Promise<RefundTold>;
  /** Everything received in a span, where the provider can tell. */
  list:
    | ((
        account: Account<S>,
        from: Date,
        to: Date,
      ) => Promise<{ kind: 'listed'; rows: Listed[] } | { kind: 'silent'; text: string }>)
    | undefined;
}
