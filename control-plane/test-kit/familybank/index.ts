import { randomBytes } from 'node:crypto';
import { textOf } from '../../payments/call';
import { SimulatedServer, type Answer, type Asked } from '../simulated-server';

/** A prompt that the bank took, and what is true of it. */
export interface BankPrompt {
  merchantId: string;
  checkoutId: string;
  msisdn: string;
  amount: number;
  reference: string;
  callbackUrl: string;
  /** As it was given: it is told back. */
  word: string;
  truth: { kind: 'pending' } | { kind: 'paid'; receipt: string } | { kind: 'failed'; code: string; text: string };
}

export interface FamilyBankOptions {
  clientId: string;
  clientSecret: string;
  shortcode: string;
  /** The two clients that are public put the password together differently and spell two fields differently. */
  passwordOrder: 'shortcode_first' | 'client_first';
  fieldNames: 'upper' | 'mixed';
}

/** silent, cut: taken and not answered, or broken off; away: the proxy before the bank says that it cannot reach it. */
export type BankFault = 'away' | 'html' | 'silent' | 'cut' | 'error' | 'refused';

/** Family Bank's API as its two public clients speak to it: token by form, prompt, and calls in two shapes. */
export class SimulatedFamilyBank extends SimulatedServer {
  readonly prompts: BankPrompt[] = [];
  private readonly tokens = new Set<string>();
  private readonly faults: BankFault[] = [];
  private readonly before: ((prompt: BankPrompt) => unknown)[] = [];

  constructor(readonly options: FamilyBankOptions) {
    super();
  }

  failNext(...faults: BankFault[]): void {
    this.faults.push(...faults);
  }

  /** Done with the next prompt before it is answered. */
  beforeAnswer(work: (prompt: BankPrompt) => unknown): void {
    this.before.push(work);
  }

  forgetTokens(): void {
    this.tokens.clear();
  }

  pay(prompt: BankPrompt): BankPrompt {
    if (prompt.truth.kind !== 'paid') prompt.truth = { kind: 'paid', receipt: receiptOf() };
    return prompt;
  }

  fail(prompt: BankPrompt, code = '1032', text = 'Request cancelled by user'): BankPrompt {
    prompt.truth = { kind: 'failed', code, text };
    return prompt;
  }

  /** Tells of a prompt. `change` alters what is told, for forgeries and odd shapes. */
  call(prompt: BankPrompt, change: (body: Call) => Call = (body) => body, to = prompt.callbackUrl) {
    return this.post(to, change(callOf(prompt, this.options)));
  }

  /** Tells of money that came to the bank's paybill. */
  notify(to: string, money: { receipt: string; amount: number; account: string; msisdn: string }) {
    return this.post(to, {
      TransactionType: 'Pay Bill',
      TransID: money.receipt,
      TransTime: '20260804120000',
      TransAmount: money.amount.toFixed(2),
      BusinessShortCode: this.options.shortcode,
      BillRefNumber: money.account,
      MSISDN: money.msisdn,
      FirstName: 'JANE',
      ThirdPartyTransID: '',
    });
  }

