/** @file Summaries of pictures and sounds: PNG and WAV files within Summary messages. */
import { deflateSync } from 'node:zlib';
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { int, tensor, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, roundFloat16 } from '../value/dtype';
import { type Shape, showShape } from '../value/shape';
import { Value } from '../value/value';
import { attrAtLeastOne } from './attr_limits';
import { fail } from './expect';
import { type SummaryOptions, summarize } from './summary';
import { answer, field, floatField, intField, joined, scalarTag, textField, valueMessage } from './summary_messages';

const scalarOut = () => ({ summary: [] as Shape });
/** `tag/image/0`, ... by how many were asked for, not how many there are. */
const tagged = (tag: string, kind: string, i: number, most: number): string =>
  most > 1 ? `${tag}/${kind}/${i}` : `${tag}/${kind}`;

// ---- PNG ----------------------------------------------------------------------------------------------------------

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
const big = (x: number): number[] => [x >>> 24, (x >>> 16) & 255, (x >>> 8) & 255, x & 255];
function chunk(name: string, data: Uint8Array): Uint8Array {
  const named = joined([new TextEncoder().encode(name), data]);
  return joined([big(data.length), named, big(crc32(named))]);
}
/** Grey, RGB, RGBA. */
const COLOR_TYPE: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };
/** Pixels of 8 bits a channel, row by row, as a PNG file. */
function png(pixels: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const row = width * depth;
  const lines = new Uint8Array(height * (row + 1)); // each begins with its filter: 0, none
  for (let y = 0; y < height; y++) lines.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const header = Uint8Array.from([...big(width), ...big(height), 8, COLOR_TYPE[depth]!, 0, 0, 0]);
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const data = chunk('IDAT', deflateSync(lines));
  return joined([signature, chunk('IHDR', header), data, chunk('IEND', new Uint8Array())]);
}

// ---- ImageSummary -------------------------------------------------------------------------------------------------

/** Rounds as the arithmetic of the dtype does. */
const ROUND: Readonly<Partial<Record<DType, (x: number) => number>>> = {
  float32: Math.fround,
  float16: roundFloat16,
  float64: (x) => x,
};
const isFinitePixel = (values: ArrayLike<number>, at: number, depth: number): boolean => {
  for (let c = 0; c < depth; c++) if (!Number.isFinite(values[at + c]!)) return false;
  return true;
};
/**
 * Values from 0 on are scaled so that the largest is 255; where one is below 0, 0 becomes 128 and the largest distance
 * from it 127. Pixels that are not finite get the bad color.
 */
function normalized(values: ArrayLike<number>, depth: number, dtype: DType, badColor: ArrayLike<number>): Uint8Array {
  const round = ROUND[dtype]!;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < values.length; at += depth) {
    if (!isFinitePixel(values, at, depth)) continue;
    for (let c = 0; c < depth; c++) {
      const x = Math.fround(values[at + c]!);
      least = Math.min(least, x);
      most = Math.max(most, x);
    }
  }
  const isSigned = least < 0;
  const size = isSigned ? Math.max(Math.abs(least), Math.abs(most)) : most;
  const scale = round(size < Math.fround(1e-6) ? 0 : Math.fround((isSigned ? 127 : 255) / size));
  const offset = isSigned ? 128 : 0;
  const pixels = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at += depth) {
    const isFine = isFinitePixel(values, at, depth);
    for (let c = 0; c < depth; c++) {
      pixels[at + c] = isFine ? round(round(values[at + c]! * scale) + offset) : badColor[c]!;
    }
  }
  return pixels;
}

const ImageSummary = defineOp({
  name: 'ImageSummary',
  inputs: { tag: 'string', tensor: 'T' },
  outputs: { summary: 'string' },
  attrs: {
    max_images: int(3),
    T: type(['uint8', 'float32', 'float16', 'float64'], 'float32'),
    bad_color: tensor(Value.from([255, 0, 0, 255], 'uint8')),
  },
  infer: scalarOut,
  gradient: null,
  reference({ tag, tensor: images, summary }, { max_images: most, bad_color: badColor }) {
    const base = scalarTag(tag, 'Tags must be a scalar');
    const { shape, dtype } = images;
    const [n, height, width, depth] = shape as [number, number, number, number];
    if (shape.length !== 4 || !(depth in COLOR_TYPE)) {
      fail(`Tensor must be 4-D with last dim 1, 3, or 4, not ${showShape(shape)}`);
    }
    if (height * width === 0) fail(`input tensor must have non-zero dims. Found: [${shape.join(', ')}].`);
    if (badColor.data.length < depth) {
      fail(`expected depth <= bad_color.size, got depth = ${depth}, bad_color.size = ${badColor.data.length}`);
    }
    const size = height * width * depth;
    const parts = Array.from({ length: Math.min(most, n) }, (_, i) => {
      const cells = images.data.slice(i * size, (i + 1) * size);
      const pixels = dtype === 'uint8' ? Uint8Array.from(cells) : normalized(cells, depth, dtype, badColor.data);
      const head = [intField(1, height), intField(2, width), intField(3, depth)];
      const image = joined([...head, field(4, png(pixels, width, height, depth))]);
      return valueMessage(tagged(base, 'image', i, most), field(4, image));
    });
    answer(summary, joined(parts));
  },
});

