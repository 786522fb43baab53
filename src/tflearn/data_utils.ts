/** @file What TFLearn does to data before training: classes to rows, padding, sequences of text, centering. */
import { readFileSync } from 'node:fs';
import { GraphError } from '../errors';
import { type Nested, Value } from '../value/value';
import { shuffleInPlace } from './data_flow';
import { takeRows } from './feeds';
import { say } from './terminal';

type Numbers = ArrayLike<number | string | boolean>;
const flat = (y: unknown): unknown[] =>
  Array.isArray(y) ? y.flatMap(flat) : ArrayBuffer.isView(y) ? Array.from(y as never) : [y];

/**
 * A row for each class, with a 1 at its place among `nbClasses`, or among the classes there are; as
 * tflearn.data_utils.to_categorical. Raises Index for a class that is not below nbClasses.
 * @tensorflow tflearn.data_utils.to_categorical
 */
export function toCategorical(y: Numbers | readonly Nested[], nbClasses?: number | null): number[][] {
  const given = flat(y);
  if (!nbClasses) {
    const classes = [...new Set(given)].sort((a, b) => (a! < b! ? -1 : 1));
    return given.map((own) => classes.map((c) => Number(c === own)));
  }
  return given.map((cell) => {
    const row = new Array<number>(nbClasses).fill(0);
    const at = Math.trunc(Number(cell));
    if (!(at >= -nbClasses && at < nbClasses)) {
      throw new GraphError('Index', `index ${at} is out of bounds for axis 1 with size ${nbClasses}`);
    }
    row[at < 0 ? at + nbClasses : at] = 1;
    return row;
  });
}

export interface PadOptions {
  /** The longest sequence's length unless given. */
  readonly maxlen?: number | null | undefined;
  /** 'int32' cuts fractions off. */
  readonly dtype?: 'int32' | 'float32' | undefined;
  readonly padding?: 'pre' | 'post' | undefined;
  readonly truncating?: 'pre' | 'post' | undefined;
  readonly value?: number | undefined;
}
/** Sequences of one length, filled or cut at their end or start. @tensorflow tflearn.data_utils.pad_sequences */
export function padSequences(sequences: readonly ArrayLike<number>[], options: PadOptions = {}): number[][] {
  const { dtype = 'int32', padding = 'post', truncating = 'post', value = 0 } = options;
  const length = options.maxlen ?? Math.max(0, ...sequences.map((s) => s.length));
  const known = (word: string) => word === 'pre' || word === 'post';
  const cast = dtype === 'int32' ? Math.trunc : Math.fround;
  return sequences.map((sequence) => {
    const row = new Array<number>(length).fill(cast(value));
    if (sequence.length === 0) return row;
    if (!known(truncating)) throw new GraphError('Value', `Truncating type '${truncating}' not understood`);
    if (!known(padding)) throw new GraphError('Value', `Padding type '${padding}' not understood`);
    const all = Array.from(sequence, (x) => cast(Number(x)));
    const kept = truncating === 'post' ? all.slice(0, length) : all.slice(Math.max(0, all.length - length));
    row.splice(padding === 'post' ? 0 : length - kept.length, kept.length, ...kept);
    return row;
  });
}

export type CharIndex = Record<string, number>;
/** The characters of a text, numbered in order. @tensorflow tflearn.data_utils.chars_to_dictionary */
export const charsToDictionary = (text: string): CharIndex =>
  Object.fromEntries([...new Set(text.split(''))].sort().map((c, i) => [c, i]));

export interface SequencesOptions {
  readonly seqMaxlen?: number | undefined;
  /** How far sequences lie apart. */
  readonly redunStep?: number | undefined;
  readonly charIdx?: CharIndex | null | undefined;
}
/**
 * Overlapping sequences of a text [n, seqMaxlen, chars], the character after each [n, chars], and the characters'
 * numbers. Raises Key for characters without a number.
 * @tensorflow tflearn.data_utils.string_to_semi_redundant_sequences
 */
