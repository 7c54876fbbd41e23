/** How a value is printed: as it stands, an amount with its currency, a moment in the company's zone, a whole number. */
export type ValueType = 'text' | 'money' | 'moment' | 'count';

/** What somebody may not want to hear of. */
export const topics = ['payments', 'expiry', 'service', 'news'] as const;
export type Topic = (typeof topics)[number];

interface Kind {
  /** Null: nobody can mute it. */
  topic: Topic | null;
  /** now: also at night. day: waits for the end of the quiet hours. */
  urgency: 'now' | 'day';
  /** Said by itself when something happens (prisma/functions/messages-events.sql); a company can switch it off. */
  automatic: boolean;
  /** Holds a code or a key: values are sealed until it is sent, and the text is kept nowhere. */
  secret: boolean;
  /** What a template may name, beside `company`. */
  variables: Readonly<Record<string, ValueType>>;
}

const of = (
  topic: Topic | null,
  urgency: Kind['urgency'],
  variables: Kind['variables'],
  more: Partial<Kind> = {},
): Kind => ({ topic, urgency, automatic: topic !== null, secret: false, variables, ...more });

const service = { name: 'text', package: 'text', username: 'text' } as const;

/** Everything that can be said. `message_kinds()` in prisma/functions/messages.sql says the same to the database; a test holds the two to each other. */
export const catalogue = {
  code: of(null, 'now', { code: 'text', minutes: 'count' }, { secret: true }),
  invitation: of(null, 'now', { name: 'text', inviter: 'text', link: 'text', hours: 'count' }, { secret: true }),
  joined: of(null, 'now', { name: 'text', package: 'text', username: 'text', password: 'text' }, { secret: true }),
  test: of(null, 'now', { name: 'text' }),
  router_alert: of(null, 'now', { router: 'text', what: 'text', at: 'moment' }),
  notice: of('news', 'day', { name: 'text', text: 'text' }, { automatic: false }),
  welcome: of('service', 'now', { ...service, expires: 'moment' }),
  payment_received: of('payments', 'now', { ...service, amount: 'money', reference: 'text', expires: 'moment' }),
  payment_kept: of('payments', 'now', {
    ...service,
    amount: 'money',
    reference: 'text',
    balance: 'money',
    price: 'money',
  }),
  payment_refunded: of('payments', 'now', { name: 'text', amount: 'money', reference: 'text' }),
  renewed: of('payments', 'now', { ...service, expires: 'moment' }),
  expiry_soon: of('expiry', 'day', { ...service, expires: 'moment', days: 'count', price: 'money', pay: 'text' }),
  expired: of('expiry', 'now', { ...service, price: 'money', pay: 'text' }),
  suspended: of('service', 'now', service),
  resumed: of('service', 'now', { ...service, expires: 'moment' }),
  invoice_issued: of('payments', 'day', { name: 'text', amount: 'money', due: 'moment' }),
  invoice_due: of('expiry', 'day', { name: 'text', amount: 'money', due: 'moment', days: 'count' }),
  invoice_paid: of('payments', 'now', { name: 'text', amount: 'money', reference: 'text', owed: 'money' }),
  service_cut: of('service', 'now', { name: 'text', amount: 'money', due: 'moment' }),
} as const satisfies Record<string, Kind>;

export type MessageKind = keyof typeof catalogue;
export const messageKinds = Object.keys(catalogue) as MessageKind[];

export function isMessageKind(text: string): text is MessageKind {
  return Object.hasOwn(catalogue, text);
}

export const kindOf = (kind: MessageKind): Kind => catalogue[kind];

export const channels = ['sms', 'email'] as const;
export type Channel = (typeof channels)[number];

/** A value as it is handed over: money with its currency, a moment as ISO text. */
export type MessageValue = string | number | { cents: number; currency: string };
export type MessageValues = Readonly<Record<string, MessageValue>>;
