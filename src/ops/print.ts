/** @file Values as text: tf.strings.format, and tf.print that writes it out. */
import { appendFileSync } from 'node:fs';
import { GraphError } from '../errors';
import { isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { int, text, types } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { logging } from '../logging';
import { isComplex } from '../value/dtype';
import { showShape } from '../value/shape';
import type { Named } from './array';
import { flatten, isPlain, packAs } from './structure';
import { summarize as cellsOf } from './summarize';

// ---- StringFormat -------------------------------------------------------------------------------------------------

/** All rows, or `ends` of them from either end: `[[0 1 ... 8 9]`; Tensor::SummarizeValue with print_v2. */
function shown(x: Slot, most: number): string {
  const { dtype, shape, data } = x;
  const ends = most < 0 ? data.length : Math.min(most, data.length);
  if (isComplex(dtype)) return `[${cellsOf(x, most)}]`;
  const cell = (at: number): string => {
    const plain = cellsOf({ dtype, shape: [1], data: [data[at]] } as unknown as Slot, 1);
    return dtype === 'string' ? `"${plain}"` : plain;
  };
  if (shape.length === 0) return ends > 0 ? cell(0) : '...';
  const walk = (depth: number, at: number): string => {
    if (depth === shape.length) return cell(at);
    const n = shape[depth]!;
    const step = shape.slice(depth + 1).reduce((a, b) => a * b, 1);
    const isRow = depth === shape.length - 1;
    const gap = isRow ? ' ' : '\n'.repeat(shape.length - 1 - depth) + ' '.repeat(depth + 1);
    let out = '';
    for (let i = 0; i < Math.min(ends, n); i++) out += (i > 0 ? gap : '') + walk(depth + 1, at + i * step);
    if (n > 2 * ends) out += `${gap}...`;
    for (let i = Math.max(ends, n - ends); i < n; i++) out += gap + walk(depth + 1, at + i * step);
    return `[${out}]`;
  };
  return walk(0, 0);
}

const StringFormat = defineOp({
  name: 'StringFormat',
  inputs: { inputs: '[T]' },
  outputs: { output: 'string' },
  attrs: { T: types(), template: text('%s'), placeholder: text('%s'), summarize: int(3) },
  infer(_, { T, template, placeholder }) {
    const holes = template.split(placeholder).length - 1;
    if (holes === T.length) return { output: [] };
    const words = `num placeholders in template and num inputs must match: ${holes} vs. ${T.length}`;
    throw new GraphError('InvalidArgument', words);
  },
  gradient: 'missing',
  reference({ inputs, output }, { template, placeholder, summarize }) {
    const [first, ...rest] = template.split(placeholder) as [string, ...string[]];
    const filled = rest.map((part, i) => shown(inputs[i]!, summarize) + part);
    (output.data as unknown as string[])[0] = first + filled.join('');
  },
});

export interface StringFormatOptions extends Named {
  /** What stands for a tensor in the template; `{}` by default. */
  readonly placeholder?: string | undefined;
  /** How many cells are shown at either end of each dimension, 3 by default; all for -1. */
  readonly summarize?: number | undefined;
}
/**
 * The template with a tensor's cells in place of each `{}`, as a string scalar. Raises Value where their numbers differ.
 * @tensorflow tf.strings.format
 */
export function stringFormat(
  template: string,
  inputs: TensorLike | readonly TensorLike[],
  { placeholder = '{}', summarize, name }: StringFormatOptions = {},
): Tensor {
  const list = (isTensorLike(inputs) ? [inputs] : inputs) as readonly TensorLike[];
  const holes = template.split(placeholder).length - 1;
  if (holes !== list.length) {
    const rest = `does not match ${list.length} tensor(s) provided as input`;
    throw new GraphError('Value', `${holes} placeholder(s) in template ${rest}`);
  }
  return StringFormat({ inputs: list }, { template, placeholder, summarize }, name).output;
}

// ---- PrintV2 ------------------------------------------------------------------------------------------------------

const FILE = 'file://';
/** What writes to a stream, by its name on the wire. */
const STREAMS: Readonly<Record<string, (line: string) => void>> = {
  stdout: (line) => process.stdout.write(line),
  stderr: (line) => process.stderr.write(line),
  'log(info)': (line) => logging.info(line),
  'log(warning)': (line) => logging.warn(line),
  'log(error)': (line) => logging.error(line),
};

const PrintV2 = defineOp({
  name: 'PrintV2',
  inputs: { input: 'string' },
  outputs: {},
  attrs: { output_stream: text('stderr'), end: text('\n') },
  stateful: true,
  infer: () => ({}),
  gradient: 'missing',
  reference({ input }, { output_stream: stream, end }) {
    if (input.shape.length > 0) {
      throw new GraphError('InvalidArgument', `Input is expected to be scalar, but got ${showShape(input.shape)}`);
    }
    const cell: unknown = input.data[0];
    const line = (cell instanceof Uint8Array ? new TextDecoder().decode(cell) : String(cell)) + end;
    if (stream.startsWith(FILE)) appendFileSync(stream.slice(FILE.length), line);
    else if (STREAMS[stream]) STREAMS[stream](line);
    else {
      const known = Object.keys(STREAMS).join(', ');
      throw new GraphError('InvalidArgument', `Unknown output stream: ${stream}, Valid streams are: ${known}`);
    }
  },
});

// ---- as Python shows it -------------------------------------------------------------------------------------------

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
function quoted(x: string): string {
  const quote = x.includes("'") && !x.includes('"') ? '"' : "'";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  const plain = x.replace(/[\\\x00-\x1f\x7f]/g, (c) => {
    return ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return quote + (quote === "'" ? plain.replaceAll("'", "\\'") : plain) + quote;
}
function leaf(x: unknown): string {
  if (typeof x === 'string') return quoted(x);
  if (typeof x === 'boolean') return x ? 'True' : 'False';
  if (x === null || x === undefined) return 'None';
  if (typeof x !== 'number') return String(x);
  if (Number.isNaN(x)) return 'nan';
  return Number.isFinite(x) ? String(x).replace(/e([+-])(\d)$/, 'e$10$2') : x > 0 ? 'inf' : '-inf';
}
const sorted = (x: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.keys(x)
    .sort()
    .map((key) => [`${quoted(key)}: `, x[key]]);
function oneLine(x: unknown): string {
  if (Array.isArray(x)) return `[${x.map(oneLine).join(', ')}]`;
  if (!isPlain(x)) return leaf(x);
  return `{${sorted(x)
    .map(([key, value]) => key + oneLine(value))
    .join(', ')}}`;
}
const WIDTH = 80;
/** As pprint: what does not fit in a line has one for each item; `after` counts the brackets that follow. */
function pretty(x: unknown, indent = 0, after = 0): string {
  const line = oneLine(x);
  const isList = Array.isArray(x);
  if (line.length <= WIDTH - indent - after || (!isList && !isPlain(x))) return line;
  const items: readonly (readonly [string, unknown])[] = isList ? x.map((e) => ['', e]) : sorted(x as never);
  const lines = items.map(([key, value], i) => {
    const own = i === items.length - 1 ? after + 1 : 1;
    return key + pretty(value, indent + 1 + key.length, own);
  });
  const [open, close] = isList ? '[]' : '{}';
  return open + lines.join(`,\n${' '.repeat(indent + 1)}`) + close;
}

// ---- tf.print -----------------------------------------------------------------------------------------------------

/** What makes a placeholder unlike any text: the digits of Python's random.Random(5). */
const DIGITS = '945807302157';
function placeholderNotIn(template: string): string {
  let placeholder = '{}';
  for (let i = 0; template.includes(placeholder); i++) placeholder += DIGITS[i % DIGITS.length];
  return placeholder;
}

export interface PrintV2Options extends Named {
  /** stderr by default; `file://path` appends to a file, the logs go through tf.logging. */
  readonly outputStream?: string | undefined;
  /** How many cells are shown at either end of each dimension, 3 by default; all for -1. */
  readonly summarize?: number | undefined;
  /** Between the inputs; a blank by default. */
  readonly sep?: string | undefined;
  /** After the last; a new line by default. */
  readonly end?: string | undefined;
}
/**
 * An op that prints the inputs when it runs: texts, numbers, tensors, and nested lists and objects of them. Raises Value
 * for an unknown stream.
 * @tensorflow tf.print
 */
export function print(inputs: readonly unknown[], options: PrintV2Options = {}): Operation {
  const { outputStream = 'stderr', summarize = 3, sep = ' ', end, name } = options;
  if (!(outputStream in STREAMS) && !outputStream.startsWith(FILE)) {
    const known = "Supported streams are 'stdout', 'stderr', 'log(info)', 'log(warning)', 'log(error)'.";
    const files = "File needs to be in the form of 'file://<filepath>'.";
    throw new GraphError(
      'Value',
      `Unsupported output stream, logging level, or file.${outputStream}. ${known} ${files}`,
    );
  }
  const write = (input: TensorLike) => PrintV2({ input }, { output_stream: outputStream, end }, name).op;
  const [only] = inputs;
  if (inputs.length === 1 && isTensorLike(only) && only.dtype === 'string') {
    if ((only as Tensor).shape?.length === 0) return write(only);
  }
  const flat = flatten(inputs, true);
  const withoutTensors = packAs(
    inputs,
    flat.map((x) => (isTensorLike(x) ? '' : x)),
    true,
  ) as unknown[];
  const placeholder = placeholderNotIn(withoutTensors.map((x) => pretty(x)).join(' '));
  const texts = (
    packAs(
      inputs,
      flat.map((x) => (isTensorLike(x) ? placeholder : x)),
      true,
    ) as unknown[]
  ).map((x) => (typeof x === 'string' ? x : pretty(x)));
  const template = texts.join(sep).replaceAll(`'${placeholder}'`, placeholder);
  const format = { placeholder, summarize, name: name ? `${name}_format` : undefined };
  return write(stringFormat(template, flat.filter(isTensorLike), format));
}
