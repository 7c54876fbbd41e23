import { Code } from '../../radius/packet';
import { radclient } from '../test-kit/radclient';
import { addUsage, makeActive, makePackage, shiftClock, type Json } from '../test-kit/story';
import { deviceOf, exchangeLogin } from './access-world';
import { MB, password, plansAtWork, slows } from './plans-at-work';

// Where a customer's packets come from and go to, from the API to the Accept of the real FreeRADIUS: its octets, and what another decoder makes of them.
jest.setTimeout(60_000);

const nas = { address: '127.63.9.2', secret: 'addressing-secret' };
const at = plansAtWork(nas);

/** Everything that a plan can say of addresses. */
const plan = { pool: 'v4', ipv6_pool: 'v6', delegated_ipv6_pool: 'pd', vlan_id: 120, address_list: 'gold' };
const pools = [
  'Framed-Pool = "v4"',
  'Framed-IPv6-Pool = "v6"',
  'Delegated-IPv6-Prefix-Pool = "pd"',
  'Mikrotik-Delegated-IPv6-Pool = "pd"',
];
const vlan = [
  'Tunnel-Type:0 = VLAN',
  'Tunnel-Medium-Type:0 = IEEE-802',
  'Tunnel-Private-Group-Id:0 = "120"',
  'Mikrotik-Wireless-VLANID = 120',
  'Mikrotik-Wireless-VLANID-Type = 802.1q',
];

let owners = 0;
/** Everything that a customer can have of their own, nobody else's, and how it stands in an Accept. */
function makeOwn() {
  owners += 1;
  const routes = [`203.0.113.${owners * 8}/29 0.0.0.0 1`, `198.51.100.${owners * 16}/28`];
  return {
    terms: {
      static_ip: `100.70.0.${owners}`,
      routes,
      framed_ipv6_prefix: `2001:DB8:7:${owners}::/64`,
      delegated_ipv6_prefix: `2001:DB8:4${owners}::/48`,
    },
    told: [
      `Framed-IP-Address = 100.70.0.${owners}`,
      ...routes.map((route) => `Framed-Route = "${route}"`),
      `Framed-IPv6-Prefix = 2001:db8:7:${owners}::/64`,
      `Delegated-IPv6-Prefix = 2001:db8:4${owners}::/48`,
    ],
  };
}
const list = (name: string) => `Mikrotik-Address-List = "${name}"`;

/** What an Accept says of addressing, as FreeRADIUS' own client decodes it, sorted. */
async function accepted(username: string): Promise<string[]> {
  const answer = await radclient(at.authPort, nas, {
    'User-Name': `"${username}"`,
    'User-Password': `"${password}"`,
    'Calling-Station-Id': `"${deviceOf(username)}"`,
    'Service-Type': 'Framed-User',
    'NAS-Port-Type': 'Ethernet',
  });
  expect(answer.code).toBe('Access-Accept');
  return answer.reply.filter(isAddressing).sort();
}

/** What every Accept has beside it: who and how long, how fast, how often to report. */
const isAddressing = (line: string): boolean =>
  !/^(Message-Authenticator|Class|Acct-Interim-Interval|Session-Timeout|Idle-Timeout|Reply-Message|Mikrotik-Rate-Limit) /.test(
    line,
  );

const sorted = (...parts: readonly (readonly string[])[]) => parts.flat().sort();

/** The octets of an attribute in an Accept, each value in hex. */
async function octets(username: string): Promise<(vendor: number, number: number) => string[]> {
  const { outcome } = await exchangeLogin(at.authPort, {
    username,
    password,
    from: nas.address,
    secret: nas.secret,
    signed: true,
  });
  if (outcome.kind === 'timeout' || outcome.reply.code !== Code.AccessAccept) throw new Error('no Accept');
  return (vendor, number) => outcome.reply.all(vendor, number).map((value) => value.toString('hex'));
}

const ascii = (text: string): string => Buffer.from(text).toString('hex');