export function stringToSemiRedundantSequences(
  text: string,
  { seqMaxlen = 25, redunStep = 3, charIdx: given }: SequencesOptions = {},
): [x: Value, y: Value, charIdx: CharIndex] {
  say('Vectorizing text...\n');
  const charIdx = given ?? charsToDictionary(text);
  const width = Object.keys(charIdx).length;
  const starts: number[] = [];
  for (let i = 0; i < text.length - seqMaxlen; i += redunStep) starts.push(i);
  const x = Value.zeros('bool', [starts.length, seqMaxlen, width]);
  const y = Value.zeros('bool', [starts.length, width]);
  const placeOf = (c: string): number => {
    const at = charIdx[c];
    if (at === undefined) throw new GraphError('Key', `'${c}' has no number.`);
    return at;
  };
  starts.forEach((start, i) => {
    for (let t = 0; t < seqMaxlen; t++) x.data[(i * seqMaxlen + t) * width + placeOf(text[start + t]!)] = 1;
    y.data[i * width + placeOf(text[start + seqMaxlen]!)] = 1;
  });
  const shown = (n: number) => n.toLocaleString('en-US');
  say(`Text total length: ${shown(text.length)}\nDistinct chars   : ${shown(width)}\n`);
  say(`Total sequences  : ${shown(starts.length)}\n`);
  return [x, y, charIdx];
}
export interface TextfileOptions extends Omit<SequencesOptions, 'charIdx'> {
  readonly toLowerCase?: boolean | undefined;
  readonly preDefinedCharIdx?: CharIndex | null | undefined;
}
/** The same for a file. @tensorflow tflearn.data_utils.textfile_to_semi_redundant_sequences */
export function textfileToSemiRedundantSequences(
  path: string,
  { toLowerCase = false, preDefinedCharIdx, ...options }: TextfileOptions = {},
): [x: Value, y: Value, charIdx: CharIndex] {
  const text = readFileSync(path, 'utf8');
  return stringToSemiRedundantSequences(toLowerCase ? text.toLowerCase() : text, {
    ...options,
    charIdx: preDefinedCharIdx,
  });
}
/**
 * A random piece of a text. Raises Value for short texts.
 * @tensorflow tflearn.data_utils.random_sequence_from_string
 */
export function randomSequenceFromString(text: string, seqMaxlen: number): string {
  const last = text.length - seqMaxlen - 1;
  if (last < 0) throw new GraphError('Value', `empty range for randrange() (0,${last + 1}, ${last + 1})`);
  const start = Math.floor(Math.random() * (last + 1));
  return text.slice(start, start + seqMaxlen);
}
/** The same for a file. @tensorflow tflearn.data_utils.random_sequence_from_textfile */
export const randomSequenceFromTextfile = (path: string, seqMaxlen: number): string =>
  randomSequenceFromString(readFileSync(path, 'utf8'), seqMaxlen);

/**
 * The arrays with their rows in one random order. Raises Assertion for other lengths.
 * @tensorflow tflearn.data_utils.shuffle
 */
export function shuffle<T extends readonly (Value | readonly unknown[])[]>(...arrays: T): T {
  const lengthOf = (a: Value | readonly unknown[]) => (a instanceof Value ? (a.shape[0] ?? 0) : a.length);
  const n = arrays[0] ? lengthOf(arrays[0]) : 0;
  for (const a of arrays) {
    if (lengthOf(a) !== n) throw new GraphError('Assertion', `The arrays have ${n} and ${lengthOf(a)} rows.`);
  }
  const order = shuffleInPlace(Array.from({ length: n }, (_, i) => i));
  return arrays.map((a) => (a instanceof Value ? takeRows(a, order) : order.map((i) => a[i]))) as unknown as T;
}

// ---- numbers ------------------------------------------------------------------------------------------------------

/** Mean and deviation of the columns of a matrix [rows, columns] within an array. */
function statistics(cells: ArrayLike<number>, from: number, rows: number, columns: number) {
  const mean = new Float64Array(columns);
  const std = new Float64Array(columns);
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) mean[j]! += cells[from + i * columns + j]! / rows;
    for (let i = 0; i < rows; i++) std[j]! += (cells[from + i * columns + j]! - mean[j]!) ** 2 / rows;
    std[j] = Math.sqrt(std[j]!);
  }
  return { mean, std };
}
type Statistics = ReturnType<typeof statistics>;

