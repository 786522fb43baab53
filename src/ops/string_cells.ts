/** @file Texts as bytes, and what is made of their bytes: hashes and base64. */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of a cell of dtype string. */
export const bytesOf = (cell: unknown): Uint8Array =>
  cell instanceof Uint8Array ? cell : encoder.encode(cell as string);
/** Bytes as a cell: a text where they are one. */
export function cellOfBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
}
/** A cell as a text; bytes that are none are replaced. */
export const textOf = (cell: unknown): string =>
  cell instanceof Uint8Array ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(cell) : (cell as string);

// ---- hash ---------------------------------------------------------------------------------------------------------

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const rotate = (x: bigint, by: bigint): bigint => u64((x >> by) | (x << (64n - by)));
const shiftMix = (x: bigint): bigint => x ^ (x >> 47n);
function mix(u: bigint, v: bigint, mul: bigint): bigint {
  const a = shiftMix(u64((u ^ v) * mul));
  return u64(shiftMix(u64((v ^ a) * mul)) * mul);
}
type Two = readonly [bigint, bigint];

/** The fingerprint of FarmHash, 64 bits. */
export function fingerprint64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = (i: number) => view.getBigUint64(i, true);
  const n = bytes.length;
  const mul = K2 + BigInt(n) * 2n;
  if (n > 64) return long(at, n);
  if (n > 32) return upTo64(at, n, mul);
  if (n > 16) return upTo32(at, n, mul).hash;
  if (n >= 8) {
    const [a, b] = [u64(at(0) + K2), at(n - 8)];
    return mix(u64(rotate(b, 37n) * mul + a), u64((rotate(a, 25n) + b) * mul), mul);
  }
  if (n >= 4) {
    const [a, b] = [BigInt(view.getUint32(0, true)), BigInt(view.getUint32(n - 4, true))];
    return mix(BigInt(n) + (a << 3n), b, mul);
  }
  if (n === 0) return K2;
  const y = BigInt(bytes[0]! + bytes[n >> 1]! * 256);
  const z = BigInt(n + bytes[n - 1]! * 4);
  return u64(shiftMix(u64(y * K2) ^ u64(z * K0)) * K2);
}
type At = (i: number) => bigint;
function upTo32(at: At, n: number, mul: bigint, k = K1): { hash: bigint; a: bigint; y: bigint } {
  const [a, b, c, d] = [u64(at(0) * k), at(8), u64(at(n - 8) * mul), u64(at(n - 16) * K2)];
  const y = u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d);
  return { hash: mix(y, u64(a + rotate(u64(b + K2), 18n) + c), mul), a, y };
}
function upTo64(at: At, n: number, mul: bigint): bigint {
  const { hash: z, a, y } = upTo32(at, n, mul, K2);
  const [e, f] = [u64(at(16) * mul), at(24)];
  const [g, h] = [u64((y + at(n - 32)) * mul), u64((z + at(n - 24)) * mul)];
  return mix(u64(rotate(u64(e + f), 43n) + rotate(g, 30n) + h), u64(e + rotate(u64(f + a), 18n) + g), mul);
}
function weak(at: At, s: number, a0: bigint, b0: bigint): Two {
  const [w, x, y, z] = [at(s), at(s + 8), at(s + 16), at(s + 24)];
  const a = u64(a0 + w);
  const b = rotate(u64(b0 + a + z), 21n);
  const c = u64(a + x + y);
  return [u64(c + z), u64(b + rotate(c, 44n) + a)];
}
function long(at: At, n: number): bigint {
  let y = u64(81n * K1 + 113n);
  let z = u64(shiftMix(u64(y * K2 + 113n)) * K2);
  let x = u64(81n * K2 + at(0));
  let v: Two = [0n, 0n];
  let w: Two = [0n, 0n];
  const end = Math.floor((n - 1) / 64) * 64;
  const step = (s: number, mul: bigint, nine: bigint) => {
    x = u64(rotate(u64(x + y + v[0] + at(s + 8)), 37n) * mul);
    y = u64(rotate(u64(y + v[1] + at(s + 48)), 42n) * mul);
    x ^= u64(w[1] * nine);
    y = u64(y + v[0] * nine + at(s + 40));
    z = u64(rotate(u64(z + w[0]), 33n) * mul);
    v = weak(at, s, u64(v[1] * mul), u64(x + w[0]));
    w = weak(at, s + 32, u64(z + w[1]), u64(y + at(s + 16)));
    [z, x] = [x, z];
  };
  for (let s = 0; s < end; s += 64) step(s, K1, 1n);
  const mul = K1 + ((z & 0xffn) << 1n);
  w = [u64(w[0] + BigInt((n - 1) & 63)), w[1]];
  v = [u64(v[0] + w[0]), v[1]];
  w = [u64(w[0] + v[0]), w[1]];
  step(n - 64, mul, 9n);
  return mix(u64(mix(v[0], w[0], mul) + shiftMix(y) * K0 + z), u64(mix(v[1], w[1], mul) + x), mul);
}

// ---- base64 -------------------------------------------------------------------------------------------------------

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The web-safe form: `-` and `_`; `pad` fills up to fours with `=`. */
export function toBase64(bytes: Uint8Array, pad: boolean): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const letters = Math.min(4, bytes.length - i + 1);
    for (let k = 0; k < letters; k++) text += ALPHABET[(three >> (18 - 6 * k)) & 63];
    if (pad) text += '='.repeat(4 - letters);
  }
  return text;
}
/** The bytes, or null for what is no base64. */
export function fromBase64(text: string): Uint8Array | null {
  const letters = text.replace(/={1,2}$/, '');
  const padded = letters.length < text.length;
  if (padded && text.length % 4 !== 0) return null;
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let [bits, count, at] = [0, 0, 0];
  for (const letter of letters) {
    const six = ALPHABET.indexOf(letter);
    if (six < 0) return null;
    bits = ((bits << 6) | six) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = (bits >> count) & 255;
  }
  return bytes;
}
