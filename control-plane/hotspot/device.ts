import { z } from 'zod';

/** What the router's page hands over (docs/reference/captive.md). All of it comes from the browser and may be made up. */
export const deviceFields = {
  mac: z.string().max(40).default(''),
  login: z.string().max(300).default(''),
  router: z.string().max(20).default(''),
  lang: z.string().max(5).default(''),
};

export interface Said {
  mac: string;
  login: string;
  router: string;
  lang: string;
}

/** A device as far as it makes sense. */
export interface Device {
  mac: string | undefined;
  /** The router's own login page. */
  login: string | undefined;
  router: bigint | undefined;
}

export function readDevice(said: Said): Device {
  return { mac: readMac(said.mac), login: readLogin(said.login), router: readRouter(said.router) };
}

/** `AA:BB:CC:DD:EE:FF` of any common spelling; undefined for what is no single device's address. */
export function readMac(text: string): string | undefined {
  const hex = text.replaceAll(/[\s:.-]/g, '').toUpperCase();
  if (!/^[0-9A-F]{12}$/.test(hex) || hex === '000000000000' || (parseInt(hex.slice(0, 2), 16) & 1) === 1)
    return undefined;
  return hex.match(/../g)?.join(':');
}

function readRouter(text: string): bigint | undefined {
  return /^[1-9]\d{0,17}$/.test(text) ? BigInt(text) : undefined;
}

/** RFC 1918 and 6598: a router's own address in its hotspot's network. */
const PRIVATE = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;

/** A router's login page, by its private address. Names are refused: whoever wrote the link could name any host, and the login is sent there. */
export function readLogin(text: string): string | undefined {
  if (text === '' || text.length > 200 || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!/^https?:$/.test(url.protocol) || !plain || !/^(\/(en|sw))?\/login$/.test(url.pathname)) return undefined;
  return /^\d+\.\d+\.\d+\.\d+$/.test(url.hostname) && PRIVATE.test(url.hostname) ? url.href : undefined;
}

/** `07•• ••• 678`: its owner knows it again, nobody else learns it. */
export const maskPhone = (e164: string): string => {
  const digits = e164.startsWith('+254') ? `0${e164.slice(4)}` : e164;
  return `${digits.slice(0, 2)}•• ••• ${digits.slice(-3)}`;
};

/** The last two octets: enough to tell one's own devices apart. */
export const maskMac = (mac: string): string => `…${mac.slice(-5)}`;