/** `change` for each cell with the statistics of its row of the sample, as numpy does along axis 1. */
function alongRows(x: Nested | Value, change: (cell: number, s: Statistics) => number): Value {
  const value = Value.from(x);
  const samples = value.shape[0] ?? 0;
  const [, rows = 1, columns = 1, ...more] = value.shape;
  if (value.shape.length !== 3) {
    throw new GraphError('Value', `Samples must be matrices; their shape is [${[rows, columns, ...more]}]`);
  }
  const out = Value.from(value.data.slice() as never, value.dtype);
  for (let i = 0; i < samples * rows; i++) {
    const s = statistics(value.data as ArrayLike<number>, i * columns, columns, 1);
    for (let j = 0; j < columns; j++) out.data[i * columns + j] = change(value.data[i * columns + j]!, s);
  }
  return new Value(value.dtype, value.shape, out.data as never);
}
/** Matrices whose rows have mean 0. @tensorflow tflearn.data_utils.samplewise_zero_center */
export const samplewiseZeroCenter = (x: Nested | Value): Value => alongRows(x, (cell, { mean }) => cell - mean[0]!);
/** Matrices whose rows have deviation 1. @tensorflow tflearn.data_utils.samplewise_std_normalization */
export const samplewiseStdNormalization = (x: Nested | Value): Value =>
  alongRows(x, (cell, { std }) => cell / (std[0]! + 1e-8));

type PerFeature = number | Nested | Value;
interface Featurewise {
  (x: Nested | Value): [changed: Value, found: Value];
  (x: Nested | Value, given: PerFeature): Value;
}
/** Changes each cell by a number for its place in the sample: the given one, or that of all samples, which is answered too. */
const alongSamples = (which: keyof Statistics, change: (cell: number, by: number) => number): Featurewise =>
  ((x: Nested | Value, given: PerFeature | null = null) => {
    const value = Value.from(x);
    const rows = value.shape[0] ?? 0;
    const columns = rows === 0 ? 0 : value.data.length / rows;
    const by =
      given === null
        ? Value.cells('float32', value.shape.slice(1), statistics(value.data as never, 0, rows, columns)[which])
        : Value.from(given as Nested);
    const cells = Array.from(value.data as ArrayLike<number>, (cell, i) => change(cell, by.data[i % by.data.length]!));
    const changed = Value.cells('float32', value.shape, cells);
    return given === null ? [changed, by] : changed;
  }) as Featurewise;
/**
 * Samples less their mean, and the mean; or less the one given. As tflearn.data_utils.featurewise_zero_center.
 * @tensorflow tflearn.data_utils.featurewise_zero_center
 */
export const featurewiseZeroCenter = alongSamples('mean', (cell, by) => cell - by);
/**
 * The same with the deviation, by which cells are divided.
 * @tensorflow tflearn.data_utils.featurewise_std_normalization
 */
export const featurewiseStdNormalization = alongSamples('std', (cell, by) => cell / by);

// ---- files --------------------------------------------------------------------------------------------------------

export interface LoadCsvOptions {
  /** Where the label is; -1 is the last column. */
  readonly targetColumn?: number | undefined;
  readonly columnsToIgnore?: readonly number[] | null | undefined;
  readonly hasHeader?: boolean | undefined;
  readonly categoricalLabels?: boolean | undefined;
  readonly nClasses?: number | null | undefined;
}
/** Cells of one line: quoted ones may hold commas and doubled quotes. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll('""', '"'),
  );
/**
 * Rows of text and their labels from a CSV file, labels as rows of 0 and 1 on request.
 * Raises Assertion for categorical labels without their number.
 * @tensorflow tflearn.data_utils.load_csv
 */
export function loadCsv(path: string, options: LoadCsvOptions = {}): [data: string[][], target: string[] | number[][]] {
  const { targetColumn = -1, hasHeader = true, categoricalLabels = false, nClasses } = options;
  const ignored = (options.columnsToIgnore ?? []).map((c) => (c > targetColumn ? c - 1 : c));
  const lines = readFileSync(path, 'utf8').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const rows = lines.slice(hasHeader ? 1 : 0).map(cellsOf);
  const target = rows.map((row) => row.splice(targetColumn, 1)[0]!);
  const data = rows.map((row) => row.filter((_, i) => !ignored.includes(i)));
  if (!categoricalLabels) return [data, target];
  if (!Number.isInteger(nClasses)) throw new GraphError('Assertion', 'n_classes not specified!');
  return [data, toCategorical(target, nClasses)];
}
