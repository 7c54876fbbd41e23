import { z } from 'zod';
import { overlap, parseNetwork } from './network';

/** Names of interfaces, as they stand in a router: no quotes and nothing that its script language would read. */
export const interfaceName = z
  .string()
  .trim()
  .min(1, 'is needed')
  .max(40)
  .regex(/^[\w.:<>()+@ -]+$/, 'must be the name of an interface, as ether2');
const word = z
  .string()
  .trim()
  .min(1, 'is needed')
  .max(40)
  .regex(/^[A-Za-z0-9][\w-]*$/, 'must have letters, digits and dashes');
const vlanId = z.int().min(1).max(4094);
const network = z
  .string()
  .trim()
  .refine(
    (text) => parseNetwork(text) !== undefined,
    'must be a network from /16 to /30 by its first address, as 10.64.0.0/20',
  );
const rate = z.int().min(1).max(100_000_000);

/** A place where customers dial or join: an interface, or a VLAN on it, with a network of its own. */
const place = z.object({ interface: interfaceName, vlan_id: vlanId.optional(), network });

/** What a router is to serve. What is left out is none of ours and stays as it is. */
export const wanted = z
  .object({
    pppoe: z.array(place).max(16).default([]),
    hotspot: z
      .array(
        place.extend({
          /** The name of the login page: with a dot, and not .local. */
          dns_name: z
            .string()
            .trim()
            .max(80)
            .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a name with a dot')
            .refine((text) => !text.endsWith('.local'), 'must not end in .local')
            .optional(),
        }),
      )
      .max(8)
      .default([]),
    vlans: z
      .array(z.object({ name: word, vlan_id: vlanId, interface: interfaceName }))
      .max(64)
      .default([]),
    pools: z
      .array(
        z.object({
          name: word,
          ranges: z
            .string()
            .regex(/^[\d.]+(-[\d.]+)?(,[\d.]+(-[\d.]+)?)*$/, 'must be ranges, as 10.1.0.2-10.1.0.254')
            .max(200),
        }),
      )
      .max(64)
      .default([]),
    queues: z
      .array(
        z.object({
          name: word,
          target: z.string().regex(/^[\w./:-]{1,60}$/, 'must be an address, a network or an interface'),
          up_kbps: rate,
          down_kbps: rate,
        }),
      )
      .max(200)
      .default([]),
  })
  .superRefine((all, check) => {
    const places = [
      ...all.pppoe.map((one, n) => ({ ...one, path: ['pppoe', n, 'network'] })),
      ...all.hotspot.map((one, n) => ({ ...one, path: ['hotspot', n, 'network'] })),
    ];
    for (const [n, one] of places.entries())
      if (places.slice(0, n).some((other) => overlap(one.network, other.network)))
        check.addIssue({
          code: 'custom',
          path: one.path,
          message: 'shares addresses with another network of this router',
        });
  });
export type Wanted = z.output<typeof wanted>;

/** What a stored row says; older rows lack what came later. */
export const readWanted = (stored: unknown): Wanted => wanted.parse(stored ?? {});
