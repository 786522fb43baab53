/** @file Which checkpoints a folder has: the file `checkpoint` in it, and looking into them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { GraphError } from '../errors';
import { logging } from '../logging';
import type { Value } from '../value/value';
import { CheckpointReader } from './checkpoint';
import { floatText, quoted } from './text_format';

/** A path or folder that was given. Raises Type for what is no text. */
export function pathName(path: string, argument: string): string {
  if (typeof path === 'string') return path;
  throw new GraphError('Type', `${argument} must be a string, got ${path}`);
}

/** What the file `checkpoint` says. */
export interface CheckpointState {
  /** The newest one. */
  readonly modelCheckpointPath: string;
  /** Those that are kept, oldest first. */
  readonly allModelCheckpointPaths: readonly string[];
  /** When they were written, in seconds since 1970. */
  readonly allModelCheckpointTimestamps: readonly number[];
  readonly lastPreservedTimestamp: number | null;
}
export interface CheckpointStateOptions {
  readonly allModelCheckpointPaths?: readonly string[] | undefined;
  readonly latestFilename?: string | undefined;
  readonly saveRelativePaths?: boolean | undefined;
  readonly allModelCheckpointTimestamps?: readonly number[] | undefined;
  readonly lastPreservedTimestamp?: number | undefined;
}

/** A relative path stays as it is written: './model' is not 'model'. */
const under = (dir: string, path: string): string =>
  isAbsolute(path) || dir === '' ? path : dir.endsWith('/') ? dir + path : `${dir}/${path}`;

/**
 * Writes which checkpoints a folder has. Raises Runtime where the file has the name of a checkpoint, Value for timestamps
 * that do not go with the paths.
 * @tensorflow tf.train.update_checkpoint_state
 */
export function updateCheckpointState(saveDir: string, path: string, options: CheckpointStateOptions = {}): void {
  const { latestFilename = 'checkpoint', saveRelativePaths = false } = options;
  const { allModelCheckpointTimestamps: times = [], lastPreservedTimestamp } = options;
  const inFolder = (p: string): string => (saveRelativePaths && isAbsolute(p) ? relative(saveDir, p) : p);
  const all = (options.allModelCheckpointPaths ?? []).map(inFolder);
  const newest = inFolder(path);
  if (all.at(-1) !== newest) {
    logging.info(`${newest} is not in all_model_checkpoint_paths. Manually adding it.`);
    all.push(newest);
  }
  if (times.length > 0 && times.length !== all.length) {
    throw new GraphError(
      'Value',
      `Checkpoint timestamps, if provided, must match checkpoint paths (got paths ${all} and timestamps ${times})`,
    );
  }
  const shown = (p: string): string => (isAbsolute(saveDir) || isAbsolute(p) ? p : relative(saveDir || '.', p) || '.');
  const file = join(saveDir, latestFilename);
  if (file === shown(newest)) {
    throw new GraphError(
      'Runtime',
      `Save path '${path}' conflicts with path used for checkpoint state.  Please use a different save path.`,
    );
  }
  const lines = [
    `model_checkpoint_path: ${quoted(shown(newest))}`,
    ...all.map((p) => `all_model_checkpoint_paths: ${quoted(shown(p))}`),
    ...times.map((t) => `all_model_checkpoint_timestamps: ${floatText(t)}`),
    ...(lastPreservedTimestamp === undefined ? [] : [`last_preserved_timestamp: ${floatText(lastPreservedTimestamp)}`]),
  ];
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, `${lines.join('\n')}\n`);
  renameSync(`${file}.tmp`, file); // who reads it meanwhile finds the old state or the new one
}

/**
 * What a folder's file `checkpoint` says, with paths that lead there from here; null where there is none. Raises Value
 * where it names no checkpoint.
 * @tensorflow tf.train.get_checkpoint_state
 */
