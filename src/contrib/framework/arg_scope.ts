/** @file arg_scope: what layers take where a call does not say otherwise. */
import { GraphError } from '../../errors';
import { refusePromise } from '../../graph/scopes';

// biome-ignore lint/suspicious/noExplicitAny: any function may take options from a scope
type Callable = (...args: any[]) => unknown;
type Options = Readonly<Record<string, unknown>>;
/** What functions take, by function: given to the body of argScope, to be opened again later. */
export type ArgScope = ReadonlyMap<Callable, Options>;

export interface ArgScopeSignature {
  /** The function's own name by default; `stack` and `repeat` name scopes by it, and errors tell it. */
  readonly name?: string | undefined;
  /** The names of the parameters before the options. Those that a call leaves out are taken from options and scopes. */
  readonly positional?: readonly string[] | undefined;
  /** The names of all that have defaults; others are refused where these are given. */
  readonly options?: readonly string[] | undefined;
}
interface Signature {
  readonly name: string;
  readonly positional: readonly string[];
  readonly options: readonly string[] | undefined;
}

const signatures = new WeakMap<Callable, Signature>();
let current: ArgScope = new Map();

/** A name as Python has it: `keepProb` is keep_prob. */
const pythonName = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** Whether the last argument is an object of options; tensors and variables are no plain objects. */
export const isOptions = (x: unknown): x is Options =>
  typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype;

/** Takes the options object off the end of the arguments; those that are undefined count as left out. */
function takeOptions(args: unknown[], { name, positional }: Signature): Options {
  const last = args.at(-1);
  const plain = isOptions(last);
  const most = positional.length;
  if (args.length > most + 1 || (args.length > most && !plain && last != null)) {
    throw new GraphError('Type', `${name}() takes ${most} positional arguments, and its options as one object`);
  }
  const given = plain || args.length > most ? (args.pop() as Options | null | undefined) : undefined;
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, v]) => v !== undefined));
}

function check({ name, positional, options }: Signature, args: readonly unknown[], given: Options): void {
  const twice = positional.find((p, i) => Object.hasOwn(given, p) && args[i] !== undefined);
  if (twice) {
    throw new GraphError('Type', `${name}() got multiple values for argument '${pythonName(twice)}'`);
  }
  if (!options) return;
  const odd = Object.keys(given).find((key) => !options.includes(key) && !positional.includes(key));
  if (odd) throw new GraphError('Type', `${name}() got an unexpected keyword argument '${pythonName(odd)}'`);
}

/**
 * The function again, now one that argScope can give options to. Its options object must be its last parameter.
 * @tensorflow tf.contrib.framework.add_arg_scope
 */
export const addArgScope = <F extends Callable>(fn: F, about: ArgScopeSignature = {}): F => scoped<F>(fn, about);

/** addArgScope for a function that is written out with all its parameters: callers may leave some out, as F says. */
export function scoped<F extends Callable>(fn: Callable, about: ArgScopeSignature): F {
  const { name = fn.name, positional = new Array<string>(fn.length).fill(''), options } = about;
  const signature: Signature = { name, positional, options };
  const outer = (...args: unknown[]): unknown => {
    const own = takeOptions(args, signature);
    const given: Record<string, unknown> = { ...current.get(outer), ...own };
    check(signature, args, given);
    const all = positional.map((p, i) => {
      if (args[i] !== undefined || !Object.hasOwn(given, p)) return args[i];
      const value = given[p];
      delete given[p];
      return value;
    });
    return fn(...all, given);
  };
  signatures.set(outer, signature);
  return outer as F;
}

/** Whether argScope can give options to it, as arg_scope.has_arg_scope.
 * @tensorflow tf.contrib.framework.has_arg_scope
 */
export const hasArgScope = (fn: Callable): boolean => signatures.has(fn);

/** What a layer is called in scope names. */
export const nameOf = (fn: Callable, otherwise: string): string => (signatures.get(fn) ?? fn).name || otherwise;

/**
 * The names of the options that argScope can give to a function. Raises Value where it has no argScope.
 * @tensorflow tf.contrib.framework.arg_scoped_arguments
 */
export function argScopedArguments(fn: Callable): readonly string[] {
  const { options, positional } = signatureOf(fn);
  return options ?? positional.filter((p) => p !== '');
}
function signatureOf(fn: Callable): Signature {
  const found = signatures.get(fn);
  if (found) return found;
  throw new GraphError('Value', `${fn?.name} is not decorated with @add_arg_scope`);
}

/** The scope that is open.
 * @tensorflow tf.contrib.framework.current_arg_scope
 */
export const currentArgScope = (): ArgScope => current;

type Body<R> = (scope: ArgScope) => R;
/**
 * Runs `body` with `options` for each of the functions, wherever a call does not give its own; scopes nest, and the inner
 * one wins. A scope that a body was given can be opened again, instead of what is open then.
 * @tensorflow tf.contrib.framework.arg_scope
 */
export function argScope<R>(functions: readonly Callable[], options: Options, body: Body<R>): R;
export function argScope<R>(scope: ArgScope, body: Body<R>): R;
export function argScope<R>(
  functionsOrScope: readonly Callable[] | ArgScope,
  options: Options | Body<R>,
  body?: Body<R>,
): R {
  if (functionsOrScope instanceof Map) {
    if (typeof options === 'function') return within(new Map(functionsOrScope), options as Body<R>);
    throw new GraphError('Value', 'When attempting to re-use a scope by suppling adictionary, kwargs must be empty.');
  }
  if (!Array.isArray(functionsOrScope)) {
    throw new GraphError('Type', 'list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)');
  }
  const scope = new Map(current);
  for (const fn of functionsOrScope as readonly Callable[]) {
    signatureOf(fn);
    scope.set(fn, { ...scope.get(fn), ...(options as Options) });
  }
  if (typeof body !== 'function') throw new GraphError('Type', 'arg_scope needs a function to run, after the options');
  return within(scope, body);
}

function within<R>(scope: ArgScope, body: Body<R>): R {
  const before = current;
  current = scope;
  try {
    return refusePromise(body(scope), 'argScope');
  } finally {
    current = before;
  }
}