describe('an Accept', () => {
  it('names the plan’s pools, VLAN and list, and nothing else of addressing', async () => {
    const sold = await makeActive(at.lango.api, plan);
    expect(await accepted(sold['username'])).toEqual(sorted(pools, vlan, [list('gold')]));
  });

  it('has the customer’s own addresses, prefixes and routes in place of the pools', async () => {
    const own = makeOwn();
    const sold = await makeActive(at.lango.api, plan, own.terms);
    expect(await accepted(sold['username'])).toEqual(sorted(own.told, vlan, [list('gold')]));
  });

  it('has a customer’s own prefix in place of that pool alone', async () => {
    const { delegated_ipv6_prefix: prefix } = makeOwn().terms;
    const sold = await makeActive(at.lango.api, plan, { delegated_ipv6_prefix: prefix });
    const told = [`Delegated-IPv6-Prefix = ${prefix.toLowerCase()}`, 'Framed-Pool = "v4"', 'Framed-IPv6-Pool = "v6"'];
    expect(await accepted(sold['username'])).toEqual(sorted(told, vlan, [list('gold')]));
  });

  it('of a plan and a customer without any of it says nothing of addressing', async () => {
    const sold = await makeActive(at.lango.api);
    expect(await accepted(sold['username'])).toEqual([]);
  });

  it('has each in the octets of its RFC: the VLAN’s three without a tag, prefixes with their length, each route for itself', async () => {
    const { terms } = makeOwn();
    const sold = await makeActive(at.lango.api, plan, {
      ...terms,
      framed_ipv6_prefix: '2001:db8:aa:bb::/64',
      delegated_ipv6_prefix: '2001:db8:cc::/48',
    });
    const has = await octets(sold['username']);
    // RFC 2868 3.1, 3.2, 3.6 with RFC 3580 3.31: an octet of tag (0, none) and three of number; a text that begins above 0x1f has no tag at all.
    expect([has(0, 64), has(0, 65), has(0, 81)]).toEqual([['0000000d'], ['00000006'], [ascii('120')]]);
    expect([has(14988, 26), has(14988, 27)]).toEqual([['00000078'], ['00000000']]);
    // RFC 3162 2.3 and RFC 4818 3: a reserved octet, the length, and no bit set behind the prefix.
    expect(has(0, 97)).toEqual([expect.stringMatching(/^004020010db800aa00bb(00)*$/)]);
    expect(has(0, 123)).toEqual([expect.stringMatching(/^003020010db800cc(00)*$/)]);
    expect(has(0, 22)).toEqual(terms.routes.map(ascii));
    expect(has(0, 8)).toEqual([`644600${Buffer.of(owners).toString('hex')}`]);
  });

  it('of a customer who is slowed down has all of it too', async () => {
    const own = makeOwn();
    const slow = { quota_bytes: MB, on_quota: 'throttle', throttle_down_kbps: 1000, throttle_up_kbps: 500 };
    const sold = await makeActive(at.lango.api, { ...plan, ...slow }, own.terms);
    const shared = await makeActive(at.lango.api, { ...plan, ...slow });
    for (const { id } of [sold, shared]) {
      await addUsage(at.lango.db, id, 2 * MB);
      expect(await at.show(id)).toMatchObject({ state: 'throttled' });
    }
    expect(await accepted(sold['username'])).toEqual(sorted(own.told, vlan, [list('gold')]));
    expect(await accepted(shared['username'])).toEqual(sorted(pools, vlan, [list('gold')]));
  });

  it('into the walled garden keeps the addresses, and neither the VLAN nor the list', async () => {
    const own = makeOwn();
    const hour = { ...plan, validity: { count: 1, unit: 'hour' } };
    const sold = await makeActive(at.lango.api, hour, own.terms);
    const shared = await makeActive(at.lango.api, hour);
    await shiftClock(at.lango.db, '3601 s');
    expect(await accepted(sold['username'])).toEqual(sorted(own.told, [list('expired')]));
    expect(await accepted(shared['username'])).toEqual(sorted(pools, [list('expired')]));
  });
});

it('explain tells what the Accept has, and the standard tables the plan’s part and the customer’s', async () => {
  const own = makeOwn();
  const sold = await makeActive(at.lango.api, plan, own.terms);
  const bare = (lines: string[]) =>
    lines.map((line) => line.replace(':0 = ', ' = ').replace('802.1q', '0').replaceAll('"', '')).sort();
  const { reply } = (await at.lango.api.get<Json>(`/access/explain?username=${sold['username']}`)).body;
  const said = reply.map(({ attribute, value }: Json) => `${attribute} = ${value}`).filter(isAddressing);
  expect(said.sort()).toEqual(bare(await accepted(sold['username'])));
  const rows = async (from: string) =>
    (
      await at.lango.asOwner<{ line: string }>(
        `SELECT attribute || ' = ' || value AS line FROM ${from} WHERE m.username = $1`,
        [sold['username']],
      )
    ).map(({ line }) => line);
  const group = await rows('radgroupreply JOIN radusergroup m USING (tenant_id, groupname)');
  expect(group.filter(isAddressing).sort()).toEqual(bare([...pools, ...vlan, list('gold')]));
  expect((await rows('radreply m')).sort()).toEqual(bare(own.told));
});

it('a session has it on the router', async () => {
  const { terms } = makeOwn();
  const burst = { down_kbps: 15_000, up_kbps: 8000, time_s: 8 };
  const sold = await makeActive(at.lango.api, { ...plan, burst }, terms);
  const session = await at.online(sold['username']);
  expect(session.entitlement).toMatchObject({ addressLists: ['gold'], framedAddress: terms.static_ip });
  expect(session.entitlement.rateLimit).toMatchObject({ down_bps: 10 * MB, up_bps: 5 * MB });
});

it('an address list changes with the plan by CoA, which replaces the membership', async () => {
  const sold = await makeActive(at.lango.api, { address_list: 'gold' });
  const session = await at.online(sold['username']);
  await session.interim();
  const silver = await makePackage(at.lango.api, { address_list: 'silver', down_kbps: 12_000 });
  const plain = await makePackage(at.lango.api, { down_kbps: 13_000 });
  for (const [sale, name, mbps] of [
    [silver, 'silver', 12],
    [plain, 'active', 13],
  ] as const) {
    await at.lango.api.post(`/subscriptions/${sold['id']}/change-plan`, { package_id: sale['id'], when: 'now' });
    await slows(session, mbps);
    expect(session.entitlement.addressLists).toEqual([name]);
    await session.interim();
  }
});
