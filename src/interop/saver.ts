/** @file Saver: variables to checkpoints and back, and which checkpoints are kept. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { clone, isMessage } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { isTensorLike } from '../graph/convert';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { prependNameScope, stripNameScope } from '../graph/scoped_names';
import { logging } from '../logging';
import type { Variable } from '../ops/variables';
import { Session } from '../session/session';
import type { Value } from '../value/value';
import {
  checkpointExists,
  getCheckpointMtimes,
  metaGraphFilename,
  pathName,
  removeCheckpoint,
  updateCheckpointState,
} from './checkpoint_state';
import { type MetaGraphDef, type SaverDef, SaverDefSchema } from './proto/tensorflow_pb';
import { type ExportOptions, exportGraph } from './saved_graph';
import { makeSaverNodes, type VarList } from './saver_nodes';
import { textFormat } from './text_format';

export type { VarList } from './saver_nodes';

export interface SaverOptions {
  /** Lets a tensor of another shape in, if it has as many cells. */
  readonly reshape?: boolean | undefined;
  /** One file for each device; all are written, or none. */
  readonly sharded?: boolean | undefined;
  /** How many checkpoints stay; null or 0 for all of them. */
  readonly maxToKeep?: number | null | undefined;
  /** One checkpoint in so many hours is never removed. */
  readonly keepCheckpointEveryNHours?: number | undefined;
  readonly name?: string | null | undefined;
  /** Changes nothing, as in TensorFlow 1.15: all variables are restored at once. */
  readonly restoreSequentially?: boolean | undefined;
  /** Takes nodes that a graph has, in place of new ones; `name` is the scope they were imported to. */
  readonly saverDef?: SaverDef | null | undefined;
  /** Makes the ops at build(), for variables that come later. */
  readonly deferBuild?: boolean | undefined;
  /** No variables are no error. */
  readonly allowEmpty?: boolean | undefined;
  /** Steps in file names have 8 digits: `model-00000001`. */
  readonly padStepNumber?: boolean | undefined;
  /** The file `checkpoint` can move with its folder. */
  readonly saveRelativePaths?: boolean | undefined;
  readonly filename?: string | null | undefined;
}
export interface SaveOptions {
  readonly globalStep?: number | bigint | Variable | Tensor | null | undefined;
  readonly latestFilename?: string | null | undefined;
  readonly metaGraphSuffix?: string | undefined;
  readonly writeMetaGraph?: boolean | undefined;
  readonly writeState?: boolean | undefined;
}
/** A path with when it was written, in seconds since 1970. */
export type TimedCheckpoint = readonly [path: string, time: number];

const now = (): number => Date.now() / 1000;
/** Which nodes of a graph a saver works with. */
const NODES = ['filenameTensorName', 'saveTensorName', 'restoreOpName'] as const;

const OPTIONS: readonly (keyof SaverOptions)[] = [
  'reshape',
  'sharded',
  'maxToKeep',
  'keepCheckpointEveryNHours',
  'name',
  'restoreSequentially',
  'saverDef',
  'deferBuild',
  'allowEmpty',
  'padStepNumber',
  'saveRelativePaths',
  'filename',
];
/** Whether these are options, and not variables by their names. */
function isOptions(x: VarList | SaverOptions | null): x is SaverOptions {
  if (x === null || typeof x !== 'object' || Array.isArray(x)) return false;
  const entries = Object.entries(x);
  return entries.length > 0 && entries.every(([k, v]) => (OPTIONS as string[]).includes(k) && !isTensorLike(v));
}

/**
 * Saves variables and brings them back. It knows the variables there are when it is made.
 * @tensorflow tf.train.Saver
 */
export class Saver {
  saverDef: SaverDef | null;
  readonly #options: SaverOptions;
  readonly #list: VarList | null;
  #isBuilt = false;
  #isEmpty = false;
  #last: TimedCheckpoint[] = [];
  #old: TimedCheckpoint[] = [];
  #keepAfter = 0;

  /** (varList, options), or options alone. */
  constructor(given: VarList | SaverOptions | null = null, more: SaverOptions = {}) {
    const options = isOptions(given) ? given : more;
    const varList = isOptions(given) ? null : given;
    if (options.deferBuild && varList) {
      throw new GraphError(
        'Value',
        'If `var_list` is provided then build cannot be deferred. Either set defer_build=False or var_list=None.',
      );
    }
    this.#list = varList;
    this.#options = options;
    this.saverDef = options.saverDef ?? null;
    if (this.saverDef) checkSaverDef(this.saverDef);
    if (!options.deferBuild) this.build();
  }

