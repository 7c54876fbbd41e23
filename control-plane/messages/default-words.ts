import type { Locale } from '../platform/i18n';
import type { Channel, MessageKind } from './catalogue';

export interface Words {
  subject: string | null;
  body: string;
}

/** SMS text and e-mail subject; the e-mail says the same in a letter around it. Plain letters only: one curly quote makes an SMS of 160 letters one of 70. */
type Shipped = Record<Locale, { sms: string; subject: string; email?: string }>;

const shipped: Record<MessageKind, Shipped> = {
  code: {
    en: {
      sms: '{{code}} is your code for {{company}}. It works for {{minutes}} minutes. Give it to nobody.',
      subject: 'Your code for {{company}}',
    },
    sw: {
      sms: '{{code}} ni namba yako ya siri ya {{company}}. Inatumika kwa dakika {{minutes}}. Usimpe mtu yeyote.',
      subject: 'Namba yako ya siri ya {{company}}',
    },
  },
  invitation: {
    en: {
      sms: '{{inviter}} invites you to work with {{company}}. Set your password within {{hours}} hours: {{link}}',
      subject: '{{inviter}} invites you to {{company}}',
      email:
        'Hello {{name}},\n\n{{inviter}} invites you to work with {{company}}. Set your password here within {{hours}} hours:\n\n{{link}}\n\nIf you expected no invitation, do nothing.',
    },
    sw: {
      sms: '{{inviter}} anakualika kufanya kazi na {{company}}. Weka nenosiri lako ndani ya saa {{hours}}: {{link}}',
      subject: '{{inviter}} anakualika {{company}}',
      email:
        'Habari {{name}},\n\n{{inviter}} anakualika kufanya kazi na {{company}}. Weka nenosiri lako hapa ndani ya saa {{hours}}:\n\n{{link}}\n\nKama hukutarajia mwaliko huu, usifanye chochote.',
    },
  },
  router_alert: {
    en: {
      sms: '{{router}}: {{what}} ({{at}}). {{company}}',
      subject: '{{router}}: {{what}}',
    },
    sw: {
      sms: '{{router}}: {{what}} ({{at}}). {{company}}',
      subject: '{{router}}: {{what}}',
    },
  },
  joined: {
    en: {
      sms: 'Welcome to {{company}}, {{name}}. Your login for {{package}} is {{username}}, the password {{password}}. It works as soon as it is paid.',
      subject: 'Your login at {{company}}',
    },
    sw: {
      sms: 'Karibu {{company}}, {{name}}. Jina lako la kuingia la {{package}} ni {{username}}, nenosiri {{password}}. Litafanya kazi ukishalipa.',
      subject: 'Jina lako la kuingia {{company}}',
    },
  },
  test: {
    en: { sms: 'This is a test of {{company}}. It has arrived.', subject: 'Test of {{company}}' },
    sw: { sms: 'Hili ni jaribio la {{company}}. Limefika.', subject: 'Jaribio la {{company}}' },
  },
  notice: {
    en: { sms: '{{text}}', subject: 'News from {{company}}' },
    sw: { sms: '{{text}}', subject: 'Habari kutoka {{company}}' },
  },
  welcome: {
    en: {
      sms: 'Welcome to {{company}}, {{name}}. Your {{package}} is on{{#if expires}} until {{expires}}{{/if}}. Your login is {{username}}.',
      subject: 'Welcome to {{company}}',
    },
    sw: {
      sms: 'Karibu {{company}}, {{name}}. {{package}} yako iko hewani{{#if expires}} hadi {{expires}}{{/if}}. Jina lako la kuingia ni {{username}}.',
      subject: 'Karibu {{company}}',
    },
  },
  payment_received: {
    en: {
      sms: '{{company}}: we received {{amount}}, receipt {{reference}}. {{package}} is on{{#if expires}} until {{expires}}{{/if}}. Thank you, {{name}}.',
      subject: 'Receipt {{reference}} for {{amount}}',
    },
    sw: {
      sms: '{{company}}: tumepokea {{amount}}, risiti {{reference}}. {{package}} iko hewani{{#if expires}} hadi {{expires}}{{/if}}. Asante, {{name}}.',
      subject: 'Risiti {{reference}} ya {{amount}}',
    },
  },
  payment_refunded: {
    en: {
      sms: '{{company}} has given {{amount}} back to you (payment {{reference}}).',
      subject: '{{amount}} given back',
    },
    sw: {
      sms: '{{company}} imekurudishia {{amount}} (malipo {{reference}}).',
      subject: '{{amount}} zimerudishwa',
    },
  },
  payment_kept: {
    en: {
      sms: '{{company}}: we received {{amount}}, receipt {{reference}}, and keep it in your wallet, which holds {{balance}}.{{#if price}} {{package}} costs {{price}}.{{/if}}',
      subject: '{{amount}} is in your wallet',
    },
    sw: {
      sms: '{{company}}: tumepokea {{amount}}, risiti {{reference}}, na tumeiweka kwenye pochi yako yenye {{balance}}.{{#if price}} Bei ya {{package}} ni {{price}}.{{/if}}',
      subject: '{{amount}} imo kwenye pochi yako',
    },
  },
  renewed: {
    en: {
      sms: '{{company}}: your {{package}} is renewed{{#if expires}} until {{expires}}{{/if}}. Thank you, {{name}}.',
      subject: 'Your {{package}} is renewed',
    },
    sw: {
      sms: '{{company}}: {{package}} yako imeongezwa{{#if expires}} hadi {{expires}}{{/if}}. Asante, {{name}}.',
      subject: '{{package}} yako imeongezwa',
    },
  },
  expiry_soon: {
    en: {
      sms: '{{company}}: your {{package}} ends {{expires}}. Pay {{price}} before then to stay online{{#if pay}}: {{pay}}{{else}}.{{/if}}',
      subject: 'Your {{package}} ends {{expires}}',
    },
    sw: {
      sms: '{{company}}: {{package}} yako inaisha {{expires}}. Lipa {{price}} kabla ya hapo ubaki hewani{{#if pay}}: {{pay}}{{else}}.{{/if}}',
      subject: '{{package}} yako inaisha {{expires}}',
    },
  },
  expired: {
    en: {
      sms: '{{company}}: your {{package}} has ended. Pay {{price}} and you are online again at once{{#if pay}}: {{pay}}{{else}}.{{/if}}',
      subject: 'Your {{package}} has ended',
    },
    sw: {
      sms: '{{company}}: {{package}} yako imeisha. Lipa {{price}} na utarudi hewani mara moja{{#if pay}}: {{pay}}{{else}}.{{/if}}',
      subject: '{{package}} yako imeisha',
    },
  },
  suspended: {
    en: {
      sms: '{{company}}: your {{package}} is suspended. Please call us.',
      subject: 'Your {{package}} is suspended',
    },
    sw: {
      sms: '{{company}}: {{package}} yako imesimamishwa. Tafadhali tupigie simu.',
      subject: '{{package}} yako imesimamishwa',
    },
  },
  invoice_issued: {
    en: {
      sms: '{{company}}: your invoice of {{amount}} is ready, {{name}}. Please pay it by {{due}}.',
      subject: 'Your invoice of {{amount}}',
    },
    sw: {
      sms: '{{company}}: ankara yako ya {{amount}} iko tayari, {{name}}. Tafadhali ilipe kabla ya {{due}}.',
      subject: 'Ankara yako ya {{amount}}',
    },
  },
  invoice_due: {
    en: {
      sms: '{{company}}: {{amount}} is to be paid by {{due}}. Thank you if you have paid already.',
      subject: '{{amount}} is to be paid by {{due}}',
    },
    sw: {
      sms: '{{company}}: {{amount}} inatakiwa kulipwa kabla ya {{due}}. Asante ikiwa umeshalipa.',
      subject: '{{amount}} inatakiwa kulipwa kabla ya {{due}}',
    },
  },
  invoice_paid: {
    en: {
      sms: '{{company}}: we received {{amount}}, receipt {{reference}}. Thank you, {{name}}.{{#if owed}} Still to be paid: {{owed}}.{{/if}}',
      subject: 'Receipt {{reference}} for {{amount}}',
    },
    sw: {
      sms: '{{company}}: tumepokea {{amount}}, risiti {{reference}}. Asante, {{name}}.{{#if owed}} Bado unadaiwa: {{owed}}.{{/if}}',
      subject: 'Risiti {{reference}} ya {{amount}}',
    },
  },
  service_cut: {
    en: {
      sms: '{{company}}: your service is off because {{amount}} was to be paid by {{due}}. Pay it and you are online again at once.',
      subject: 'Your service is off: {{amount}} is owed',
    },
    sw: {
      sms: '{{company}}: huduma yako imezimwa kwa sababu {{amount}} ilitakiwa kulipwa kabla ya {{due}}. Lipa na utarudi hewani mara moja.',
      subject: 'Huduma yako imezimwa: unadaiwa {{amount}}',
    },
  },
  resumed: {
    en: {
      sms: '{{company}}: your {{package}} is on again{{#if expires}} until {{expires}}{{/if}}.',
      subject: 'Your {{package}} is on again',
    },
    sw: {
      sms: '{{company}}: {{package}} yako iko hewani tena{{#if expires}} hadi {{expires}}{{/if}}.',
      subject: '{{package}} yako iko hewani tena',
    },
  },
};

/** The words that are sent where a company has none of its own. */
export function defaultWords(kind: MessageKind, channel: Channel, locale: Locale): Words {
  const { sms, subject, email } = shipped[kind][locale];
  return channel === 'sms' ? { subject: null, body: sms } : { subject, body: email ?? sms };
}
