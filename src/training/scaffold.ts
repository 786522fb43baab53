/** @file Scaffold: the ops a training session needs besides those of the model. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { Saver } from '../interop/saver';
import { logging } from '../logging';
import { constant } from '../ops/array';
import { group, noOp } from '../ops/control';
import { concat } from '../ops/join';
import { mergeAll } from '../ops/summary';
import {
  globalVariables,
  globalVariablesInitializer,
  localVariablesInitializer,
  reportUninitializedVariables,
} from '../ops/variables';
import type { Feeds } from '../session/feeds';
import type { Session } from '../session/session';
import { Value } from '../value/value';

type Op = Operation | Tensor;
export interface ScaffoldOptions {
  readonly initOp?: Op | null | undefined;
  readonly initFeedDict?: Feeds | null | undefined;
  /** More initializing, after initOp. */
  readonly initFn?: ((scaffold: Scaffold, session: Session) => void | Promise<void>) | null | undefined;
  /** A string vector: what is not initialized yet. */
  readonly readyOp?: Op | null | undefined;
  /** The same for what localInitOp needs. */
  readonly readyForLocalInitOp?: Op | null | undefined;
  readonly localInitOp?: Op | null | undefined;
  /** A scalar string: a Summary. */
  readonly summaryOp?: Tensor | null | undefined;
  readonly saver?: Saver | null | undefined;
  /** Whose pieces are taken where none is given. */
  readonly copyFromScaffold?: Scaffold | null | undefined;
}

/**
 * The pieces of a training session: given, or taken from the graph's collections, or made by finalize().
 * @tensorflow tf.train.Scaffold
 */
export class Scaffold {
  #initOp: Op | null;
  #readyOp: Op | null;
  #readyForLocalInitOp: Op | null;
  #localInitOp: Op | null;
  #summaryOp: Tensor | null;
  #saver: Saver | null;
  readonly #initFn: NonNullable<ScaffoldOptions['initFn']> | null;
  readonly initFeedDict: Feeds | null;

  constructor(options: ScaffoldOptions = {}) {
    const from = options.copyFromScaffold ?? null;
    if (from !== null && !(from instanceof Scaffold)) {
      throw new GraphError('Type', 'copy_from_scaffold is not a Scaffold instance.');
    }
    this.#initOp = options.initOp ?? from?.initOp ?? null;
    this.initFeedDict = options.initFeedDict ?? from?.initFeedDict ?? null;
    this.#initFn = options.initFn ?? (from === null ? null : from.#initFn);
    this.#readyOp = options.readyOp ?? from?.readyOp ?? null;
    this.#readyForLocalInitOp = options.readyForLocalInitOp ?? from?.readyForLocalInitOp ?? null;
    this.#localInitOp = options.localInitOp ?? from?.localInitOp ?? null;
    this.#summaryOp = options.summaryOp ?? from?.summaryOp ?? null;
    this.#saver = options.saver ?? from?.saver ?? null;
  }

  /** Makes the pieces that are missing, and finalizes the graph. */
  finalize(): this {
    const { INIT_OP, READY_OP, READY_FOR_LOCAL_INIT_OP, LOCAL_INIT_OP, SUMMARY_OP } = GraphKeys;
    this.#initOp ??= Scaffold.getOrDefault('init_op', INIT_OP, () =>
      group([globalVariablesInitializer(), createAll(GraphKeys.RESOURCES)]),
    );
    this.#readyOp ??= Scaffold.getOrDefault('ready_op', READY_OP, () =>
      concat([reportUninitializedVariables(), noResources()], 0),
    );
    this.#readyForLocalInitOp ??= Scaffold.getOrDefault('ready_for_local_init_op', READY_FOR_LOCAL_INIT_OP, () =>
      concat([reportUninitializedVariables(globalVariables()), noResources()], 0),
    );
    this.#localInitOp ??= Scaffold.getOrDefault('local_init_op', LOCAL_INIT_OP, Scaffold.defaultLocalInitOp);
    this.#summaryOp ??= Scaffold.getOrDefault('summary_op', SUMMARY_OP, () => mergeAll());
    this.#saver ??= saverOrDefault();
    this.#saver.build();
    getDefaultGraph().finalize();
    logging.info('Graph was finalized.');
    return this;
  }

  get initOp(): Op | null {
    return this.#initOp;
  }
  get readyOp(): Op | null {
    return this.#readyOp;
  }
  get readyForLocalInitOp(): Op | null {
    return this.#readyForLocalInitOp;
  }
  get localInitOp(): Op | null {
    return this.#localInitOp;
  }
  get summaryOp(): Tensor | null {
    return this.#summaryOp;
  }
  get saver(): Saver | null {
    return this.#saver;
  }
  get initFn(): ((session: Session) => void | Promise<void>) | null {
    const initFn = this.#initFn;
    return initFn && ((session) => initFn(this, session));
  }

  /** The only item of a collection, or what `make` answers, which goes there. Raises Runtime for several items. */
  static getOrDefault<T>(argName: string, key: string, make: () => T): T {
    const graph = getDefaultGraph();
    const found = graph.getCollection<T>(key);
    if (found.length > 1) {
      throw new GraphError(
        'Runtime',
        `More than one item in the collection "${key}". Please indicate which one to use by passing it to the tf.Scaffold constructor as:  tf.Scaffold(${argName}=item to use)`,
      );
    }
    if (found.length === 1) return found[0]!;
    const made = make();
    if (made != null) graph.addToCollection(key, made);
    return made;
  }
  /** Initializes local variables and tables. */
  static defaultLocalInitOp(this: void): Operation {
    const tables = getDefaultGraph().getCollection<Operation>(GraphKeys.TABLE_INITIALIZERS);
    const initTables = 'init_all_tables';
    return group([
      localVariablesInitializer(),
      tables.length > 0 ? group(tables, { name: initTables }) : noOp({ name: initTables }),
      createAll(GraphKeys.LOCAL_RESOURCES),
    ]);
  }
}

/** A resource that is no variable: what makes it. */
interface Resource {
  readonly create: Operation;
}
function createAll(key: string): Operation {
  const resources = getDefaultGraph().getCollection<Resource>(key);
  if (resources.length === 0) return noOp({ name: 'init' });
  return group(
    resources.map((r) => r.create),
    { name: 'init' },
  );
}
/** As resources.report_uninitialized_resources where there are none. */
const noResources = (): Tensor => {
  const graph = getDefaultGraph();
  return graph.nameScope('report_uninitialized_resources', () =>
    graph.device('/cpu:0', () => constant(new Value('string', [0], []))),
  );
};

function saverOrDefault(): Saver {
  const graph = getDefaultGraph();
  const savers = graph.getCollection<Saver>(GraphKeys.SAVERS);
  if (savers.length > 1) {
    throw new GraphError(
      'Runtime',
      `More than one item in collection ${GraphKeys.SAVERS}. Please indicate which one to use by passing it to the constructor.`,
    );
  }
  if (savers[0]) return savers[0];
  const saver = new Saver(null, { sharded: true, allowEmpty: true });
  graph.addToCollection(GraphKeys.SAVERS, saver);
  return saver;
}
