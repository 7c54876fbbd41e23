/** Where a login is explained. */
export function explainHref(asked: {
  username: string;
  mac?: string | undefined;
  router_id?: string | undefined;
}): string {
  const query = new URLSearchParams({ username: asked.username });
  if (asked.mac) query.set('mac', asked.mac);
  if (asked.router_id) query.set('router_id', asked.router_id);
  return `/access/explain?${query.toString()}`;
}
