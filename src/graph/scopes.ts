/** @file What new ops fall under besides their name: control dependencies, devices, colocation. */
import { GraphError } from '../errors';
import type { Operation, Tensor } from './operation';

/** A scope closes when its callback returns; an async callback would go on outside of it. */
export function refusePromise<R>(result: R, where: string): R {
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new GraphError(
      'Type',
      `The callback of ${where} is async: ops made after its first await would fall outside the scope. Await before, or open the scope again after the await.`,
    );
  }
  return result;
}

interface Controller {
  readonly inputs: readonly Operation[];
  /** Ops made while this controller was open: their consumers already wait, through them. */
  readonly seen: Set<Operation>;
}

/** The open blocks of control_dependencies. */
export class Controllers {
  #open: readonly Controller[] = [];
  /** Called with the inputs of a block in which no op was made. */
  static onEmptyBlock: ((inputs: readonly Operation[]) => void) | undefined;

  /** All declared inputs of the open blocks. */
  get current(): Operation[] {
    return this.#open.flatMap((c) => c.inputs);
  }

  within<R>(inputs: readonly Operation[] | null, body: () => R): R {
    const before = this.#open;
    const current = new Set(this.current);
    const added: Operation[] = [];
    for (const op of inputs ?? []) {
      if (current.has(op)) continue;
      current.add(op);
      added.push(op);
    }
    const mine: Controller = { inputs: added, seen: new Set() };
    this.#open = [...(inputs === null ? [] : before), mine];
    try {
      const result = refusePromise(body(), 'controlDependencies');
      if (inputs && inputs.length > 0 && mine.seen.size === 0) Controllers.onEmptyBlock?.(inputs);
      return result;
    } finally {
      this.#open = before;
    }
  }

  /** What an op with these data inputs waits for besides: nothing of a block that one of its inputs waits for already. */
  inputsFor(inputs: readonly Tensor[]): Operation[] {
    if (this.#open.length === 0) return [];
    const producers = new Set(inputs.map((t) => t.op));
    const found = new Set<Operation>();
    for (const c of this.#open) {
      let dominated = false;
      for (const p of producers) if (c.seen.has(p)) dominated = true;
      if (dominated) continue;
      for (const op of c.inputs) if (!producers.has(op)) found.add(op);
    }
    return [...found];
  }

  saw(op: Operation): void {
    for (const c of this.#open) c.seen.add(op);
  }
}

interface DeviceSpec {
  readonly job?: string | undefined;
  readonly replica?: string | undefined;
  readonly task?: string | undefined;
  readonly type?: string | undefined;
  readonly index?: string | undefined;
}

/** Reads '/job:ps/task:1/device:GPU:0', '/gpu:0', '/cpu:*'. Raises Value "Unknown attribute: ..." */
export function parseDevice(text: string): DeviceSpec {
  const spec: { -readonly [K in keyof DeviceSpec]: DeviceSpec[K] } = {};
  for (const part of text.split('/').filter(Boolean)) {
    const [key, a, b] = part.split(':') as [string, string?, string?];
    const index = (i: string | undefined) => (i === '*' ? undefined : i);
    if (key === 'job' || key === 'replica' || key === 'task') spec[key] = a;
    else if (key === 'device') [spec.type, spec.index] = [a?.toUpperCase(), index(b)];
    else if (/^(cpu|gpu|tpu)$/i.test(key)) [spec.type, spec.index] = [key.toUpperCase(), index(a)];
    else throw new GraphError('Value', `Unknown attribute: '${key}' in '${text}'`);
  }
  return spec;
}
export function deviceName({ job, replica, task, type, index }: DeviceSpec): string {
  return [
    job === undefined ? '' : `/job:${job}`,
    replica === undefined ? '' : `/replica:${replica}`,
    task === undefined ? '' : `/task:${task}`,
    type === undefined ? '' : `/device:${type}:${index ?? '*'}`,
  ].join('');
}
/** Canonical form of a device name: '/gpu:0' -> '/device:GPU:0'. */
export const canonicalDevice = (name: string): string => deviceName(parseDevice(name));

/** A device, or what says where an op lies. */
export type DeviceLike = string | ((op: Operation) => string);
type DeviceScope = DeviceLike | null;

/** The open device scopes and colocation blocks. */
export class Devices {
  #scopes: readonly DeviceScope[] = [];
  #colocation: readonly Operation[] = [];

  /** Whether a device scope is open. */
  get any(): boolean {
    return this.#scopes.length > 0;
  }

  within<R>(name: DeviceScope, body: () => R): R {
    const before = this.#scopes;
    this.#scopes = [...before, name];
    try {
      return refusePromise(body(), 'device');
    } finally {
      this.#scopes = before;
    }
  }

  withColocation<R>(op: Operation | null, ignoreExisting: boolean, body: () => R): R {
    const [scopes, colocation] = [this.#scopes, this.#colocation];
    this.#scopes = [];
    this.#colocation = [...(ignoreExisting ? [] : colocation), ...(op ? [op] : [])];
    try {
      return refusePromise(body(), 'colocateWith');
    } finally {
      this.#scopes = scopes;
      this.#colocation = colocation;
    }
  }

  /** Innermost first; what an op or an inner scope says stays. */
  apply(op: Operation): void {
    for (const scope of [...this.#scopes].reverse()) {
      if (scope === null) break;
      if (typeof scope === 'function') {
        op.device = scope(op); // decides alone: it has seen what the inner scopes said
        continue;
      }
      const outer = parseDevice(scope);
      const own = parseDevice(op.device);
      const [type, index] =
        own.type === undefined
          ? [outer.type, outer.index]
          : [own.type, own.index ?? (own.type === outer.type ? outer.index : undefined)];
      op.device = deviceName({
        job: own.job ?? outer.job,
        replica: own.replica ?? outer.replica,
        task: own.task ?? outer.task,
        type,
        index,
      });
    }
  }

  colocate(op: Operation): void {
    if (this.#colocation.length === 0) return;
    const groups = new Set<string>();
    for (const on of [...this.#colocation].reverse()) {
      for (const g of on.colocationGroups()) groups.add(g);
      if (on.device && op.device === '') op.device = on.device;
    }
    op.setAttr('_class', [...groups].sort());
  }
}
