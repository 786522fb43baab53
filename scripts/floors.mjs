/**
 * @file The rules of src: value imports go down only, files stay short and say what they are. Prints what breaks them.
 * `npm run check` and test/house.test.ts run it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** A folder with src in it; this project unless another is named (a test breaks the rules in one of its own). */
const SRC = join(resolve(process.argv[2] ?? ROOT), 'src');

/** Bottom first; names on one line share a floor. Values come from the own floor and those below, types from anywhere. */
const FLOORS = [
  ['errors.ts', 'logging.ts'],
  ['value'],
  ['kernels'],
  ['graph'],
  ['ops'],
  ['gradients.ts', 'hessians.ts'],
  ['session'],
  ['interop', 'data'],
  ['layers'],
  ['optimizers'],
  ['training', 'contrib', 'tflearn'],
  ['doctor'],
  ['cli'],
  ['public', 'index.ts'],
];
/** Made by programs. */
const GENERATED = /(_pb|\/wasm|\/libm_tables)\.ts$/;
const IMPORT = /^(?:import|export)\s(?!type\s)(?:([^;'"]*?)\sfrom\s+)?['"](\.[^'"]*)['"]/gm;
const LAZY = /\b(?:require|import)\(\s*['"](\.[^'"]+)['"]\s*\)/g;
const MOST_LINES = 400;

const floorOf = (file) => {
  const first = relative(SRC, file).split('/')[0];
  return FLOORS.findIndex((names) => names.some((name) => name === first || name === `${first}.ts`));
};
/** `{ type A, type B }` brings no value in. */
const onlyTypes = (what) => {
  const names = /^\{([^}]*)\}$/.exec(what?.trim() ?? '')?.[1];
  return names?.split(',').every((name) => /^\s*(type\s|$)/.test(name));
};

function faultsOf(name) {
  const file = join(SRC, name);
  const text = readFileSync(file, 'utf8');
  const floor = floorOf(file);
  const faults = [];
  if (floor < 0) faults.push('lies on no floor');
  if (/(^|\/)(utils?|helpers?)(\/|\.ts$)/.test(name)) faults.push('has a name that says nothing');
  const imports = [...text.matchAll(IMPORT)].filter((m) => !onlyTypes(m[1])).map((m) => m[2]);
  for (const to of [...imports, ...[...text.matchAll(LAZY)].map((m) => m[1])]) {
    if (floorOf(resolve(dirname(file), to)) > floor) faults.push(`imports upward: ${to}`);
  }
  if (GENERATED.test(`/${name}`)) return faults;
  const lines = text.trimEnd().split('\n').length;
  if (lines > MOST_LINES) faults.push(`has ${lines} lines, more than ${MOST_LINES}`);
  if (!/^\/\*\*\s+(\*\s+)?@file\s/.test(text)) faults.push('does not begin with /** @file');
  return faults;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .sort();
const faults = files.flatMap((name) => faultsOf(name).map((fault) => `src/${name} ${fault}`));
for (const fault of faults) console.log(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