export function getCheckpointState(dir: string, latestFilename = 'checkpoint'): CheckpointState | null {
  const file = join(dir, latestFilename);
  if (!existsSync(file)) return null;
  const found = readFields(readFileSync(file, 'utf8'));
  if (!found) {
    logging.warn(`${file}: Checkpoint ignored`);
    return null;
  }
  const all = (key: string): string[] => found.flatMap(([k, v]) => (k === key ? [v] : []));
  const [path] = all('model_checkpoint_path');
  if (!path) throw new GraphError('Value', `Invalid checkpoint state loaded from ${dir}`);
  return {
    modelCheckpointPath: under(dir, path),
    allModelCheckpointPaths: all('all_model_checkpoint_paths').map((p) => under(dir, p)),
    allModelCheckpointTimestamps: all('all_model_checkpoint_timestamps').map(Number),
    lastPreservedTimestamp: Number(all('last_preserved_timestamp')[0] ?? Number.NaN) || null,
  };
}
/** null for what is no such text. */
function readFields(text: string): [key: string, value: string][] | null {
  const fields: [string, string][] = [];
  for (const line of text.split('\n')) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, key, value] = /^\s*(\w+)\s*:\s*("(?:[^"\\]|\\.)*"|[-+.\w]+)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) return null;
    fields.push([key, value.startsWith('"') ? unquoted(value) : value]);
  }
  return fields;
}
/** Bytes that are no ASCII stand as octal numbers, or as they are. */
function unquoted(text: string): string {
  const parts = text.slice(1, -1).match(/\\[0-7]{1,3}|\\.|[^\\]+/g) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (!part.startsWith('\\')) return Buffer.from(part);
      const octal = Number.parseInt(part.slice(1), 8);
      return Number.isNaN(octal) ? Buffer.from(part.slice(1)) : Buffer.of(octal);
    }),
  ).toString();
}

/** The path of the newest checkpoint in a folder, or null. @tensorflow tf.train.latest_checkpoint */
export function latestCheckpoint(dir: string, latestFilename?: string): string | null {
  const path = getCheckpointState(pathName(dir, 'checkpoint_dir'), latestFilename)?.modelCheckpointPath;
  if (path === undefined) return null;
  if (checkpointExists(path)) return path;
  logging.error(`Couldn't match files for checkpoint ${path}`);
  return null;
}
/** Whether there is a checkpoint under that path. @tensorflow tf.train.checkpoint_exists */
export const checkpointExists = (path: string): boolean => existsSync(`${path}.index`) || existsSync(path);

/**
 * When checkpoints were written, in seconds since 1970; those that do not exist are left out.
 * @tensorflow tf.train.get_checkpoint_mtimes
 */
export const getCheckpointMtimes = (paths: readonly string[]): number[] =>
  paths.flatMap((path) => {
    const file = [`${path}.index`, path].find(existsSync);
    return file === undefined ? [] : [statSync(file).mtimeMs / 1000];
  });

/** Removes the files of a checkpoint. @tensorflow tf.train.remove_checkpoint */
export function removeCheckpoint(path: string, metaGraphSuffix = 'meta'): void {
  rmSync(metaGraphFilename(path, metaGraphSuffix), { force: true });
  rmSync(`${path}.index`, { force: true });
  const dir = dirname(path);
  if (!existsSync(dir)) return;
  const start = `${basename(path)}.data-`;
  for (const name of readdirSync(dir)) {
    if (name.startsWith(start) && /^.{5}-of-.{5}$/.test(name.slice(start.length))) rmSync(join(dir, name));
  }
}
export const metaGraphFilename = (path: string, suffix: string): string =>
  `${path.replace(/-[\d?]+-of-\d+$/, '')}.${suffix}`;

/**
 * Opens a checkpoint to look into, or the newest one of a folder. Raises NotFound where there is none, Value for a folder
 * without.
 * @tensorflow tf.train.load_checkpoint
 */
export function loadCheckpoint(path: string): CheckpointReader {
  if (!existsSync(path) || !statSync(path).isDirectory()) return new CheckpointReader(path);
  const newest = latestCheckpoint(path);
  if (newest !== null) return new CheckpointReader(newest);
  throw new GraphError('Value', `Couldn't find 'checkpoint' file or checkpoints in given directory ${path}`);
}
/** The value of one variable of a checkpoint. Raises NotFound for other names. @tensorflow tf.train.load_variable */
export const loadVariable = (path: string, name: string): Value =>
  loadCheckpoint(path).getTensor(name.replace(/:0$/, ''));
/** Names and shapes of a checkpoint's variables, by name. @tensorflow tf.train.list_variables */
export const listVariables = (path: string): [name: string, shape: readonly number[]][] =>
  Object.entries(loadCheckpoint(path).getVariableToShapeMap()).sort(([a], [b]) => (a < b ? -1 : 1));
