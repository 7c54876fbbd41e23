import { slicePageRoutes } from '../../slices';

/** What a page refuses to be without. */
const queries = (ids: Record<string, string>): Record<string, string> => ({
  '/subscriptions/new': `?client=${ids['clients']}`,
  '/subscriptions/:id/change-plan': `?package_id=${ids['packages']}`,
  '/discounts/claim': `?subscription=${ids['subscriptions']}`,
  '/certificates': `?subscription=${ids['subscriptions']}`,
  '/bulk/new': '?action=extend',
  '/messages/new': `?client=${ids['clients']}`,
});

/** What else than an id an address may name, where every company has the same. */
const named: Record<string, string> = {
  '/payments/settings/:provider': 'mpesa',
};

/** Every page of the console, with the ids of what a company owns (test-kit/furnish.ts); files and fragments left out. */
export function pageAddresses(ids: Record<string, string>): string[] {
  const pages = slicePageRoutes()
    .flatMap(({ routes }) => routes)
    .filter(({ method, permission }) => method === 'GET' && permission !== 'public');
  return pages.flatMap(({ path }) => {
    const noun = Object.keys(ids)
      .filter((one) => path.startsWith(`/${one}/`))
      .sort((a, b) => b.length - a.length)[0];
    const one = named[path] ?? ids[noun ?? ''];
    const many = (path.match(/:/g) ?? []).length;
    if (/csv$|json$|pdf$/.test(path) || many > 1 || (many === 1 && one === undefined)) return [];
    return [path.replace(/:\w+/, one ?? '') + (queries(ids)[path] ?? '')];
  });
}
