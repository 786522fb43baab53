/** @file Saver: variables to checkpoints and back, and which checkpoints are kept. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { identity, placeholderWithDefault, reshape, shapeOf } from '../ops/array';
import { restoreV2, saveV2 } from '../ops/checkpoint';
import { group, withDependencies } from '../ops/control';
import { assignVariableOp } from '../ops/resource';
import { assign } from '../ops/state';
import { ResourceVariable, type Variable } from '../ops/variables';
import type { Session } from '../session/session';
import { isFull } from '../value/shape';
import { Value } from '../value/value';
import { CheckpointReader } from './checkpoint';
import { writeMetaGraph } from './messages';
import { exportScopedMetaGraph } from './meta_graph';
import { type SaverDef, SaverDefSchema } from './proto/tensorflow_pb';

export interface SaverOptions {
  /** Lets a tensor of another shape in, if it has as many cells. */
  readonly reshape?: boolean | undefined;
  /** How many checkpoints stay; null or 0 for all of them. */
  readonly maxToKeep?: number | null | undefined;
  /** One checkpoint in so many hours is never removed. */
  readonly keepCheckpointEveryNHours?: number | undefined;
  readonly name?: string | undefined;
  /** Makes the ops at build(), for variables that come later. */
  readonly deferBuild?: boolean | undefined;
  /** No variables are no error. */
  readonly allowEmpty?: boolean | undefined;
  readonly padStepNumber?: boolean | undefined;
  readonly saveRelativePaths?: boolean | undefined;
  readonly filename?: string | undefined;
}
export interface SaveOptions {
  readonly globalStep?: number | bigint | Variable | Tensor | null | undefined;
  readonly latestFilename?: string | undefined;
  readonly metaGraphSuffix?: string | undefined;
  readonly writeMetaGraph?: boolean | undefined;
  readonly writeState?: boolean | undefined;
}
/** Variables, or what they are called in the checkpoint. */
export type VarList = readonly Variable[] | Readonly<Record<string, Variable>>;

interface Saved {
  readonly name: string;
  readonly variable: Variable;
}

/** The number of the checkpoint format. */
const V2 = 2;

interface Kept {
  readonly path: string;
  readonly time: number;
}

function byName(list: VarList): Saved[] {
  if (!Array.isArray(list)) return Object.entries(list).map(([name, variable]) => ({ name, variable }));
  const names = new Set<string>();
  return (list as readonly Variable[]).map((variable) => {
    const { name } = variable.op;
    if (names.has(name)) throw new GraphError('Value', `At least two variables have the same name: ${name}`);
    names.add(name);
    return { name, variable };
  });
}
function validated(list: VarList): Saved[] {
  const saved = byName(list).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const seen = new Set<Variable>();
  for (const { name, variable } of saved) {
    if (seen.has(variable)) {
      throw new GraphError('Value', `The same saveable will be restored with two names: ${name}`);
    }
    seen.add(variable);
  }
  return saved;
}
/** What is written: the buffer of a ref variable, the first read of a resource variable. */
const source = (v: Variable): TensorLike =>
  v instanceof ResourceVariable ? v.asGraphElement() : convertToTensor(v as TensorLike, { asRef: true });

/** Saves variables and brings them back, as tf.train.Saver. It knows the variables there are when it is made. */
export class Saver {
  saverDef: SaverDef | null = null;
  readonly #options: SaverOptions;
  readonly #list: VarList | null;
  #isEmpty = false;
  #last: Kept[] = [];
  #keepAfter = 0;

  constructor(varList: VarList | null = null, options: SaverOptions = {}) {
    if (options.deferBuild && varList) {
      throw new GraphError(
        'Value',
        'If `var_list` is provided then build cannot be deferred. Either set defer_build=False or var_list=None.',
      );
    }
    this.#list = varList;
    this.#options = options;
    if (!options.deferBuild) this.build();
  }