export interface MediaSummaryOptions extends SummaryOptions {
  /** How many of the batch are kept at most; 3 by default. */
  readonly maxOutputs?: number | undefined;
}
/**
 * Pictures [batch, height, width, 1, 3 or 4] as PNG, of uint8 as they are, of floats scaled to 0..255.
 * @tensorflow tf.summary.image
 */
export function image(name: string, images: TensorLike, options: MediaSummaryOptions = {}): Tensor {
  const { maxOutputs = 3 } = options;
  attrAtLeastOne('ImageSummary', 'max_images', maxOutputs);
  return summarize(
    name,
    images,
    options,
    (tag, scope) => ImageSummary({ tag, tensor: images }, { max_images: maxOutputs }, scope).summary,
  );
}

// ---- WAV ----------------------------------------------------------------------------------------------------------

const SAMPLE_BYTES = 2;
/** Away from 0 at halves, as C's roundf. */
const roundAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
/** Samples from -1 to 1, channels side by side, as a WAV file of 16 bits a sample. */
function wav(samples: ArrayLike<number>, rate: number, channels: number): Uint8Array {
  const size = samples.length * SAMPLE_BYTES;
  const view = new DataView(new ArrayBuffer(44 + size));
  const write = (at: number, name: string) => {
    for (let i = 0; i < name.length; i++) view.setUint8(at + i, name.charCodeAt(i));
  };
  write(0, 'RIFF');
  view.setUint32(4, 36 + size, true);
  write(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * channels * SAMPLE_BYTES, true);
  view.setUint16(32, channels * SAMPLE_BYTES, true);
  view.setUint16(34, 8 * SAMPLE_BYTES, true);
  write(36, 'data');
  view.setUint32(40, size, true);
  for (let i = 0; i < samples.length; i++) {
    const x = roundAway(Math.fround(samples[i]! * 32768));
    view.setInt16(44 + i * SAMPLE_BYTES, Math.min(Math.max(x, -32768), 32767), true);
  }
  return new Uint8Array(view.buffer);
}
/** To the nearest, to even at halves, as C's lrintf. */
function nearest(x: number): number {
  const low = Math.floor(x);
  return x - low > 0.5 || (x - low === 0.5 && low % 2 === 1) ? low + 1 : low;
}

function writeAudio(base: string, sounds: Slot, rate: number, most: number, summary: Slot): void {
  const { shape } = sounds;
  if (shape.length !== 2 && shape.length !== 3) fail(`Tensor must be 3-D or 2-D, got: ${showShape(shape)}`);
  if (!(rate > 0)) fail('sample_rate must be > 0');
  const [n, frames, channels = 1] = shape as [number, number, number?];
  const size = frames * channels;
  const parts = Array.from({ length: Math.min(most, n) }, (_, i) => {
    if (size === 0) fail('audio is null');
    if (channels > 65535) fail(`num_channels must be in (0, 2^16), but got: ${channels}`);
    const file = wav(sounds.data.slice(i * size, (i + 1) * size), Math.max(nearest(rate), 1), channels);
    const head = [floatField(1, rate), intField(2, channels), intField(3, frames)];
    const sound = joined([...head, field(4, file), textField(5, 'audio/wav')]);
    return valueMessage(tagged(base, 'audio', i, most), field(6, sound));
  });
  answer(summary, joined(parts));
}

const AudioSummaryV2 = defineOp({
  name: 'AudioSummaryV2',
  inputs: { tag: 'string', tensor: 'float32', sample_rate: 'float32' },
  outputs: { summary: 'string' },
  attrs: { max_outputs: int(3) },
  infer({ sample_rate: rate }) {
    if (rate.shape?.length) {
      throw new GraphError('Value', `Shape must be rank 0 but is rank ${rate.shape.length}`);
    }
    return scalarOut();
  },
  gradient: null,
  reference({ tag, tensor: sounds, sample_rate: rate, summary }, { max_outputs: most }) {
    writeAudio(scalarTag(tag, 'Tag must be a scalar'), sounds, rate.data[0]!, most, summary);
  },
});
/**
 * Sounds [batch, frames] or [batch, frames, channels] from -1 to 1, with so many samples a second, as WAV.
 * @tensorflow tf.summary.audio
 */
export function audio(
  name: string,
  sounds: TensorLike,
  sampleRate: TensorLike,
  options: MediaSummaryOptions = {},
): Tensor {
  const { maxOutputs = 3 } = options;
  attrAtLeastOne('AudioSummaryV2', 'max_outputs', maxOutputs);
  return summarize(name, sounds, options, (tag, scope) => {
    const rate = convertToTensor(sampleRate, { dtype: 'float32', name: 'sample_rate' });
    return AudioSummaryV2({ tag, tensor: sounds, sample_rate: rate }, { max_outputs: maxOutputs }, scope).summary;
  });
}
