import africastalking from 'africastalking';
import { createRequire } from 'node:module';
import { neverSent } from '../../platform/http/call-out';
import { saidBy, type Carrier, type CarrierFault, type CarrierTools, type Sent } from './carrier';
import { outcomeOfStatus } from './post-carrier';

export interface AfricasTalkingAccount {
  username: string;
  api_key: string;
  /** Short code or registered name; the shared one of Africa's Talking where there is none. */
  sender_id?: string | undefined;
}

// The package has no option for its address and none for a time limit. Its address is a property of a module of its own that it reads in the very call
// of send(), and that creating a client named `sandbox` turns over for all clients of the process; its requests go through its own axios.
const inside = createRequire(require.resolve('africastalking'));
const common = inside('./lib/common') as { SMS_URL: string };
const axios = inside('axios') as { defaults: { timeout?: number; maxRedirects?: number; maxContentLength?: number } };
axios.defaults.maxRedirects = 0;
axios.defaults.maxContentLength = 1_000_000;

const LIVE = 'https://api.africastalking.com';
const SANDBOX = 'https://api.sandbox.africastalking.com';

interface Recipient {
  statusCode?: unknown;
  status?: unknown;
  cost?: unknown;
  messageId?: unknown;
}

/** SMS through Africa's Talking, with the `africastalking` package behind what it lacks: an address per call, a time limit, errors without the key in them. */
export function africasTalking(account: AfricasTalkingAccount, { urls, timeoutMs }: CarrierTools): Carrier {
  const base = urls.africastalking ?? (account.username === 'sandbox' ? SANDBOX : LIVE);
  return async (message) => {
    try {
      const { username, api_key, sender_id } = account;
      const client = africastalking({ username, apiKey: api_key });
      axios.defaults.timeout = timeoutMs;
      // In one breath with send(): see above.
      common.SMS_URL = `${base}/version1/messaging`;
      const options = {
        to: message.to,
        message: message.text,
        enqueue: true,
        ...(sender_id ? { from: sender_id } : {}),
      };
      const answer: unknown = await client.SMS.send(options as Parameters<typeof client.SMS.send>[0]);
      return judge(answer);
    } catch (error) {
      return judgeError(error, [account.api_key]);
    }
  };
}

/** 201 says that the request was understood; what became of the number stands beside the number. */
function judge(answer: unknown): Sent {
  const data = (answer as { SMSMessageData?: { Message?: unknown; Recipients?: Recipient[] } } | null)?.SMSMessageData;
  const one = Array.isArray(data?.Recipients) ? data.Recipients[0] : undefined;
  if (!one)
    return byName(saidBy(data?.Message)) ?? { kind: 'unknown', error: 'no_answer', detail: saidBy(data?.Message) };
  const code = Number(one.statusCode);
  const detail = saidBy(one.status);
  const ref = typeof one.messageId === 'string' && one.messageId !== 'None' ? one.messageId.slice(0, 200) : null;
  if (code >= 100 && code <= 102) return { kind: 'accepted', ref, status: detail || 'Sent', cost: costOf(one.cost) };
  return byCode(code, detail) ?? { kind: 'refused', error: 'rejected', detail: detail || `status ${code}` };
}

const FOR_GOOD: Record<number, CarrierFault> = {
  401: 'rejected',
  403: 'address',
  404: 'address',
  406: 'blocked',
  409: 'blocked',
  502: 'rejected',
};
const NOT_NOW: Record<number, CarrierFault> = {
  402: 'sender',
  405: 'balance',
  407: 'unreachable',
  500: 'provider',
  501: 'provider',
};
const NAMES: Record<string, number> = {
  InvalidSenderId: 402,
  InsufficientBalance: 405,
  InvalidPhoneNumber: 403,
  UserInBlacklist: 406,
  CouldNotRoute: 407,
};

function byCode(code: number, detail: string): Sent | undefined {
  const forGood = FOR_GOOD[code];
  if (forGood) return { kind: 'refused', error: forGood, detail };
  const notNow = NOT_NOW[code];
  return notNow && { kind: 'again', error: notNow, detail };
}

/** Without recipients the message itself names the fault. */
const byName = (said: string): Sent | undefined => byCode(NAMES[said.replace(/\s/g, '')] ?? 0, said);

/** "KES 0.8000" as it is written in answers. */
function costOf(text: unknown): { micros: number; currency: string } | undefined {
  const [, currency, amount] = /^([A-Z]{3}) (\d{1,9}(?:\.\d{1,6})?)$/.exec(typeof text === 'string' ? text : '') ?? [];
  return currency && amount ? { currency, micros: Math.round(Number(amount) * 1_000_000) } : undefined;
}

/** What axios throws holds the key in its headers and goes no further than here. */
function judgeError(error: unknown, secrets: string[]): Sent {
  const { code, response, isAxiosError } = error as {
    code?: unknown;
    isAxiosError?: boolean;
    response?: { status: number; data?: unknown };
  };
  if (response) {
    const text = saidBy(response.data, secrets);
    return outcomeOfStatus({ status: response.status, text, json: undefined, headers: new Headers() }, text);
  }
  if (isAxiosError === true) {
    if (neverSent(code)) return { kind: 'again', error: 'connection', detail: saidBy(code) };
    if (code === 'ECONNABORTED' || code === 'ETIMEDOUT')
      return { kind: 'unknown', error: 'timeout', detail: saidBy(code) };
    return { kind: 'unknown', error: 'no_answer', detail: saidBy(code) };
  }
  // The package looks at the number itself, before anything is sent.
  if (error instanceof Error && /phone number|custom validation/i.test(error.message))
    return { kind: 'refused', error: 'address', detail: 'not a phone number' };
  if (error instanceof Error) return { kind: 'refused', error: 'rejected', detail: saidBy(error.message, secrets) };
  // A 2xx that is not 201 is thrown as the bare body.
  return { kind: 'unknown', error: 'no_answer', detail: saidBy(error, secrets) };
}