  /** Makes the ops, where the constructor did not. */
  build(): void {
    if (this.#isBuilt) return;
    this.#isBuilt = true;
    const { name } = this.#options;
    if (!this.saverDef) {
      const graph = getDefaultGraph();
      const list = this.#list ?? [
        ...graph.getCollection<Variable>(GraphKeys.GLOBAL_VARIABLES),
        ...graph.getCollection<Variable>(GraphKeys.SAVEABLE_OBJECTS),
      ];
      if (typeof list === 'object' && Object.keys(list).length === 0) {
        if (!this.#options.allowEmpty) throw new GraphError('Value', 'No variables to save');
        this.#isEmpty = true;
        return;
      }
      const { sharded = false, reshape = false, maxToKeep, keepCheckpointEveryNHours = 10000 } = this.#options;
      this.saverDef = makeSaverNodes(list, {
        name: name || 'save',
        filename: this.#options.filename || 'model',
        sharded,
        reshape,
        maxToKeep: maxToKeep === undefined ? 5 : (maxToKeep ?? 0),
        keepCheckpointEveryNHours,
      });
    } else if (name) this.saverDef = renamed(this.saverDef, (node) => prependNameScope(node, name));
    this.#keepAfter = now() + this.saverDef.keepCheckpointEveryNHours * 3600;
  }

  /**
   * Writes a checkpoint and answers its path: `path`, or `path-step` with a step; null without variables. Old checkpoints
   * beyond maxToKeep are removed. The graph goes to `path.meta`. Raises Value where the folder above is missing.
   */
  async save(session: Session, path: string, options: SaveOptions = {}): Promise<string | null> {
    const { metaGraphSuffix = 'meta', writeMetaGraph = true, writeState = true } = options;
    const latestFilename = options.latestFilename ?? 'checkpoint';
    pathName(path, 'save_path');
    if (!this.#isBuilt) {
      throw new GraphError('Runtime', '`build()` should be called before save if defer_build==True');
    }
    if (basename(latestFilename) !== latestFilename) {
      throw new GraphError('Value', "'latest_filename' must not contain path components");
    }
    const file = await this.#fileOf(session, path, options, latestFilename);
    if (!(session instanceof Session)) throw new GraphError('Type', `'sess' must be a Session; ${session}`);
    let saved: string | null = null;
    if (this.saverDef) {
      saved = await this.#write(session, this.saverDef, path, file);
      if (writeState) this.#note(saved, dirname(path), latestFilename, metaGraphSuffix);
    }
    if (writeMetaGraph) this.exportMetaGraph(metaGraphFilename(file, metaGraphSuffix), { graph: session.graph });
    return saved;
  }
  async #fileOf(session: Session, path: string, { globalStep }: SaveOptions, latest: string): Promise<string> {
    if (globalStep == null) {
      if (basename(path) !== latest || this.#options.sharded) return path;
      throw new GraphError('Value', `'latest_filename' collides with 'save_path': '${latest}' and '${path}'`);
    }
    const isNumber = typeof globalStep === 'number' || typeof globalStep === 'bigint';
    const step = isNumber ? globalStep : await session.run(globalStep as Tensor);
    return `${path}-${this.#options.padStepNumber ? String(step).padStart(8, '0') : step}`;
  }
  async #write(session: Session, def: SaverDef, path: string, file: string): Promise<string> {
    try {
      const feedDict = new Map([[def.filenameTensorName, file]]);
      return String(((await session.run(def.saveTensorName, { feedDict })) as Value).item());
    } catch (e) {
      const isMissing = e instanceof GraphError && (e.code === 'NotFound' || e.code === 'FailedPrecondition');
      const dir = dirname(path);
      if (!isMissing || (existsSync(dir) && statSync(dir).isDirectory())) throw e;
      throw new GraphError('Value', `Parent directory of ${path} doesn't exist, can't save.`);
    }
  }
  #note(file: string, dir: string, latestFilename: string, metaGraphSuffix: string): void {
    const { maxToKeep, keepCheckpointEveryNHours } = this.saverDef!;
    if (maxToKeep) {
      this.#last = [...this.#last.filter(([path]) => path !== file), [file, now()]];
      if (this.#last.length > maxToKeep) this.#old.push(this.#last.shift()!);
    }
    const { saveRelativePaths } = this.#options;
    const allModelCheckpointPaths = this.lastCheckpoints;
    updateCheckpointState(dir, file, { allModelCheckpointPaths, latestFilename, saveRelativePaths });
    const [path, time] = this.#old.shift() ?? [];
    if (path === undefined) return;
    if (time! > this.#keepAfter) this.#keepAfter += keepCheckpointEveryNHours * 3600;
    else removeCheckpoint(path, metaGraphSuffix);
  }

  /**
   * Gives the variables the values of a checkpoint; they need no initializer then. Raises Value where there is none,
   * NotFound for variables that it does not have, InvalidArgument for other shapes and dtypes.
   */
  async restore(session: Session, path: string): Promise<void> {
    if (this.#isEmpty) return;
    if (path == null) throw new GraphError('Value', "Can't load save_path when it is None.");
    if (!checkpointExists(path))
      throw new GraphError('Value', `The passed save_path is not a valid checkpoint: ${path}`);
    logging.info(`Restoring parameters from ${path}`);
    const { restoreOpName, filenameTensorName } = this.saverDef!;
    try {
      await session.run(restoreOpName, { feedDict: new Map([[filenameTensorName, path]]) });
    } catch (e) {
      const why =
        e instanceof GraphError && e.code === 'NotFound'
          ? 'a Variable name or other graph key that is missing'
          : e instanceof GraphError && e.code === 'InvalidArgument'
            ? 'a mismatch between the current graph and the graph'
            : null;
      if (why === null) throw e;
      const { code, message } = e as GraphError;
      throw new GraphError(
        code,
        `Restoring from checkpoint failed. This is most likely due to ${why} from the checkpoint. Please ensure that you have not altered the graph expected based on the checkpoint. Original error:\n\n${message}`,
      );
    }
  }

  /** Writes the graph with its collections and how this saver works on it; answers the same. */
  exportMetaGraph(
    filename: string | null = null,
    options: Omit<ExportOptions, 'saverDef'> & { readonly graph?: Graph | undefined } = {},
  ): MetaGraphDef {
    return exportGraph(filename, options.graph ?? getDefaultGraph(), { ...options, saverDef: this.saverDef });
  }

  asSaverDef(): SaverDef | null {
    return this.saverDef;
  }
  /** As it stands in a MetaGraph, its nodes named from a scope on; null where they lie outside of it. */
  toProto(exportScope?: string): SaverDef | null {
    if (exportScope === undefined || !this.saverDef) return this.saverDef;
    if (!NODES.every((key) => this.saverDef![key].startsWith(exportScope))) return null;
    return renamed(this.saverDef, (node) => stripNameScope(node, exportScope));
  }
  static fromProto(saverDef: SaverDef, importScope?: string): Saver {
    return new Saver(null, { saverDef, name: importScope });
  }

  /** Paths of the checkpoints that are kept, oldest first. */
  get lastCheckpoints(): string[] {
    return this.#last.map(([path]) => path);
  }
  /** Checkpoints to be removed some day, as if this saver had written them. */
  setLastCheckpoints(paths: readonly string[]): void {
    this.#last = paths.map((path) => [path, Number.POSITIVE_INFINITY]);
  }
  setLastCheckpointsWithTime(checkpoints: readonly TimedCheckpoint[]): void {
    this.#last = [...checkpoints];
  }
  /** The same with the times of the files; those that are gone are left out. */
  recoverLastCheckpoints(paths: readonly string[]): void {
    this.#last = paths.flatMap((path) => getCheckpointMtimes([path]).map((time): TimedCheckpoint => [path, time]));
  }
}

function checkSaverDef(def: SaverDef): void {
  const refuse = (words: string, shown: unknown): never => {
    throw new GraphError('Value', `saver_def must ${words}: ${shown}`);
  };
  if (!isMessage(def, SaverDefSchema)) refuse('be a saver_pb2.SaverDef', def);
  const shown = textFormat(SaverDefSchema, def);
  if (def.saveTensorName === '') refuse('specify the save_tensor_name', shown);
  if (def.restoreOpName === '') refuse('specify the restore_op_name', shown);
}
function renamed(def: SaverDef, rename: (node: string) => string): SaverDef {
  const copy = clone(SaverDefSchema, def);
  for (const key of NODES) copy[key] = rename(copy[key]);
  return copy;
}