  /** Makes the ops, where the constructor did not. */
  build(): void {
    if (this.saverDef || this.#isEmpty) return;
    const graph = getDefaultGraph();
    const list = this.#list ?? [
      ...graph.getCollection<Variable>(GraphKeys.GLOBAL_VARIABLES),
      ...graph.getCollection<Variable>(GraphKeys.SAVEABLE_OBJECTS),
    ];
    const saved = validated(list);
    if (saved.length === 0) {
      if (!this.#options.allowEmpty) throw new GraphError('Value', 'No variables to save');
      this.#isEmpty = true;
      return;
    }
    const hours = this.#options.keepCheckpointEveryNHours ?? 10000;
    this.saverDef = this.#make(saved, hours);
    this.#keepAfter = Date.now() + hours * 3600e3;
  }
  #make(saved: readonly Saved[], keepCheckpointEveryNHours: number): SaverDef {
    const { name = 'save', filename = 'model', maxToKeep = 5 } = this.#options;
    return graphOf(saved.map((s) => s.variable)).nameScope(name, () => {
      const given = placeholderWithDefault(filename, [], { name: 'filename' });
      const path = placeholderWithDefault(given, [], { name: 'Const' });
      const names = saved.map((s) => s.name);
      const sources = saved.map((s) => source(s.variable));
      const done = withDependencies([saveV2(path, names, sources)], path);
      const { graph } = path;
      const types = saved.map((s) => s.variable.dtype);
      const found = graph.device('cpu:0', () => restoreV2(path, names, types));
      const assigns = saved.map(({ variable }, i) => this.#restore(variable, found[i]!));
      const restoreAll = group(assigns, { name: 'restore_all' });
      return create(SaverDefSchema, {
        filenameTensorName: path.name,
        saveTensorName: done.name,
        restoreOpName: restoreAll.name,
        maxToKeep: maxToKeep ?? 0,
        keepCheckpointEveryNHours,
        version: V2,
      });
    });
  }
  #restore(v: Variable, found: Tensor): Operation | Tensor {
    let value = found;
    if (this.#options.reshape)
      value = reshape(value, isFull(v.shape) ? Value.from(v.shape, 'int32') : shapeOf(source(v)));
    if (!(v instanceof ResourceVariable)) {
      return assign(v, value, { validateShape: !this.#options.reshape && isFull(v.shape) }) as Tensor;
    }
    return v.graph.device(v.device, () => {
      const own = identity(value);
      own.setShape(v.shape);
      return assignVariableOp(v.handle, own);
    });
  }

  /**
   * Writes a checkpoint and answers its path: `path`, or `path-step` with a step. Old checkpoints beyond maxToKeep are
   * removed. The graph goes to `path.meta`.
   */
  async save(session: Session, path: string, options: SaveOptions = {}): Promise<string | null> {
    const {
      latestFilename = 'checkpoint',
      metaGraphSuffix = 'meta',
      writeMetaGraph = true,
      writeState = true,
    } = options;
    if (!this.saverDef && !this.#isEmpty) {
      throw new GraphError('Runtime', '`build()` should be called before save if defer_build==True');
    }
    if (basename(latestFilename) !== latestFilename) {
      throw new GraphError('Value', "'latest_filename' must not contain path components");
    }
    const file = await this.#fileOf(session, path, options, latestFilename);
    if (this.saverDef) {
      const { saveTensorName, filenameTensorName } = this.saverDef;
      if (!existsSync(dirname(file))) {
        throw new GraphError('Value', `Parent directory of ${path} doesn't exist, can't save.`);
      }
      await session.run(saveTensorName, { feedDict: new Map([[filenameTensorName, file]]) });
      if (writeState) this.#note(file, latestFilename, metaGraphSuffix);
    }
    if (writeMetaGraph) this.exportMetaGraph(`${file}.${metaGraphSuffix}`, session);
    return this.#isEmpty ? null : file;
  }
  async #fileOf(session: Session, path: string, { globalStep }: SaveOptions, latest: string): Promise<string> {
    if (globalStep == null) {
      if (basename(path) !== latest) return path;
      throw new GraphError('Value', `'latest_filename' collides with 'save_path': '${latest}' and '${path}'`);
    }
    const isNumber = typeof globalStep === 'number' || typeof globalStep === 'bigint';
    const step = isNumber ? globalStep : await session.run(globalStep as Tensor);
    return `${path}-${this.#options.padStepNumber ? String(step).padStart(8, '0') : step}`;
  }
  #note(file: string, latest: string, metaGraphSuffix: string): void {
    const { maxToKeep = 5, keepCheckpointEveryNHours = 10000, saveRelativePaths = false } = this.#options;
    let old: Kept | undefined;
    if (maxToKeep) {
      this.#last = [...this.#last.filter((c) => c.path !== file), { path: file, time: Date.now() }];
      if (this.#last.length > maxToKeep) old = this.#last.shift();
    }
    updateCheckpointState(dirname(file), file, { all: this.lastCheckpoints, latest, relativePaths: saveRelativePaths });
    if (!old) return;
    if (old.time > this.#keepAfter) this.#keepAfter += keepCheckpointEveryNHours * 3600e3;
    else removeCheckpoint(old.path, metaGraphSuffix);
  }

  /** Gives the variables the values of a checkpoint; they need no initializer then. */
  async restore(session: Session, path: string): Promise<void> {
    if (this.#isEmpty) return;
    if (path == null) throw new GraphError('Value', "Can't load save_path when it is None.");
    if (!checkpointExists(path))
      throw new GraphError('Value', `The passed save_path is not a valid checkpoint: ${path}`);
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

  /** The graph of the session, with its collections and how this saver works on it. */
  exportMetaGraph(file: string, { graph }: { readonly graph: Session['graph'] }): void {
    const { metaGraph } = exportScopedMetaGraph({ graph });
    if (this.saverDef) metaGraph.saverDef = this.saverDef;
    writeFileSync(file, writeMetaGraph(metaGraph));
  }
  /** Paths of the checkpoints that are kept, oldest first. */
  get lastCheckpoints(): string[] {
    return this.#last.map((c) => c.path);
  }
  setLastCheckpoints(paths: readonly string[]): void {
    this.#last = paths.map((path) => ({ path, time: Number.POSITIVE_INFINITY }));
  }
}

/** Whether there is a checkpoint under that path, as tf.train.checkpoint_exists. */
export const checkpointExists = (path: string): boolean => existsSync(`${path}.index`);

interface StateOptions {
  readonly all: readonly string[];
  readonly latest: string;
  readonly relativePaths: boolean;
}
function updateCheckpointState(dir: string, file: string, { all, latest, relativePaths }: StateOptions): void {
  const shown = (path: string): string => {
    const own = relativePaths || !isAbsolute(path) ? relative(dir, path) : path;
    return JSON.stringify(own);
  };
  const paths = all.includes(file) ? all : [...all, file];
  const lines = [
    `model_checkpoint_path: ${shown(file)}`,
    ...paths.map((p) => `all_model_checkpoint_paths: ${shown(p)}`),
  ];
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, latest), `${lines.join('\n')}\n`);
}
/** The path of the newest checkpoint in a folder, or null; as tf.train.latest_checkpoint. */
export function latestCheckpoint(dir: string, latestFilename = 'checkpoint'): string | null {
  const state = join(dir, latestFilename);
  if (!existsSync(state)) return null;
  const found = /^model_checkpoint_path: (".*")$/m.exec(readFileSync(state, 'utf8'));
  if (!found) return null;
  const path = JSON.parse(found[1]!) as string;
  const whole = isAbsolute(path) ? path : join(dir, path);
  return checkpointExists(whole) ? whole : null;
}
/** Removes the files of a checkpoint, as tf.train.remove_checkpoint. */
export function removeCheckpoint(path: string, metaGraphSuffix = 'meta'): void {
  for (const end of ['index', 'data-00000-of-00001', metaGraphSuffix]) rmSync(`${path}.${end}`, { force: true });
}
/** Opens a checkpoint to look into, or the newest of a folder; as tf.train.load_checkpoint. */
export const loadCheckpoint = (path: string): CheckpointReader => new CheckpointReader(latestCheckpoint(path) ?? path);
