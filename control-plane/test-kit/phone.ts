/** What a phone's browser got: where it ended up after redirects, and the page. */
export interface PhonePage {
  status: number;
  /** Path and query. */
  path: string;
  text: string;
}

/** A browser of a guest without scripts: keeps cookies, follows redirects within the site, and sends the forms of the page that it shows. */
export interface Phone {
  cookies: Map<string, string>;
  open(path: string): Promise<PhonePage>;
  /** Sends the form of the last page whose address ends so, with its own fields and these. */
  send(action: string, fields?: Record<string, string>): Promise<PhonePage>;
}

export function phoneAt(baseUrl: string, locale = 'en'): Phone {
  const cookies = new Map<string, string>();
  let last: PhonePage = { status: 0, path: '/', text: '' };
  const ask = async (path: string, init: RequestInit): Promise<PhonePage> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(baseUrl + path, {
      ...init,
      headers: { 'accept-language': locale, ...(cookie === '' ? {} : { cookie }) },
      redirect: 'manual',
    });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
      cookies.set(name, value);
    }
    const to = answer.headers.get('location');
    if (to !== null) return ask(to, {});
    last = { status: answer.status, path, text: await answer.text() };
    return last;
  };
  return {
    cookies,
    open: (path) => ask(path, {}),
    send(action, fields = {}) {
      const form = [...last.text.matchAll(/<form[^>]*action="([^"]+)"[^>]*>(.*?)<\/form>/gs)].find(([, to]) =>
        to?.endsWith(action),
      );
      if (!form) throw new Error(`No form to ${action} on ${last.path}: ${last.text.slice(0, 3000)}`);
      const [, to = '', body = ''] = form;
      const given: Record<string, string> = {};
      for (const [input] of body.matchAll(/<input[^>]*>/g)) {
        const of = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(input)?.[1];
        const name = of('name');
        const chosen = !/type="(radio|checkbox)"/.test(input) || / checked/.test(input);
        if (name !== undefined && chosen) given[name] = of('value') ?? '';
      }
      return ask(to, { method: 'POST', body: new URLSearchParams({ ...given, ...fields }) });
    },
  };
}

/** The words of a page without its marks. */
export const wordsOf = (page: PhonePage): string =>
  page.text
    .replace(/<(script|style|svg).*?<\/\1>/gs, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