  protected answer({ method, path, headers, text }: Asked): Answer | undefined | Promise<Answer | undefined> {
    if (path === '/connect/token') return this.token(method, text);
    const bearer = /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1] ?? '';
    if (!this.tokens.has(bearer)) return { status: 401, body: undefined };
    if (path !== '/api/v1/Mpesa/stkpush' || method !== 'POST') return { status: 404, body: undefined };
    return this.push(JSON.parse(text) as Call);
  }

  private token(method: string, text: string): Answer {
    const form = new URLSearchParams(text);
    const known =
      form.get('client_id') === this.options.clientId && form.get('client_secret') === this.options.clientSecret;
    if (method !== 'POST' || form.get('grant_type') !== 'client_credentials')
      return { status: 400, body: { error: 'unsupported_grant_type' } };
    if (!known) return { status: 400, body: { error: 'invalid_client' } };
    if (form.get('scope') !== 'ESB_REST_API') return { status: 400, body: { error: 'invalid_scope' } };
    const token = randomBytes(14).toString('hex');
    this.tokens.add(token);
    return {
      status: 200,
      body: { access_token: token, expires_in: 3600, token_type: 'Bearer', scope: 'ESB_REST_API' },
    };
  }

  private async push(body: Call): Promise<Answer | undefined> {
    const met = this.faults.shift();
    if (met === 'away') return { status: 522, body: '<html>Connection timed out</html>' };
    if (met === 'html') return { status: 200, body: '<html>Maintenance</html>' };
    if (met === 'error') return { status: 500, body: { Message: 'An error has occurred.' } };
    if (met === 'refused') return this.no('The service is closed for this merchant');
    const wrong = this.wrongIn(body);
    if (wrong) return this.no(wrong);
    const { callback, word } = this.names();
    const prompt: BankPrompt = {
      merchantId: randomBytes(8).toString('hex'),
      checkoutId: `FBL_${randomBytes(8).toString('hex')}`,
      msisdn: textOf(body['PhoneNumber']),
      amount: Number(body['Amount']),
      reference: textOf(body['AccountReference']),
      callbackUrl: textOf(body[callback]),
      word: textOf(body[word]),
      truth: { kind: 'pending' },
    };
    this.prompts.push(prompt);
    await this.before.shift()?.(prompt);
    if (met === 'silent') return undefined;
    if (met === 'cut') return 'cut';
    return {
      status: 200,
      body: {
        MerchantRequestID: prompt.merchantId,
        CheckoutRequestID: prompt.checkoutId,
        ResponseCode: '0',
        ResponseDescription: 'Success. Request accepted for processing',
        CustomerMessage: 'Success. Request accepted for processing',
      },
    };
  }

  private no(text: string): Answer {
    return { status: 200, body: { ResponseCode: '1', ResponseDescription: text } };
  }

  private names() {
    return this.options.fieldNames === 'upper'
      ? { callback: 'CallBackURL', word: 'ThirdPartyTransID' }
      : { callback: 'CallBackUrl', word: 'ThirdPartyTransId' };
  }

  private wrongIn(body: Call): string | undefined {
    const { shortcode, clientId, passwordOrder } = this.options;
    const { callback, word } = this.names();
    const names = passwordOrder === 'shortcode_first' ? shortcode + clientId : clientId + shortcode;
    const stamp = textOf(body['Timestamp']);
    if (!/^\d{14}$/.test(stamp)) return 'Invalid Timestamp';
    if (textOf(body['Password']) !== Buffer.from(names + stamp).toString('base64')) return 'Wrong credentials';
    if (textOf(body['BusinessShortCode']) !== shortcode) return 'Merchant does not exist';
    if (!/^254[17]\d{8}$/.test(textOf(body['PhoneNumber']))) return 'Invalid PhoneNumber';
    if (!/^[1-9]\d{0,5}$/.test(textOf(body['Amount']))) return 'Invalid Amount';
    if (!/^https?:\/\//.test(textOf(body[callback]))) return `Invalid ${callback}`;
    const used = this.prompts.some((one) => one.word === body[word]);
    return textOf(body[word]) === '' || used ? `Invalid ${word}` : undefined;
  }
}

type Call = Record<string, unknown>;

/** The shape with a receipt, as of a payment to the paybill; of a failure, the one like an answer. */
function callOf(prompt: BankPrompt, options: FamilyBankOptions): Call {
  if (prompt.truth.kind !== 'paid') return ackCallOf(prompt);
  return {
    TransactionType: 'Pay Bill',
    TransID: prompt.truth.receipt,
    TransTime: '20260804120000',
    TransAmount: prompt.amount.toFixed(2),
    BusinessShortCode: options.shortcode,
    BillRefNumber: prompt.reference,
    InvoiceNumber: '',
    MSISDN: prompt.msisdn,
    KYCInfo: 'JANE DOE',
    ThirdPartyTransID: prompt.word,
  };
}

/** The shape like an answer to the prompt: without receipt and amount. */
export function ackCallOf(prompt: BankPrompt): Call {
  const { truth } = prompt;
  const [code, text] =
    truth.kind === 'failed' ? [truth.code, truth.text] : truth.kind === 'paid' ? ['0', 'Success'] : ['1037', 'Timeout'];
  return {
    ResponseCode: code,
    ResponseDescription: text,
    MerchantRequestID: prompt.merchantId,
    CheckoutRequestID: prompt.checkoutId,
    CustomerMessage: text,
    ThirdPartyTransID: prompt.word,
  };
}

const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789';
export const receiptOf = (): string => `F${[...randomBytes(9)].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`;

/** Starts one; call stop(). */
export async function startFamilyBank(options: Partial<FamilyBankOptions> = {}): Promise<SimulatedFamilyBank> {
  const bank = new SimulatedFamilyBank({
    clientId: 'lango-client',
    clientSecret: 'secret-of-client',
    shortcode: '222111',
    passwordOrder: 'shortcode_first',
    fieldNames: 'upper',
    ...options,
  });
  await bank.start();
  return bank;
}
