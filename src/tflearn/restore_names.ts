/** @file What of a checkpoint goes where when a model is restored. */
import { say } from './terminal';

export interface RestoreOptions {
  /** Only trained variables. */
  readonly trainableVariableOnly?: boolean | undefined;
  /** The name in the file for the name here; null for variables to leave. Or what to replace in names by what. */
  readonly variableNameMap?:
    | ((name: string) => string | null)
    | readonly [pattern: string | RegExp, by: string]
    | null
    | undefined;
  /** Restores the variables of this scope, which have no scope in the file. */
  readonly scopeForRestore?: string | null | undefined;
  /** false keeps the session with its other variables. */
  readonly createNewSession?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

/** What a variable is called in the file; null where it is not there. */
export function renaming(options: RestoreOptions): ((name: string) => string | null) | null {
  const { scopeForRestore: scope, variableNameMap: map, verbose = false } = options;
  const told = (name: string, stored: string): string => {
    if (verbose) say(`${scope == null ? '' : `[${scope}] `}Restoring ${name} <- ${stored}\n`);
    return stored;
  };
  if (scope != null) {
    const prefix = `${scope}/`;
    const stripped = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
    return (name) => (name.startsWith(scope) ? told(name, stripped(name)) : null);
  }
  if (typeof map === 'function' || map == null) return map ?? null;
  const [pattern, by] = map;
  const all = typeof pattern === 'string' ? new RegExp(pattern, 'g') : pattern;
  return (name) => told(name, name.replace(all, by));
}
