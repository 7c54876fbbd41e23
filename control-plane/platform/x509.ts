import { createHash, generateKeyPair, randomBytes, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { asn1, md, pkcs12, pki } from 'node-forge';

/**
 * X.509 made here (RFC 5280), for what speaks TLS with us: RadSec and 802.1X. RSA with 2048 bits and SHA-256, which every RouterOS since 6.44 imports.
 * node:crypto makes no certificates; node-forge does, and its keys are drawn by node:crypto, which is a hundred times faster at it.
 */
export interface IssuedCertificate {
  certificatePem: string;
  /** PKCS#8; undefined when the holder made the key and sent a request. */
  keyPem: string | undefined;
  /** Upper-case hex, as node:tls shows it. */
  serial: string;
  /** SHA-256 over the DER form, lower-case hex. */
  fingerprint: string;
  notBefore: Date;
  notAfter: Date;
}

/** Who signs. */
export interface Signer {
  certificatePem: string;
  keyPem: string;
}

export interface LeafWanted {
  commonName: string;
  purpose: 'server' | 'client';
  /** Host names and addresses of a server. */
  names?: readonly string[];
  notBefore: Date;
  notAfter: Date;
  /** PEM of a PKCS#10 request whose key is certified instead of a new one; its names are not taken over. */
  request?: string;
}

/** Clocks of routers that have just started are often behind. */
const BACKDATED_MS = 24 * 3600_000;
const rsaKeys = promisify(generateKeyPair);

/** Makes an authority that may sign certificates of others, and no further authorities. */
export async function makeAuthority(commonName: string, notBefore: Date, notAfter: Date): Promise<IssuedCertificate> {
  const keyPem = await newKey();
  const key = pki.privateKeyFromPem(keyPem);
  const certificate = blank(commonName, publicOf(key), notBefore, notAfter);
  certificate.setIssuer(certificate.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(key, md.sha256.create());
  return issued(certificate, keyPem);
}

/** What is wrong with a certificate request; undefined when it can be signed. Its signature proves that the sender holds the key. */
export function requestFault(pem: string): string | undefined {
  try {
    const request = pki.certificationRequestFromPem(pem);
    if (!request.verify()) return 'is not signed by its own key';
    const bits = (request.publicKey as pki.rsa.PublicKey).n.bitLength();
    return bits >= 2048 && bits <= 8192 ? undefined : 'must have an RSA key of 2048 to 8192 bits';
  } catch {
    return 'must be a PKCS#10 request in PEM with an RSA key';
  }
}

/** Signs a certificate. @throws when the request cannot be read (see requestFault) */
export async function issueCertificate(signer: Signer, wanted: LeafWanted): Promise<IssuedCertificate> {
  const authority = pki.certificateFromPem(signer.certificatePem);
  const keyPem = wanted.request === undefined ? await newKey() : undefined;
  const publicKey =
    keyPem === undefined
      ? (pki.certificationRequestFromPem(wanted.request ?? '').publicKey as pki.rsa.PublicKey)
      : publicOf(pki.privateKeyFromPem(keyPem));
  const certificate = blank(wanted.commonName, publicKey, wanted.notBefore, wanted.notAfter);
  certificate.setIssuer(authority.subject.attributes);
  const serverAuth = wanted.purpose === 'server';
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth, clientAuth: !serverAuth },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: authority.generateSubjectKeyIdentifier().getBytes() },
    ...(wanted.names?.length ? [{ name: 'subjectAltName', altNames: wanted.names.map(altName) }] : []),
  ]);
  certificate.sign(pki.privateKeyFromPem(signer.keyPem), md.sha256.create());
  return issued(certificate, keyPem);
}

/** Certificate, key and authorities in one PKCS#12 file (RFC 7292), in the older encryption that RouterOS and phones read. */
export function packPkcs12(leaf: Signer, authorities: readonly string[], password: string, name: string): Buffer {
  const chain = [leaf.certificatePem, ...authorities].map((pem) => pki.certificateFromPem(pem));
  const packed = pkcs12.toPkcs12Asn1(pki.privateKeyFromPem(leaf.keyPem), chain, password, {
    algorithm: '3des',
    friendlyName: name,
  });
  return Buffer.from(asn1.toDer(packed).getBytes(), 'latin1');
}

/** SHA-256 over the DER form, lower-case hex: what a certificate is known by. */
export function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

async function newKey(): Promise<string> {
  const { privateKey } = await rsaKeys('rsa', { modulusLength: 2048 });
  // forge reads PKCS#1 and PKCS#8; routers read both too.
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function publicOf(key: pki.rsa.PrivateKey): pki.rsa.PublicKey {
  return pki.setRsaPublicKey(key.n, key.e);
}

function blank(commonName: string, publicKey: pki.rsa.PublicKey, notBefore: Date, notAfter: Date): pki.Certificate {
  const certificate = pki.createCertificate();
  certificate.publicKey = publicKey;
  // Positive and 16 octets (RFC 5280 section 4.1.2.2).
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  certificate.serialNumber = serial.toString('hex');
  certificate.validity.notBefore = new Date(notBefore.getTime() - BACKDATED_MS);
  certificate.validity.notAfter = notAfter;
  certificate.setSubject([
    // The types of forge say a class; it is the string type that is meant, and it encodes as it says.
    { name: 'commonName', value: commonName, valueTagClass: asn1.Type.UTF8 as unknown as asn1.Class },
    { name: 'organizationName', value: 'Lango' },
  ]);
  return certificate;
}

/** GeneralName: 7 an address, 2 a host name (RFC 5280 section 4.2.1.6). */
function altName(name: string): object {
  return isIP(name) > 0 ? { type: 7, ip: name } : { type: 2, value: name };
}

function issued(certificate: pki.Certificate, keyPem: string | undefined): IssuedCertificate {
  const certificatePem = pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
  const parsed = new X509Certificate(certificatePem);
  return {
    certificatePem,
    keyPem,
    serial: parsed.serialNumber,
    fingerprint: fingerprintOf(parsed.raw),
    notBefore: certificate.validity.notBefore,
    notAfter: certificate.validity.notAfter,
  };
}
