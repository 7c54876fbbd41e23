import { randomBytes } from 'node:crypto';
import type { SimulatedDaraja } from './index';

export interface DarajaOptions {
  consumerKey: string;
  consumerSecret: string;
  shortcode: string;
  passkey: string;
  /** How confirmations name the payer. */
  msisdnForm: 'hashed' | 'masked' | 'plain';
}

/** A prompt that was taken, and what is true of it. */
export interface Push {
  merchantId: string;
  checkoutId: string;
  msisdn: string;
  amount: number;
  reference: string;
  callbackUrl: string;
  truth:
    | { kind: 'pending' }
    | { kind: 'paid'; receipt: string; at: Date }
    | { kind: 'failed'; code: string | number; text: string };
}

/** A payment to the paybill that no prompt asked for. */
export interface HandPayment {
  receipt: string;
  at: Date;
  msisdn: string;
  amount: number;
  account: string;
}

/** What a phone and the network do once the prompt is out. */
export type Scenario = (push: Push, daraja: SimulatedDaraja) => unknown;

/** silent, cut: taken, and not answered or broken off. */
export type PushFault = 'spike' | 'locked' | 'html' | 'garbage' | 'empty' | 'silent' | 'cut';

/** What a query can say whatever is true. */
export type Lie = 'pending' | 'pending_500' | 'failed' | 'paid' | 'html';

const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789';

/** Ten letters and digits, as NLJ7RT61SV. */
export const receiptOf = (): string => `S${[...randomBytes(9)].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`;
